"""Whether a posterior that was sampled with the emulator is that of CLASS."""

import json
from pathlib import Path

import numpy as np
from cobaya import mpi

from ede_wbins.convergence import BURN_IN
from ede_wbins.emulator import locked, replacing


class ExactCheck:
    """
    Has CLASS compute random draws of a run's chains, each process of its own, until it is enough.

    Those that an earlier session computed count.

    Parameters
    ----------
    theory : EmulatedEDEWBins
        At the end of its run.
    """

    def __init__(self, theory):
        self._theory = theory
        self._model = theory.provider.model
        output = theory.output
        self._chain = output and Path(output.add_suffix(f"{mpi.rank() + 1}.txt", separator="."))
        self._file = theory.exchange.check

    def run(self) -> None:
        """
        Compute, log the verdict, and write it beside the chains.

        A run that was stopped during its check goes on with it, though it samples no more.
        """
        if not (self._chain and self._chain.exists()):
            return
        theory, known = self._theory, len(self.results())
        theory.mpi_info("Check: CLASS computes points of the chains, %d in all", theory.check)
        draws = self._draws(theory.check, known) if known < theory.check else []
        if draws and not theory.trained:
            self._model.logposterior(draws[0][0])
        for x, chi2 in draws:
            if len(self.results()) >= theory.check:
                break
            with theory.always("emulated"):
                now = self._model.logposterior(x, return_derived=False, cached=False).loglike
                sd = theory.predicted_sd(theory.last)
            with theory.always("exact"):
                exact = self._model.logposterior(x, return_derived=False, cached=False).loglike
            found = {"x": x.tolist(), "error": None, "sd": sd}
            if np.isfinite(exact):
                found |= {"error": -0.5 * chi2 - exact, "now": now - exact}
            self._add(found)
        if results := self.results():
            theory.log.info("Check: %s", verdict(results))

    def results(self) -> list[dict]:
        """What is known of the points computed so far, by all processes."""
        return json.loads(self._file.read_text())["points"] if self._file.exists() else []

    def _add(self, result: dict) -> None:
        with locked(self._file):
            results = [*self.results(), result]
            with replacing(self._file) as fresh:
                fresh.write_text(json.dumps({"verdict": verdict(results), "points": results}))

    def _draws(self, n: int, known: int) -> list[tuple[np.ndarray, float]]:
        """Random draws of this process's chain, with their emulated chi2."""
        with open(self._chain) as file:
            names = file.readline().strip("# \n").split()
        rows = np.loadtxt(self._chain, ndmin=2)
        rows = rows[int(BURN_IN * len(rows)) :]
        if not len(rows):
            return []
        columns = [names.index(name) for name in self._model.parameterization.sampled_params()]
        rng = np.random.default_rng([mpi.rank(), known])
        chosen = rng.choice(len(rows), n, p=rows[:, 0] / rows[:, 0].sum())
        return [(rows[i, columns], rows[i, names.index("chi2")]) for i in chosen]


def statistics(results: list[dict]) -> dict[str, float]:
    """
    What the errors of ln L at random points of a chain say about it.

    Parameters
    ----------
    results : list of dict
        With "x", the point, "error" of its ln L in the chain, None where CLASS finds no universe,
        "now", that of the emulator as it has become, and "sd", what that predicts.

    Returns
    -------
    dict
        "points", and how many of them CLASS has "rejected", which must not be all; "rms" of the
        errors, and "scatter" about their mean, which alone matters; rms "ratio" of those of now to
        those predicted; "fraction" of independent points left when importance weights take the
        emulated posterior to the exact one; largest "shift" of a mean, in standard deviations, and
        relative change of a "width".
    """
    sd, x = (np.array([each[name] for each in results]) for name in ("sd", "x"))
    # Where CLASS finds no universe the exact posterior is 0.
    error = np.array([np.inf if each["error"] is None else each["error"] for each in results])
    good = np.isfinite(error)
    now = np.array([each["now"] for each in results if each["error"] is not None])
    weights = np.exp(error[good].min() - error)
    weights /= weights.sum()
    width = np.maximum(x.std(axis=0), 1e-300)
    mean = weights @ x
    new_width = np.sqrt(weights @ (x - mean) ** 2)
    return {
        "points": len(error),
        "rejected": int(np.sum(~good)),
        "rms": float(np.sqrt(np.mean(error[good] ** 2))),
        "scatter": float(error[good].std()),
        "ratio": float(np.sqrt(np.mean((now / sd[good]) ** 2))),
        "fraction": float(1 / np.sum(weights**2) / len(error)),
        "shift": float(np.max(np.abs(mean - x.mean(axis=0)) / width)),
        "width": float(np.max(np.abs(new_width / width - 1))),
    }


def verdict(results: list[dict]) -> str:
    """The same in one line."""
    if all(each["error"] is None for each in results):
        return f"{len(results)} points of the chain: CLASS has rejected all"
    found = statistics(results)
    rejected = f" ({found['rejected']} rejected by CLASS)" if found["rejected"] else ""
    return (
        "{points} points of the chain{}: rms error of ln L {rms:.2f} ({scatter:.2f} about its "
        "mean), error over predicted {ratio:.2f}, effective fraction of importance weights "
        "{fraction:.3f}, largest shift of a mean {shift:.2f} sd, of a width {width:.0%}"
    ).format(rejected, **found)
