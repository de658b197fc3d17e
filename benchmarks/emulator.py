"""Runs with the emulator: calls of CLASS, speed, and accuracy at points of their own chains.

    mpirun -n 2 python benchmarks/emulator.py -p packages [-o docs/emulator.md] [NAME]

NAME is one of `RUNS`, each EDE + bins on data of its own. It samples until it converges, from
nothing or from the training file of the package, and CLASS then computes random points of its
chains, all MPI processes together. What was stopped goes on. The table has all that were measured.
"""

import argparse
import json
import threading
import time
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.run import run
from cobaya.yaml import yaml_load

from ede_wbins.analysis import load_run
from ede_wbins.emulator import replacing
from ede_wbins.theory.exact_check import ExactCheck, statistics
from ede_wbins.theory.exchange import PACKAGED

YAMLS = Path(__file__).parent.parent / "yamls"
CHAINS = Path("chains/bench_emulator")
PUBLIC = ("data_planck", "data_lensing", "data_desi_dr2", "data_union3")
RUNS = {
    "quickstart": (3, ("data_embedded",)),
    "quickstart_trained": (3, ("data_embedded",)),
    "w3": (3, PUBLIC),
    "w3_trained": (3, PUBLIC),
    "w5": (5, PUBLIC),
    "w10": (10, PUBLIC),
    "w3_sh0es": (3, (*PUBLIC, "prior_sh0es")),
    "w3_cmb": (3, ("data_planck",)),
    "w3_des": (3, (*PUBLIC, "data_des_y1")),
}
"""Bins, and data: the embedded ones, or plik-lite, low l, lensing, DESI DR2 and Union3."""

CLAIMS = (
    ("OLE, 2503.13183", "30 to 350 times faster than without; training starts with 80 points"),
    ("2307.01138", "500 times fewer calls of the Boltzmann code"),
    ("fastcmb", "6 ms an evaluation; CAMB alone"),
)
"""Published, of other models and data; not measured here."""


def settings(name: str, packages_path: str, samples: int | None) -> dict:
    """The run, with no check at its end: that is ours to time."""
    bins, data = RUNS[name]
    likelihood = ", ".join(f"blocks/{block}" for block in data)
    trained = name.endswith("_trained")
    # R-1 of chains of the same length grows with the number of parameters, of which DES has 20.
    means = trained or name.endswith("_des")
    text = f"""
        theory: !defaults [blocks/ede, blocks/bins_{bins}, blocks/emulator]
        params: !defaults [blocks/lcdm]
        likelihood: !defaults [{likelihood}]
        sampler: !defaults [blocks/mcmc, blocks/emulated{", blocks/means" if means else ""}]
    """
    info = yaml_load(text, str(YAMLS / f"{name}.yaml"))
    (theory,) = info["theory"].values()
    theory |= {"check": 0, "start": str(YAMLS / f"covmats/w{bins}.covmat"), "n_max": 500}
    theory["training"] = "auto" if trained else None
    if samples:
        (sampler,) = info["sampler"].values()
        sampler["max_samples"] = samples
    return info | {"packages_path": packages_path, "output": str(CHAINS / name), "resume": True}


class Stopwatch(threading.Thread):
    """Adds up the time of all sessions of a phase in a file, every few seconds."""

    def __init__(self, file: Path, phase: str):
        super().__init__(daemon=True)
        self._file = file.with_name(f"{file.name}.{mpi.rank() + 1}.times.json")
        self._phase, self._done = phase, threading.Event()

    def run(self):
        wall, cpu = time.time(), time.process_time()
        known = json.loads(self._file.read_text()) if self._file.exists() else {}
        before = known.get(self._phase, [0, 0])
        while True:
            stopped = self._done.wait(3)
            spent = [time.time() - wall, time.process_time() - cpu]
            known[self._phase] = np.add(before, spent).tolist()
            with replacing(self._file) as fresh:
                fresh.write_text(json.dumps(known))
            if stopped:
                return

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self._done.set()
        self.join()


def times(name: str) -> dict[str, np.ndarray]:
    """Wall and CPU time in s of each phase: the longest of all processes, and their sum."""
    each = [json.loads(file.read_text()) for file in CHAINS.glob(f"{name}.*.times.json")]
    found = {}
    for phase in each[0]:
        wall, cpu = np.array([one[phase] for one in each if phase in one]).T
        found[phase] = np.array([wall.max(), cpu.sum()])
    return found


def measured(name: str, calls: int, importance: int) -> dict:
    """
    What the files of a run tell that has ended after so many calls of CLASS, and evaluations before
    its chains.
    """
    prefix, spent = CHAINS / name, times(name)
    chain = load_run(prefix)
    chains = prefix.parent.glob(f"{name}.[0-9]*.txt")
    found = {
        "calls": calls,
        "importance": importance,
        "evaluations": importance + sum(np.loadtxt(file, usecols=0).sum() for file in chains),
        "R-1": float(chain.R_minus_1),
        "converged": bool(chain.converged),
        "wall": spent["sampling"][0],
        "cpu": spent["sampling"][1],
    }
    check = prefix.with_name(f"{name}.exact_check.json")
    if check.exists():
        found |= statistics(json.loads(check.read_text())["points"])
        found["exact"] = spent["check"][1] / found["points"]
    return found


