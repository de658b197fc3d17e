"""The run files that users start from: each loads, computes, and uses every block there is."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file

ROOT = Path(__file__).parent.parent
YAMLS = ROOT / "yamls"
RUNS = sorted(YAMLS.glob("*.yaml"))
BINS = {
    "quickstart": 3,
    "quickstart_emulated": 3,
    "ede_w3": 3,
    "ede_w3_des": 3,
    "ede_w5": 5,
    "ede_w10": 10,
}


@pytest.fixture(autouse=True)
def at_top(monkeypatch):
    """Run files name their covariance matrix relative to the top folder."""
    monkeypatch.chdir(ROOT)


def test_every_block_is_used_by_a_run():
    blocks = {path.relative_to(YAMLS).with_suffix("").as_posix() for path in YAMLS.glob("*/*.yaml")}
    lists = [re.findall(r"!defaults \[(.*)\]", path.read_text()) for path in RUNS]
    used = {name.strip() for each in lists for line in each for name in line.split(",")}
    assert used == blocks


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_proposal_covers_what_is_sampled(path):
    covmat = yaml_load_file(str(path))["sampler"]["mcmc"]["covmat"]
    with open(covmat) as file:
        names = file.readline().split()[1:]
    matrix = np.loadtxt(covmat)
    assert {f"w{i}" for i in range(1, 1 + BINS[path.stem])} == set(filter(is_bin, names))
    assert {"fEDE", "log10z_c", "thetai_ede", "theta_s_100", "A_planck"} <= set(names)
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_emulated_run_is_the_quickstart_but_for_the_theory():
    exact, emulated = (
        yaml_load_file(str(YAMLS / f"{name}.yaml"))
        for name in ("quickstart", "quickstart_emulated")
    )
    options = exact["theory"]["ede_wbins.EDEWBins"]
    assert options.items() <= emulated["theory"]["ede_wbins.EmulatedEDEWBins"].items()
    assert all(exact[part] == emulated[part] for part in ("params", "likelihood"))


def is_bin(name: str) -> bool:
    return re.fullmatch(r"w\d+", name) is not None


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_posterior_is_finite_where_the_run_starts(classy, path):
    info = yaml_load_file(str(path))
    packages = os.environ.get("COBAYA_PACKAGES_PATH")
    if not path.stem.startswith("quickstart") and not (
        packages and Path(packages, "data").is_dir()
    ):
        pytest.skip("needs public data: COBAYA_PACKAGES_PATH is not set, or has no data")
    ((name, options),) = info["theory"].items()
    options["path"] = str(Path(classy.__file__).parent)
    if name == "ede_wbins.EmulatedEDEWBins":
        options["tolerance"] = 0
    info["packages_path"] = packages
    del info["output"], info["sampler"]
    model = get_model(info)
    sampled = model.parameterization.sampled_params()
    posterior = model.logposterior(
        {name: model.info()["params"][name]["ref"]["loc"] for name in sampled}
    )
    assert np.isfinite(posterior.logpost)
    derived = dict(zip(model.parameterization.derived_params(), posterior.derived, strict=True))
    assert 64 < derived["H0"] < 76
    assert 0.7 < derived["S8"] < 0.95
    assert derived["f_ede_max"] == pytest.approx(1.15 * 0.05, rel=0.02)
    model.close()
