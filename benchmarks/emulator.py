"""Runs with the emulator: calls of CLASS, speed, and accuracy at points of their own chains.

    mpirun -n 2 python benchmarks/emulator.py -p packages [yamls/run.yaml]

The run samples until it converges, from nothing unless `--training` names a file of computed
points. CLASS then computes random points of the chains, all MPI processes together.
"""

import argparse
import json
import time
from pathlib import Path

from cobaya import mpi
from cobaya.run import run
from cobaya.yaml import yaml_load_file

from ede_wbins.analysis import load_run
from ede_wbins.theory.exact_check import ExactCheck, statistics

RUN = Path(__file__).parent.parent / "yamls" / "quickstart_emulated.yaml"
THEORY = "ede_wbins.EmulatedEDEWBins"


def settings(options: argparse.Namespace) -> dict:
    """The run, with an output of its own and no check at its end: that is ours to time."""
    info = yaml_load_file(str(options.run))
    info |= {"packages_path": options.packages_path, "output": options.output, "force": True}
    info["theory"][THEORY] |= {"check": 0, "training": options.training}
    if options.samples:
        info["sampler"]["mcmc"]["max_samples"] = options.samples
    return info


def report(output: Path, measured: dict, results: list[dict]) -> None:
    """Print the table."""
    chain, found = load_run(output), statistics(results)
    calls, evaluations = measured["calls"], measured["evaluations"]
    exact = evaluations * measured["per call"] / measured["processes"]
    lines = {
        "calls of CLASS": f"{calls}",
        "posterior evaluations of the chains": f"{evaluations}",
        "evaluations per call of CLASS": f"{evaluations / max(calls, 1):.0f}",
        "accepted steps after burn-in": f"{chain.samples.numrows}",
        "R-1 of the means": f"{chain.R_minus_1:.3f}",
        "wall time, training and sampling": f"{measured['wall']:.0f} s",
        "CPU time of a process in that": f"{measured['cpu']:.0f} s",
        "points of the chains computed by CLASS": f"{found['points']}",
        "rms error of ln L": f"{found['rms']:.3f}",
        "  about its mean": f"{found['scatter']:.3f}",
        "rms of error over predicted": f"{found['ratio']:.2f}",
        "effective fraction of importance weights": f"{found['fraction']:.3f}",
        "largest shift of a mean": f"{found['shift']:.3f} sd",
        "largest change of a width": f"{100 * found['width']:.1f} %",
        "CLASS and likelihoods, CPU time of a point": f"{measured['per call']:.2f} s",
        "the same chains without emulator, extrapolated": f"{exact / 3600:.0f} h",
    }
    for name, value in lines.items():
        print(f"{name:48s}{value:>12s}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", default=RUN, help="a run file with the emulator")
    parser.add_argument("-p", "--packages-path", required=True)
    parser.add_argument("-o", "--output", default="chains/bench_emulator")
    parser.add_argument("-t", "--training", help="file of computed points; none: from nothing")
    parser.add_argument("-n", "--points", type=int, default=300)
    parser.add_argument("-s", "--samples", type=int, help="accepted steps of a chain at most")
    options = parser.parse_args()
    prefix = Path(options.output)
    if mpi.is_main_process():
        for old in prefix.parent.glob(f"{prefix.name}.*"):
            old.unlink()
    mpi.sync_processes()
    start, cpu = time.time(), time.process_time()
    _, sampler = run(settings(options))
    wall, cpu = time.time() - start, time.process_time() - cpu
    theory = next(iter(sampler.model.theory.values()))
    counts = mpi.allgather((theory.counts["by CLASS"], sampler.n_steps_raw))
    theory.check = options.points
    start, before = time.process_time(), theory.counts["by CLASS"]
    ExactCheck(theory).run()
    own = (time.process_time() - start) / max(theory.counts["by CLASS"] - before, 1)
    per_call = mpi.allgather(own)
    if mpi.is_main_process():
        measured = {
            "calls": sum(each for each, _ in counts),
            "evaluations": sum(each for _, each in counts),
            "wall": wall,
            "cpu": cpu,
            "processes": mpi.size(),
            "per call": sum(per_call) / len(per_call),
        }
        file = prefix.with_name(f"{prefix.name}.exact_check.json")
        report(prefix, measured, json.loads(file.read_text())["points"])
