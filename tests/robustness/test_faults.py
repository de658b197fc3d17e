"""Runs that are killed, whole or in part, go on without losing a sample, to the same posterior."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cobaya.yaml import yaml_dump, yaml_load
from scipy.stats import kstest, norm

HERE = Path(__file__).parent
MPIRUN = Path(sys.executable).with_name("mpirun")
# Uncorrelated in fEDE and w1, so that each has a known distribution.
RUN = """
theory:
  quick.Quick: {n_bins: 1, python_path: %s}
likelihood:
  toy: {external: "lambda fEDE, w1: -0.5*((fEDE-0.25)**2/0.03**2 + (w1+1)**2/0.2**2)"}
params:
  omega_b: 0.0224
  omega_cdm: 0.12
  H0: 67.5
  log10z_c: 3.5
  thetai_ede: 2.8
sampler:
  mcmc: {Rminus1_stop: 0.002, output_every: 1, learn_every: 30d, covmat: null}
output: run
"""


@pytest.fixture
def run(classy, tmp_path):
    """Start the run in a folder of its own: run(processes, resume) gives the process."""
    if not MPIRUN.exists():
        pytest.skip("mpirun is not in the environment (the extra `mpi`)")
    (tmp_path / "run.yaml").write_text(RUN % HERE)
    packages = classy.__file__.split("/code/")[0]
    environment = {**os.environ, "COBAYA_PACKAGES_PATH": packages, "OMP_NUM_THREADS": "1"}
    launch = [MPIRUN, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]
    started = []

    def run(processes=2, resume=False, allow=()) -> subprocess.Popen:
        cobaya = [sys.executable, "-m", "cobaya", "run", "run.yaml", *(["-r"] if resume else [])]
        cobaya += allow
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [*map(str, launch), "-n", str(processes), *cobaya],
                **{"cwd": tmp_path, "env": environment, "stdout": log, "stderr": log},
                start_new_session=True,
            )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def ranks(process: subprocess.Popen) -> list[int]:
    found = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True)
    lines = [line.split(None, 2) for line in found.stdout.splitlines()]
    return [int(p) for p, parent, args in lines if int(parent) == process.pid and "cobaya" in args]


def wait_for(folder: Path, n: int) -> None:
    """Wait until the chains have n more lines than now."""
    before = count(folder)
    deadline = time.monotonic() + 60
    while count(folder) < before + n:
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.02)


def count(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("run.*.txt"))


def chains(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("run.*.txt")}


def whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def finish(folder: Path, process: subprocess.Popen, before: dict[str, bytes]) -> None:
    """The run ends by itself, with all samples of before, and with the right posterior."""
    assert process.wait(120) == 0, (folder / "log").read_text()
    after = chains(folder)
    for name, content in before.items():
        assert after[name].startswith(whole_lines(content)), f"{name} lost samples"
    for parameter, mean, sd in (("fEDE", 0.25, 0.03), ("w1", -1, 0.2)):
        assert kstest(independent(after, parameter), norm(mean, sd).cdf).pvalue > 0.01


def independent(after: dict[str, bytes], parameter: str) -> np.ndarray:
    """Draws of each chain's second half, so far apart that they are nearly independent."""
    draws = []
    for content in after.values():
        names = content.split(b"\n", 1)[0].decode().strip("# ").split()
        table = np.loadtxt(content.decode().splitlines())
        steps = np.repeat(table[:, names.index(parameter)], table[:, 0].astype(int))
        draws.append(steps[len(steps) // 2 :: 40])
    return np.concatenate(draws)


def test_one_process_killed(run, tmp_path):
    process = run()
    wait_for(tmp_path, 100)
    os.kill(ranks(process)[0], signal.SIGKILL)
    # The others do not go on alone, nor hang.
    assert process.wait(60) != 0
    before = chains(tmp_path)
    finish(tmp_path, run(resume=True), before)


@pytest.mark.slow
def test_all_killed_many_times(run, tmp_path):
    """At moments that fall on any part of a run, in the writing of a checkpoint among them."""
    process = run()
    before = {}
    for n in (3, 40, 150):
        wait_for(tmp_path, n)
        os.killpg(process.pid, signal.SIGKILL)
        for rank in ranks(process):
            os.kill(rank, signal.SIGKILL)
        process.wait(60)
        for name, content in chains(tmp_path).items():
            assert content.startswith(whole_lines(before.get(name, b"")))
            before[name] = content
        process = run(resume=True)
    finish(tmp_path, process, before)


@pytest.mark.slow
def test_stopped_by_a_scheduler(run, tmp_path):
    process = run()
    wait_for(tmp_path, 60)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) != 0
    before = chains(tmp_path)
    finish(tmp_path, run(resume=True), before)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 3])