def table(found: dict[str, dict], before: str = "") -> str:
    """All that was measured, in Markdown; rows that were not, from the page as it was `before`."""
    lines = [line.removeprefix("| ").removesuffix(" |") for line in before.splitlines()]
    kept = {line.split(" | ")[0]: line for line in lines}
    columns = {
        "run": lambda m: "",
        "calls of CLASS": lambda m: f"{m['calls']}",
        "evaluations": lambda m: f"{m['evaluations']:.0f}",
        "per call": lambda m: f"{m['evaluations'] / max(m['calls'], 1):.0f}",
        "R-1": lambda m: f"{m['R-1']:.3f}" + ("" if m["converged"] else ", goes on"),
        "CPU (wall) time, min": lambda m: f"{m['cpu'] / 60:.0f} ({m['wall'] / 60:.0f})",
        "points checked": lambda m: f"{m['points']}",
        "rms error of ln L": lambda m: f"{m['rms']:.2f}",
        "about its mean": lambda m: f"{m['scatter']:.2f}",
        "over predicted": lambda m: f"{m['ratio']:.2f}",
        "effective fraction": lambda m: f"{m['fraction']:.3f}",
        "shift of a mean, sd": lambda m: f"{m['shift']:.3f}",
        "change of a width": lambda m: f"{100 * m['width']:.1f}%",
        "no emulator, CPU h": lambda m: f"{m['evaluations'] * m['exact'] / 3600:.0f}",
    }
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    for name in RUNS:
        if name not in found:
            lines.append(kept.get(name, f"{name} | not run"))
            continue
        cells = [name]
        for column in list(columns.values())[1:]:
            try:
                cells.append(column(found[name]))
            except KeyError:
                # Its points are not checked yet.
                cells.append("")
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def document(found: dict[str, dict], before: str) -> str:
    """The page, with what the columns are; rows that were not measured stay as `before`."""
    claims = "\n".join(f"| {who} | {what} |" for who, what in CLAIMS)
    return f"""# The emulator, measured

Made by `make bench-emulator` (`RUN=` one of the rows). EDE + bins on the embedded data (quickstart)
or on plik-lite, low-l TT and EE, Planck lensing, DESI DR2 and Union3; w3_sh0es adds H0, w3_des the
nonlinear P(k, z) of DES Y1, w3_cmb has plik-lite and low l alone. `trained` starts from the file
that comes with the package and samples until means agree, as `make run` does; the others start from
nothing and, but for w3_des, sample on for the tails.

{table(found, before)}

Calls and time are those of training and sampling, of all processes; evaluations of the posterior
those of its importance sampling and of the chains. CLASS then computed random
points of the chains: rms error of ln L, with and without its mean, which changes no posterior;
that of the emulator as it ended over what it predicts; effective fraction of the weights that take
the emulated posterior to the exact one; and by how much they move means, and change widths, at
most. Without an emulator: the evaluations that these chains took, times the CPU time of CLASS and
likelihoods at those points, which is an extrapolation.

Published figures of others, of other models and data: claims, not measured here.

| emulator | claim |
| --- | --- |
{claims}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="quickstart", choices=RUNS)
    parser.add_argument("-p", "--packages-path", required=True)
    parser.add_argument("-n", "--points", type=int, default=300, help="of the chains, for CLASS")
    parser.add_argument("-o", "--output", type=Path, help="file of the table")
    parser.add_argument("-s", "--samples", type=int, help="accepted steps of a chain at most")
    options = parser.parse_args()
    prefix, results = CHAINS / options.name, CHAINS / "measured.json"

    def read() -> dict[str, dict]:
        return json.loads(results.read_text()) if results.exists() else {}

    # What an earlier session has left that did not get through the check.
    before = read().get(options.name, {})
    if not prefix.with_name(f"{options.name}.emulator.npz").exists():
        before = {}
        if mpi.is_main_process():
            for old in CHAINS.glob(f"{options.name}.*.times.json"):
                old.unlink()
    mpi.sync_processes()
    with Stopwatch(prefix, "sampling"):
        _, sampler = run(settings(options.name, options.packages_path, options.samples))
    theory = next(iter(sampler.model.theory.values()))
    mpi.sync_processes()
    if "calls" in before:
        calls = before["calls"]
    else:
        theory.sync()
        given = len(np.load(PACKAGED / "w3.npz")["points"]) if theory.training else 0
        calls = len(theory.training_set) - given
    sampled = sampler.importance
    first = before.get("importance", len(sampled.points) if sampled else 0)
    mpi.sync_processes()

    def record() -> None:
        if mpi.is_main_process():
            # Of other rows too, which may be measured at the same time.
            known = read() | {options.name: measured(options.name, calls, first)}
            results.write_text(json.dumps(known, indent=1))
            if options.output:
                page = options.output.read_text() if options.output.exists() else ""
                options.output.write_text(document(known, page))

    record()
    with Stopwatch(prefix, "check"):
        theory.check = options.points
        ExactCheck(theory).run()
    mpi.sync_processes()
    record()
    if mpi.is_main_process():
        print(table(read()))
