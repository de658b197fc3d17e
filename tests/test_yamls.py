"""The run files that users start from: each loads, computes, and uses every block there is."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cobaya.input import update_info
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file

ROOT = Path(__file__).parent.parent
YAMLS = ROOT / "yamls"
QUICKSTARTS = sorted(YAMLS.glob("*.yaml"))
# Over any run, as the test of emulated variants does.
EMULATED = [YAMLS / "blocks" / f"emulated_{name}.yaml" for name in ("run", "means")]
GRIDS = sorted(YAMLS.glob("grids/*.yaml"))
GRID_RUNS = sorted([*YAMLS.glob("paper/*/*.yaml"), *YAMLS.glob("2026/*/*.yaml")])
RUNS = [*QUICKSTARTS, *GRID_RUNS]
# One run of each number of bins is evaluated here; `make smoke` evaluates all.
EVALUATED = [
    *QUICKSTARTS,
    *(YAMLS / f"paper/planck_lensing_bao_sn/ede_w{n}.yaml" for n in (3, 5, 10)),
]
EDE = {"fEDE", "log10z_c", "thetai_ede"}
SAMPLER = "ede_wbins.samplers.MixtureMCMC"


@pytest.fixture(autouse=True)
def at_top(monkeypatch):
    """Run files name their covariance matrix relative to the top folder."""
    monkeypatch.chdir(ROOT)


def name_of(path: Path) -> str:
    return path.relative_to(YAMLS).with_suffix("").as_posix()


def blocks_of(path: Path) -> set[str]:
    """Names, relative to the folder of the runs, of all that a run is assembled from."""
    lists = re.findall(r"(?m)^[^#\n]*!defaults \[(.*?)\]", path.read_text())
    names = {name.strip() for line in lists for name in line.split(",")}
    return {os.path.relpath(path.parent / name, YAMLS).replace(os.sep, "/") for name in names}


def test_every_block_is_used_by_a_run():
    blocks = {
        name_of(path) for part in ("blocks", "covmats") for path in YAMLS.glob(f"{part}/*.yaml")
    }
    used = set().union(*(blocks_of(path) for path in [*RUNS, *EMULATED]), map(name_of, EMULATED))
    assert used == blocks


def test_no_run_repeats_another():
    contents = [re.sub(r"(?m)^(output|#).*\n", "", path.read_text()) for path in RUNS]
    assert len(set(contents)) == len(RUNS)


def test_runs_are_those_of_the_grids():
    made = runpy.run_path(str(YAMLS / "make_runs.py"))["runs"]
    expected = {}
    for grid in GRIDS:
        expected |= {YAMLS / path: text for path, text in made(grid.stem).items()}
    assert expected == {path: path.read_text() for path in GRID_RUNS}
    assert len(GRID_RUNS) > 140


@pytest.mark.parametrize("block", EMULATED, ids=lambda path: path.stem)
@pytest.mark.parametrize("model", ["lcdm", "ede", "w5", "ede_w10"])
def test_one_line_makes_the_emulated_variant_of_a_run(model, block, tmp_path):
    run = YAMLS / "2026" / "planck_desi_union3" / model
    (variant := tmp_path / "run.yaml").write_text(f"!defaults [{run}, {block}]")
    found, exact = yaml_load_file(str(variant)), yaml_load_file(f"{run}.yaml")
    (theory,) = update_info(found)["theory"].values()
    assert theory["class"] == "ede_wbins.EmulatedEDEWBins"
    assert theory["tolerance"] > 0
    assert theory["n_bins"] == exact["theory"]["ede_wbins.EDEWBins"].get("n_bins")
    assert (found["params"], found["likelihood"]) == (exact["params"], exact["likelihood"])
    assert found["output"] != exact["output"]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda path: path.stem)
def test_grid_is_what_its_runs_are(grid):
    info = yaml_load_file(str(grid))
    for group in info["groups"].values():
        for data in group["datasets"]:
            for model in group["models"]:
                run = yaml_load_file(str(YAMLS / grid.stem / data / f"{model}.yaml"))
                parts = info["models"][model]
                assert run["likelihood"] == info["datasets"][data]["likelihood"]
                assert run["theory"] == parts["theory"]
                assert run["params"] == info["defaults"]["params"] | parts.get("params", {})
                expected = info["defaults"]["sampler"][SAMPLER] | parts["sampler"][SAMPLER]
                assert run["sampler"] == {SAMPLER: expected}


@pytest.mark.parametrize("path", RUNS, ids=name_of)
def test_model_is_what_the_file_says_and_its_proposal_covers_it(path):
    info = yaml_load_file(str(path))
    # Likelihoods are left out: their parameters are not the model's.
    params = update_info({"theory": info["theory"], "params": info["params"]})["params"]
    sampled = {name for name, given in params.items() if "prior" in given}
    name = path.stem if path in GRID_RUNS else "ede_w3"
    bins = re.search(r"w(\d+)$", name.removesuffix("_mnu"))
    n_bins = int(bins[1]) if bins else 0
    assert {f"w{i}" for i in range(1, 1 + n_bins)} == set(filter(is_bin, sampled))
    assert (sampled >= EDE) == name.startswith("ede")
    assert sampled.isdisjoint(EDE) != name.startswith("ede")
    own = {"wcdm": {"w0_fld"}, "w0wa": {"w0_fld", "wa_fld"}, "ede_w3_mnu": {"m_ncdm"}}
    assert own.get(name, set()) <= sampled
    covmat = info["sampler"][SAMPLER]["covmat"]
    if covmat == "auto":
        covmat = info["theory"]["ede_wbins.EmulatedEDEWBins"]["start"]
    with open(covmat) as file:
        names = set(file.readline().split()[1:])
    assert np.linalg.eigvalsh(np.loadtxt(covmat)).min() > 0
    assert sampled - names <= own.get(name, set())


CUT = {"tt": [30, 650], "te": "all", "ee": "all"}


def test_act_goes_with_the_cut_of_planck():
    for path in GRID_RUNS:
        likelihoods = yaml_load_file(str(path))["likelihood"]
        has_act = "ede_wbins.likelihoods.act_dr4.ACTDR4" in likelihoods
        assert has_act == path.parent.name.startswith("act")
        cut = {"tt": CUT["tt"]} if "tt650" in path.parent.name else CUT
        expected = {"act": {"ranges": cut}, "planck": None, "spt": "not there"}
        planck = likelihoods.get("ede_wbins.likelihoods.planck_lite.PlanckLite", "not there")
        assert planck == expected[path.parent.name.split("_")[0]]


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


@pytest.mark.parametrize("path", EVALUATED, ids=name_of)
def test_posterior_is_finite_where_the_run_starts(classy, path):
    info = yaml_load_file(str(path))
    packages = os.environ.get("COBAYA_PACKAGES_PATH")
    if path in GRID_RUNS and not (packages and Path(packages, "data").is_dir()):
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


@pytest.mark.slow
@pytest.mark.data
def test_runs_are_finite_and_reproducible_in_fresh_processes(classy, tmp_path):
    """EDE + 3 bins on each data set; `make smoke` does the same with all models."""
    data = os.environ.get("COBAYA_PACKAGES_PATH", ROOT.parent / "shared" / "packages")
    if not Path(data, "data").is_dir():
        pytest.skip(f"no public data in {data}: set COBAYA_PACKAGES_PATH to a folder that has it")
    packages = classy.__file__.split("/code/")[0]
    command = [sys.executable, YAMLS / "smoke.py", "-p", packages, "-d", data, "*/*/ede_w3.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"(?m)^\| (\S+/ede_w3) \| (\S*) \| \S* \| (.*) \|$", done.stdout)
    assert len(rows) == len([path for path in GRID_RUNS if path.stem == "ede_w3"])
    assert all(value or words.startswith("no data") for _, value, words in rows)


def test_smoke_goes_on_where_it_stopped(tmp_path):
    record = runpy.run_path(str(YAMLS / "smoke.py"))["Record"]
    kept = record(tmp_path / "record", "class 1")
    kept.add("first", "paper/act/w3.yaml", {"logpost": -1.0, "chi2": 2.0, "note": ""})
    again = record(tmp_path / "record", "class 1")
    assert again.results == kept.results
    # Not with another CLASS.
    assert record(tmp_path / "record", "class 2").results == {"first": {}, "second": {}}


def test_smoke_tells_failures_apart():
    verdict = runpy.run_path(str(YAMLS / "smoke.py"))["verdict"]
    good = {"logpost": -300.0, "chi2": 600.0, "note": ""}
    assert verdict(good, good) == "ok"
    assert verdict(good | {"note": "approximated"}, good) == "approximated"
    assert verdict(good, good | {"logpost": -300.002}).startswith("FAILED")
    assert verdict(good | {"logpost": -np.inf}, good) == "FAILED: not finite"
    assert verdict(good, None) == "FAILED: no result"
    missing = {"missing": "x.dat is not there"}
    assert verdict(missing, missing) == "no data: x.dat is not there"