def test_resumed_with_other_number_of_processes(run, tmp_path, processes):
    process = run()
    wait_for(tmp_path, 100)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    before = chains(tmp_path)
    finish(tmp_path, run(processes, resume=True), before)
    assert f"Resuming with {processes} process(es), before 2" in (tmp_path / "log").read_text()


@pytest.fixture
def stopped(run, tmp_path):
    process = run()
    wait_for(tmp_path, 150)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return chains(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0, 20])
@pytest.mark.parametrize("name", ["run.checkpoint", "run.covmat"])
def test_file_written_by_half(run, tmp_path, stopped, name, kept):
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:kept])
    finish(tmp_path, run(resume=True), stopped)
    assert f"{name}: was not written to its end" in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("rest", [b"  1.0   0.25", b"\0" * 100])
def test_chain_with_half_a_line(run, tmp_path, stopped, rest):
    path = tmp_path / "run.1.txt"
    path.write_bytes(whole_lines(path.read_bytes()) + rest)
    finish(tmp_path, run(resume=True), stopped)
    assert "cut off a last line" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_full_disk(run, tmp_path, stopped):
    """The chain hits the end of a small file system, is given room, and goes on."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if not shutil.which("mount") or subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        for path in tmp_path.glob("run.*"):
            shutil.copy(path, small)
        (small / "ballast").write_bytes(b"0" * 100_000)
        (tmp_path / "run.yaml").write_text((RUN % HERE).replace("output: run", "output: small/run"))
        assert run(resume=True).wait(120) != 0
        log = (tmp_path / "log").read_text()
        assert "No space left on device" in log
        full = chains(small)
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        process = run(resume=True)
        assert process.wait(120) == 0, (tmp_path / "log").read_text()
        for name, content in chains(small).items():
            assert content.startswith(whole_lines(full[name]))
            assert content.startswith(whole_lines(stopped[name]))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_two_runs_on_one_output(run, tmp_path):
    (tmp_path / "run.yaml").write_text((RUN % HERE).replace("0.002", "0.00001"))
    first = run()
    wait_for(tmp_path, 20)
    (tmp_path / "log").rename(tmp_path / "first.log")
    assert run(resume=True).wait(60) != 0
    assert "is locked" in (tmp_path / "log").read_text()
    wait_for(tmp_path, 20)
    assert first.poll() is None


@pytest.mark.slow
def test_newer_patch_is_refused_unless_allowed(run, tmp_path, stopped):
    updated = tmp_path / "run.updated.yaml"
    info = yaml_load(updated.read_text())
    version = info["theory"]["quick.Quick"]["version"]
    info["theory"]["quick.Quick"]["version"] = re.sub("[0-9a-f]{12}$", "0" * 12, version)
    updated.write_text(yaml_dump(info))
    assert run(resume=True).wait(60) != 0
    log = (tmp_path / "log").read_text()
    assert f"this is CLASS {version}: their numbers may differ" in log
    assert "Traceback" not in log
    assert chains(tmp_path) == stopped
    finish(tmp_path, run(resume=True, allow=("--allow-changes",)), stopped)
