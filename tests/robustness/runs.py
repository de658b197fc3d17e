"""A fast run of two processes, and what it has to be at the end whatever happened to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import kstest, norm

HERE = Path(__file__).parent
MPIRUN = Path(sys.executable).with_name("mpirun")
LEARN_EVERY = 60
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
  mcmc: {Rminus1_stop: 0.002, output_every: 1, learn_every: 60, covmat: null}
output: run
"""


def ranks(process: subprocess.Popen) -> list[int]:
    found = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True)
    lines = [line.split(None, 2) for line in found.stdout.splitlines()]
    return [int(p) for p, parent, args in lines if int(parent) == process.pid and "cobaya" in args]


def kill(processes: list[int]) -> None:
    """Kill processes at once, and wait until they hold no lock any more."""
    for number in processes:
        os.kill(number, signal.SIGKILL)
    for number in processes:
        while alive(number):
            time.sleep(0.01)


def alive(number: int) -> bool:
    """Whether a process runs; one that has ended may still wait for its parent to see it."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True)
    return found.stdout.strip()[:1] not in ("", "Z")


def wait_for(folder: Path, n: int, limit_s: float = 60) -> None:
    """Wait until the chains have n more lines than now."""
    before = count(folder)
    deadline = time.monotonic() + limit_s
    while count(folder) < before + n:
        assert time.monotonic() < deadline, f"no {n} more lines in {limit_s:g} s"
        time.sleep(0.02)


def count(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("run.*.txt"))


def chains(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("run.*.txt")}


def whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def finish(
    run: Callable[..., subprocess.Popen],
    process: subprocess.Popen,
    before: dict[str, bytes],
    folder: Path,
    output: Path | None = None,
) -> None:
    """The run ends by itself, with all samples of before, and with the right posterior.

    One sound run in fifty has draws as unlikely as p = 0.01 for one parameter or the other. It goes
    on to three times the length, and is judged by what is new: a fault does not pass.
    """
    output = output or folder
    assert process.wait(120) == 0, (folder / "log").read_text()
    after = chains(output)
    for name, content in before.items():
        assert after[name].startswith(whole_lines(content)), f"{name} lost samples"
    if p_value(after) < 0.01:
        endless = (folder / "run.yaml").read_text().replace("stop: 0.002", "stop: 0")
        (folder / "run.yaml").write_text(endless)
        process = run(resume=True, folder=folder)
        wait_for(output, 2 * count(output), limit_s=300)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert p_value(chains(output)) > 0.01


def p_value(after: dict[str, bytes]) -> float:
    """How likely draws of the known posterior are to differ from it as these: the worse of two."""
    known = {"fEDE": norm(0.25, 0.03), "w1": norm(-1, 0.2)}
    return min(kstest(independent(after, name), known[name].cdf).pvalue for name in known)


def independent(after: dict[str, bytes], parameter: str) -> np.ndarray:
    """Draws of each chain's second half, so far apart that they are nearly independent."""
    draws = []
    for content in after.values():
        names = content.split(b"\n", 1)[0].decode().strip("# ").split()
        table = np.loadtxt(content.decode().splitlines())
        steps = np.repeat(table[:, names.index(parameter)], table[:, 0].astype(int))
        draws.append(steps[len(steps) // 2 :: 40])
    return np.concatenate(draws)
