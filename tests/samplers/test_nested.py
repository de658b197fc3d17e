"""Nested samplers through Cobaya: evidence and posterior with known answers."""

import builtins
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cobaya.component import ComponentNotInstalledError
from cobaya.run import run
from cobaya.yaml import yaml_dump
from scipy.stats import norm

NAUTILUS = "ede_wbins.samplers.Nautilus"
# Few networks and samples: the posterior is a Gaussian.
OPTIONS = {NAUTILUS: {"n_live": 200, "n_eff": 1000, "n_networks": 0}, "polychord": {"nlive": "50d"}}
TOY = {
    "likelihood": {"toy": {"external": "lambda x, y: -0.5 * ((x - 0.2)**2 + (y - x)**2) / 0.1**2"}},
    "params": {
        "x": {"prior": [-1, 1]},
        "y": {"prior": {"dist": "norm", "loc": 0.5, "scale": 0.2}},
        "sum": {"derived": "lambda x, y: x + y"},
    },
    "prior": {"pull": "lambda x: -0.5 * ((x - 0.4) / 0.2)**2"},
}
PRECISION = np.array([[200 + 25, -100], [-100, 100 + 25]])
MEAN = np.linalg.solve(PRECISION, [20 + 0.4 * 25, 0.5 * 25])


def log_evidence() -> float:
    """On a grid: the prior of x is 1/2, that of y is normalised, the pull is not."""
    x, y = np.meshgrid(np.linspace(-1, 1, 800), np.linspace(-1, 2, 800), indexing="ij")
    log = -0.5 * (((x - 0.2) ** 2 + (y - x) ** 2) / 0.01 + ((x - 0.4) / 0.2) ** 2)
    cell = (2 / 799) * (3 / 799)
    return float(np.log(np.sum(np.exp(log) * norm(0.5, 0.2).pdf(y) / 2) * cell))


def check(samples, log_z):
    data = samples.data
    weights = data["weight"].to_numpy()
    assert np.average(data["x"], weights=weights) == pytest.approx(MEAN[0], abs=0.01)
    assert np.average(data["y"], weights=weights) == pytest.approx(MEAN[1], abs=0.02)
    covariance = np.cov(data[["x", "y"]].to_numpy().T, aweights=weights)
    np.testing.assert_allclose(covariance, np.linalg.inv(PRECISION), rtol=0.15)
    np.testing.assert_allclose(data["sum"], data["x"] + data["y"], rtol=1e-10)
    assert log_z == pytest.approx(log_evidence(), abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", OPTIONS)
def test_posterior_and_evidence(sampler, tmp_path):
    info = {**TOY, "sampler": {sampler: {**OPTIONS[sampler], "seed": 1}}}
    info["output"] = str(tmp_path / "run")
    try:
        _, found = run(info)
    except ComponentNotInstalledError as error:
        pytest.skip(str(error).splitlines()[0])
    first = found.products()
    check(first["sample"], first["logZ"])
    names = (tmp_path / "run.1.txt").read_text().splitlines()[0].split()
    assert names[1:5] == ["weight", "minuslogpost", "x", "y"]
    # With nothing left to do, the same.
    second = run(info, resume=True)[1].products()
    assert second["logZ"] == first["logZ"]
    assert len(second["sample"]) == len(first["sample"])


@pytest.mark.slow
def test_two_processes(tmp_path):
    pytest.importorskip("nautilus", reason="needs nautilus: pip install 'ede-wbins[nautilus]'")
    mpirun = Path(sys.executable).with_name("mpirun")
    if not mpirun.exists():
        pytest.skip("mpirun is not in the environment (the extra `mpi`)")
    info = {**TOY, "sampler": {NAUTILUS: OPTIONS[NAUTILUS]}, "output": "run"}
    (tmp_path / "run.yaml").write_text(yaml_dump(info))
    launch = [mpirun, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"]
    done = subprocess.run(
        [*launch, sys.executable, "-m", "cobaya", "run", "run.yaml"],
        **{"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 300},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = np.loadtxt(tmp_path / "run.1.txt")
    assert np.average(table[:, 2], weights=table[:, 0]) == pytest.approx(MEAN[0], abs=0.01)


def test_without_nautilus_it_is_asked_for(monkeypatch):
    found = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "nautilus":
            raise ImportError("No module named 'nautilus'")
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ComponentNotInstalledError, match=r"pip install 'ede-wbins\[nautilus\]'"):
        run({**TOY, "sampler": {NAUTILUS: None}})
