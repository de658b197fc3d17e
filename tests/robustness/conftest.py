"""Runs as a person starts them, with the real CLASS and likelihoods that need no perturbations."""

import copy
import os
import signal
import subprocess
import sys

import pytest
from cobaya.run import run as cobaya_run
from cobaya.yaml import yaml_load
from runs import HERE, MPIRUN, RUN, chains, wait_for

THEORY = "ede_wbins.EDEWBins"
POINT = yaml_load(
    """
    theory:
      ede_wbins.EDEWBins: {n_bins: 3}
    likelihood:
      ede_wbins.likelihoods.bao_compressed.BAOCompressed:
    params:
      omega_b: 0.0224
      omega_cdm: {prior: {min: 0.1, max: 0.14}, ref: 0.12, proposal: 0.001}
      H0: 67.5
      sigma8: {derived: false}
      S8: {derived: false}
    sampler: {evaluate: {N: 1}}
    """
)


@pytest.fixture
def start(classy):
    """Start a run after some changes: start(section={...}); a section's entries are merged."""
    packages = classy.__file__.split("/code/")[0]

    def start(options=None, params=None, **sections):
        info = copy.deepcopy(POINT)
        info["theory"][THEORY].update(options or {})
        info["params"].update(params or {})
        for name in [name for name, value in info["params"].items() if value == "absent"]:
            del info["params"][name]
        return cobaya_run({**info, **sections}, packages_path=packages)

    return start


@pytest.fixture
def run(classy, tmp_path):
    """Start the run, in a folder of its own: run(processes, resume) gives the process."""
    if not MPIRUN.exists():
        pytest.skip("mpirun is not in the environment (the extra `mpi`)")
    (tmp_path / "run.yaml").write_text(RUN % HERE)
    packages = classy.__file__.split("/code/")[0]
    environment = {**os.environ, "COBAYA_PACKAGES_PATH": packages, "OMP_NUM_THREADS": "1"}
    launch = [MPIRUN, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]
    started = []

    def run(processes=2, resume=False, allow=(), folder=tmp_path, **variables) -> subprocess.Popen:
        cobaya = [sys.executable, "-m", "cobaya", "run", "run.yaml", *(["-r"] if resume else [])]
        cobaya += allow
        with (folder / "log").open("a") as log:
            process = subprocess.Popen(
                [*map(str, launch), "-n", str(processes), *cobaya],
                **{"cwd": folder, "env": environment | variables, "stdout": log, "stderr": log},
                start_new_session=True,
            )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def stopped(run, tmp_path):
    process = run()
    wait_for(tmp_path, 150)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return chains(tmp_path)
