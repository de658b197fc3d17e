"""The job template for SLURM under SLURM itself: controller, node and authentication on loopback.

On Debian: apt-get install slurm-wlm munge libpmix-dev.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cobaya.grid_tools.jobqueue import submitJob
from cobaya.yaml import yaml_load_file

ROOT = Path(__file__).parent.parent
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
CONFIGURATION = """
ClusterName=miniature
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=pmix
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000
PartitionName=main Nodes={host} Default=YES State=UP
"""
RUN = """
theory:
  quick.Quick: {n_bins: 1, python_path: %s}
likelihood:
  toy: {external: "lambda fEDE, w1: -0.5*((fEDE-0.25)**2/0.03**2 + (w1+1)**2/0.2**2)"}
params: {omega_b: 0.0224, omega_cdm: 0.12, H0: 67.5, log10z_c: 3.5, thetai_ede: 2.8}
sampler:
  mcmc: {Rminus1_stop: %s, output_every: 1, learn_every: 30d, covmat: null}
output: run
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, PROGRAMS)), reason=f"needs SLURM: {', '.join(PROGRAMS)}"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="SLURM's daemons run as root"),
]


@pytest.fixture
def slurm(classy, tmp_path, monkeypatch):
    """SLURM with one node of two cores, and an environment in which its commands find it."""
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in (one, two)]
    for name in ("state", "spool"):
        (tmp_path / name).mkdir()
    key = tmp_path / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    configuration = tmp_path / "slurm.conf"
    host = socket.gethostname()
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, ports=ports, host=host))
    monkeypatch.setenv("SLURM_CONF", str(configuration))
    monkeypatch.setenv("COBAYA_PACKAGES_PATH", classy.__file__.split("/code/")[0])
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munged += [
        f"--{option}={tmp_path}/munge.{ending}"
        for option, ending in (
            ("socket", "socket"),
            ("pid-file", "pid"),
            ("log-file", "log"),
            ("seed-file", "seed"),
        )
    ]
    daemons = []
    with (tmp_path / "daemons.log").open("w") as log:
        for command in (munged, ["slurmctld", "-D"], ["slurmd", "-D", "-N", host]):
            daemons.append(subprocess.Popen(command, stdout=log, stderr=log))
            time.sleep(1)
    wait_until(lambda: "idle" in output("sinfo"), 30, tmp_path / "daemons.log")
    yield tmp_path
    output("scancel", "--user=root")
    for daemon in reversed(daemons):
        daemon.terminate()
        daemon.wait(30)


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def wait_until(is_so, seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, log.read_text() if log.exists() else log
        time.sleep(0.2)


def submit(folder: Path, stop: float) -> tuple[str, Path]:
    """Submit the run with Cobaya's tools; its id and its log."""
    (folder / "run.yaml").write_text(RUN % (ROOT / "tests" / "robustness", stop))
    submitJob(
        "run",
        "run.yaml",
        job_template=str(ROOT / "yamls" / "jobs" / "slurm"),
        chains_per_node=2,
        cores_per_node=2,
        mem_per_node=1000,
        walltime="00:30:00",
        batchPath=str(folder),
    )
    (job,) = re.findall(r"JobId=(\d+)", output("scontrol", "show", "job"))[-1:]
    return job, folder / "scripts" / f"run.{job}.log"


def state(job: str) -> str:
    return re.search(r"JobState=(\w+)", output("scontrol", "show", "job", job))[1]


def chains(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("run.*.txt")}


def test_job_runs_to_its_end_and_goes_on_after_a_requeue(slurm):
    job, log = submit(slurm, stop=0.002)
    wait_until(lambda: sum(text.count(b"\n") for text in chains(slurm).values()) > 200, 120, log)
    # What SLURM does when a node fails.
    output("scontrol", "requeue", job)
    wait_until(lambda: state(job) == "PENDING", 60, log)
    stopped = chains(slurm)
    # SLURM holds a job back for two minutes after this.
    wait_until(lambda: state(job) == "COMPLETED", 400, log)
    ended = chains(slurm)
    assert set(ended) == {"run.1.txt", "run.2.txt"}
    for name, content in stopped.items():
        assert ended[name].startswith(content[: content.rfind(b"\n") + 1]), f"{name} lost samples"
    checkpoint = yaml_load_file("run.checkpoint")["sampler"]["mcmc"]
    assert checkpoint["converged"] and checkpoint["mpi_size"] == 2
    for content in ended.values():
        table = np.loadtxt(content.decode().splitlines())
        rest = table[len(table) // 3 :]
        assert np.average(rest[:, 2], weights=rest[:, 0]) == pytest.approx(0.25, abs=0.01)
    # A thread for each of the cores of a process, as the job asks.
    assert "CLASS uses 1 thread(s): OMP_NUM_THREADS is set" in log.read_text()


def test_job_that_fails_says_so(slurm):
    job, log = submit(slurm, stop="nonsense")
    wait_until(lambda: state(job) == "FAILED", 120, log)
    assert "Rminus1_stop" in log.read_text()
