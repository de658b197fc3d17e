"""The emulated quickstart from nothing: calls of CLASS, accuracy at blind points, and speed.

    mpirun -n 2 python benchmarks/emulator.py -p packages

All MPI processes train and sample; the exact points at the end are shared among them as well.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.model import Model, get_model
from cobaya.run import run
from cobaya.yaml import yaml_load_file

from ede_wbins.analysis import load_run

RUN = Path(__file__).parent.parent / "yamls" / "quickstart_emulated.yaml"
THEORY = "ede_wbins.EmulatedEDEWBins"


def sample(info: dict) -> tuple[Model, float]:
    """Train and sample; the model, and the wall time in seconds."""
    start = time.time()
    _, sampler = run(info)
    return sampler.model, time.time() - start


def blind_points(prefix: Path, names: list[str], n: int) -> np.ndarray:
    """Random draws of the chains, shape (n, d)."""
    samples = load_run(prefix).samples
    rng = np.random.default_rng(1)
    rows = rng.choice(len(samples.weights), n, p=samples.weights / samples.weights.sum())
    columns = [samples.paramNames.numberOfName(name) for name in names]
    return samples.samples[np.ix_(rows, columns)]


def compare(info: dict, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Errors of ln L at the points, what was predicted for them, and seconds for one prediction."""
    model = get_model({name: info[name] for name in ("theory", "params", "likelihood")} | PACKAGES)
    theory = next(iter(model.theory.values()))
    theory.load()
    theory.fit()

    def loglike(x: np.ndarray) -> float:
        return model.logposterior(x, cached=False).loglike

    with theory.always("emulated"):
        first = [loglike(x) for x in points]
        loglike(points[int(np.argmax(first))])
    with theory.always("exact"):
        theory.expand_likelihood()
    predicted, sd = [], []
    with theory.always("emulated"):
        start = time.time()
        for x in points:
            predicted.append(loglike(x))
            sd.append(theory.predicted_sd(theory.last))
        each = (time.time() - start) / len(points)
    mine = range(mpi.rank(), len(points), mpi.size())
    with theory.always("exact"):
        exact = {i: loglike(points[i]) for i in mine}
    everyone = {i: value for part in mpi.allgather(exact) for i, value in part.items()}
    error = np.array(predicted) - np.array([everyone[i] for i in range(len(points))])
    return error, np.array(sd), each


def report(prefix: Path, calls: int, seconds: float, result: tuple) -> None:
    """Print the table."""
    chain = load_run(prefix)
    error, sd, each = result
    weights = np.exp(-(error - error.min()))
    steps = chain.samples.weights.sum()
    lines = {
        "calls of CLASS, from nothing": f"{calls}",
        "chain steps after burn-in": f"{steps:.0f}",
        "R-1 of the means": f"{chain.R_minus_1:.3f}",
        "wall time, training and sampling": f"{seconds:.0f} s",
        "blind points": f"{len(error)}",
        "rms error of ln L": f"{np.sqrt(np.mean(error**2)):.3f}",
        "  about its mean": f"{error.std():.3f}",
        "  predicted": f"{np.sqrt(np.mean(sd**2)):.3f}",
        "rms of error over predicted": f"{np.sqrt(np.mean((error / sd) ** 2)):.2f}",
        "effective sample fraction": f"{weights.sum() ** 2 / np.sum(weights**2) / len(error):.3f}",
        "posterior with derived, emulated": f"{1e3 * each:.1f} ms",
    }
    for name, value in lines.items():
        print(f"{name:36s}{value:>12s}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", required=True)
    parser.add_argument("-o", "--output", default="chains/bench_emulator")
    parser.add_argument("-n", "--points", type=int, default=32)
    parser.add_argument("-s", "--samples", type=int, default=4000, help="accepted steps at most")
    options = parser.parse_args()
    PACKAGES = {"packages_path": options.packages_path}
    settings = yaml_load_file(str(RUN)) | PACKAGES | {"output": options.output}
    training = f"{options.output}.emulator.npz"
    settings["theory"][THEORY]["training"] = training
    settings["sampler"]["mcmc"]["max_samples"] = options.samples
    if mpi.is_main_process():
        for old in Path(training).parent.glob(Path(training).stem + "*.npz"):
            old.unlink()
    mpi.sync_processes()
    model, wall = sample(settings | {"force": True})
    used = sum(mpi.allgather(next(iter(model.theory.values())).counts["by CLASS"]))
    names = list(model.parameterization.sampled_params())
    points = mpi.share_mpi(blind_points(Path(options.output), names, options.points))
    result = compare(settings, points)
    if mpi.rank() == 0:
        report(Path(options.output), used, wall, result)
