"""Runs written by `ede-wbins yaml`: complete, loadable, and refused where they make no sense."""

import re
from pathlib import Path

import pytest
from cobaya.input import update_info
from cobaya.yaml import yaml_load

from ede_wbins.cli import main
from ede_wbins.run_file import DATA, EXCLUSIVE, run_file

BLOCKS = Path(__file__).parent.parent / "yamls" / "blocks"


def test_run_of_bins_and_early_dark_energy_is_complete():
    data = ["planck_lite", "act_dr4", "desi_dr2", "union3"]
    text = run_file(data, n_bins=5, ede="fluid")
    info = yaml_load(text)
    assert info["theory"] == {"ede_wbins.EDEWBins": {"n_bins": 5, "ede": "fluid"}}
    # ACT brings the cut of Planck's TT.
    planck = info["likelihood"]["ede_wbins.likelihoods.planck_lite.PlanckLite"]
    assert planck["ranges"]["tt"] == [30, 650]
    assert {
        "ede_wbins.likelihoods.act_dr4.ACTDR4",
        "bao.desi_dr2.desi_bao_all",
        "sn.union3",
    } <= set(info["likelihood"])
    assert info["output"] == "chains/ede_w5_planck_lite_act_dr4_desi_dr2_union3"
    # Cobaya takes it, and adds the parameters of theory and data.
    params = update_info(info)["params"]
    assert {f"w{i}" for i in range(1, 6)} | {"fEDE", "A_planck", "yp2"} <= set(params)
    assert all(len(line) <= 105 for line in text.splitlines())


def test_planck_without_its_polarization_stays_so_beside_act():
    likelihood = yaml_load(run_file(["planck_lite_tt650", "act_dr4"]))["likelihood"]
    planck = likelihood["ede_wbins.likelihoods.planck_lite.PlanckLite"]
    assert planck["ranges"] == {"tt": [30, 650]}


def test_run_of_lcdm_with_masses():
    info = yaml_load(run_file(["planck_lite"], masses=True))
    assert info["theory"] == {"ede_wbins.EDEWBins": {"ede": "none"}}
    assert "m_ncdm" in info["params"]
    assert info["output"] == "chains/mnu_planck_lite"


def test_every_data_set_loads_and_every_data_block_has_a_name():
    assert set(DATA.values()) == {
        path.stem for path in BLOCKS.glob("*.yaml") if re.match("data_|prior_", path.stem)
    }
    for name in DATA:
        names = ["pantheonplus", name] if name == "sh0es_mb" else [name]
        assert yaml_load(run_file(names))["likelihood"]
    both = yaml_load(run_file(["pantheonplus", "sh0es_mb"]))["likelihood"]
    assert both["sn.pantheonplus"] == {"use_abs_mag": True}
    assert {name for group in EXCLUSIVE for name in group} <= set(DATA)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--data", "planck_light"], r"data = 'planck_light': known are .*\(did you mean planck_"),
        (["--data", ","], "no data: give some of embedded"),
        (["--data", "desi_dr2,bao_sdss"], "bao_sdss and desi_dr2 share measurements"),
        (["--data", "union3,desy5"], "union3 and desy5 share measurements"),
        (["--data", "sh0es_mb"], "sh0es_mb is the magnitude of pantheonplus"),
        (["--data", "planck_lite,spt3g_2018"], "both bring Planck's low-l EE"),
        (["--data", "embedded", "--bins", "0"], "n_bins = 0"),
    ],
)
def test_wrong_names_are_one_line(arguments, line, capsys):
    assert main(["yaml", *arguments]) == 1
    (printed,) = capsys.readouterr().err.splitlines()
    assert re.search(line, printed)


def test_a_file_is_written_but_never_over_another(tmp_path, capsys):
    path = tmp_path / "run.yaml"
    arguments = ["yaml", "--data", "embedded", "--ede", "scalar", "-o", str(path)]
    assert main(arguments) == 0
    assert yaml_load(path.read_text())["theory"]["ede_wbins.EDEWBins"]["ede"] == "scalar"
    assert main(arguments) == 1
    assert "File exists" in capsys.readouterr().err
