"""Best fit of a run: the emulator's minimum, which CLASS computes and the emulator learns."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pybobyqa
from cobaya.model import Model

from ede_wbins.emulator import draw
from ede_wbins.errors import EDEWBinsError
from ede_wbins.theory.emulated import EmulatedEDEWBins

_TEMPERATURES = (1, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Of the population: d of them times the last is how far from the minimum it stays in chi2."""
_STEPS = 10
_LARGE = 1e4
_SETTLED, _PATIENCE = 0.05, 2
"""Fall of chi2, and how often in a row there may be none: CLASS has a noise of about 0.1."""
_MOST = 12
"""Calls of CLASS of one search."""


@dataclass
class Fit:
    """
    The end of one search.

    Attributes
    ----------
    chi2 : float
        Of all likelihoods, and of the priors that are not flat.
    by_likelihood : dict of float
        chi2 of each, "prior" among them.
    parameters, derived : dict of float
        Sampled and derived.
    evaluations : int
        Calls of CLASS, for a process's first search with its part of the training.
    seconds : float
        Of CPU time, likewise.
    """

    chi2: float
    by_likelihood: dict[str, float]
    parameters: dict[str, float]
    derived: dict[str, float]
    evaluations: int
    seconds: float


class Search:
    """
    Minimises chi2 of likelihoods and priors over all parameters of a model.

    The posterior of early dark energy has several modes, some of them at fEDE = 0 where its scale
    is free, so that no descent from a single point finds the lowest. With an emulator a whole
    population of points can be cooled instead (simulated annealing by differential evolution), and
    Py-BOBYQA descends from its best. CLASS computes where that ends; the emulator learns the point,
    and the descent goes on from there until CLASS finds nothing lower.

    Parameters
    ----------
    model : Model
        With `EmulatedEDEWBins` as its theory, which is trained here.
    report : callable
        Takes a line at each call of CLASS.
    """

    def __init__(self, model: Model, report: Callable[[str], None]):
        self.model, self._report = model, report
        self._since, self._calls = time.process_time(), 0
        (self._theory,) = (t for t in model.theory.values() if isinstance(t, EmulatedEDEWBins))
        self.names = list(model.parameterization.sampled_params())
        self._bounds = model.prior.bounds(confidence_for_unbounded=1 - 1e-12).T
        # Gaussian priors count from their peaks, flat ones not at all.
        self._peak = sum(float(pdf.logpdf(pdf.median())) for pdf in model.prior.pdf)
        self._posterior(model.prior.reference(random_state=np.random.default_rng(0)))
        covariance = np.atleast_2d(np.loadtxt(self._theory.exchange.covariance))
        self._root, self._sd = np.linalg.cholesky(covariance), np.sqrt(np.diag(covariance))

    def run(self, rng: np.random.Generator) -> Fit:
        """
        The best fit, from random points.

        Raises
        ------
        EDEWBinsError
            If CLASS cannot compute the point that the emulator finds.
        """
        d = len(self.names)
        spread = 2 * rng.standard_normal((max(24, d + 8), d)) @ self._root.T
        walkers = np.clip(self.model.prior.reference(random_state=rng) + spread, *self._bounds)
        best, idle, temperatures = None, 0, _TEMPERATURES
        for _ in range(_MOST):
            x, promised = self._descend(self._cool(walkers, temperatures, rng))
            fit = self._exact(x)
            self._report(f"chi2 = {fit.chi2:.3f} (emulated {promised:.3f})")
            gain = best.chi2 - fit.chi2 if best else np.inf
            if gain > 0:
                best = fit
            idle = 0 if gain > _SETTLED else idle + 1
            if idle == _PATIENCE:
                break
            # The population is where the emulator, which has learned, has to be asked again.
            temperatures = _TEMPERATURES[-1:]
        calls, now = self._theory.counts["by CLASS"], time.process_time()
        best.evaluations, best.seconds = calls - self._calls, now - self._since
        self._calls, self._since = calls, now
        return best

    def _posterior(self, x: np.ndarray, **options):
        point = dict(zip(self.names, x.tolist(), strict=True))
        return self.model.logposterior(point, cached=False, **options)

    def _chi2(self, x: np.ndarray) -> float:
        """As the emulator has it; infinite where there is no such universe."""
        with self._theory.always("emulated"):
            return 2 * (self._peak - self._posterior(x, return_derived=False).logpost)

    def _exact(self, x: np.ndarray) -> Fit:
        """What CLASS and the data say of a point, which the emulator learns."""
        theory, model = self._theory, self.model
        with theory.always("exact"):
            posterior = self._posterior(x)
        if not np.isfinite(posterior.logpost):
            raise EDEWBinsError(f"CLASS cannot compute the best fit of the emulator, {x}")
        theory.learn()
        chi2 = dict(zip(model.likelihood, (-2 * posterior.loglikes).tolist(), strict=True))
        chi2["prior"] = 2 * (self._peak - float(np.sum(posterior.logpriors)))
        derived = map(float, posterior.derived)
        return Fit(
            sum(chi2.values()),
            chi2,
            dict(zip(self.names, x.tolist(), strict=True)),
            dict(zip(model.parameterization.derived_params(), derived, strict=True)),
            *(0, 0.0),
        )

    def _cool(self, walkers: np.ndarray, temperatures, rng: np.random.Generator) -> np.ndarray:
        """Cool a population, in place; the lowest point that it comes by."""
        best = np.inf, None

        def log_density(x: np.ndarray, temperature: float) -> float:
            nonlocal best
            if np.any(x < self._bounds[0]) or np.any(x > self._bounds[1]):
                return -np.inf
            chi2 = self._chi2(x)
            if chi2 < best[0]:
                best = chi2, x.copy()
            return -chi2 / (2 * temperature)

        hotter = temperatures[0], *temperatures
        for before, temperature in zip(hotter, temperatures, strict=False):
            # As a parabola's population does. It would also shrink by itself, but take long.
            walkers[:] = walkers[0] + np.sqrt(temperature / before) * (walkers - walkers[0])
            cooled = partial(log_density, temperature=temperature)
            walkers[:] = draw(cooled, walkers, _STEPS, rng)[: len(walkers)]
            walkers[0] = best[1]
        return best[1]

    def _descend(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Where the emulator's chi2 is least near a point, and that chi2."""

        def objective(z: np.ndarray) -> float:
            moved = x + self._root @ z
            inside = np.clip(moved, *self._bounds)
            chi2 = self._chi2(inside)
            beyond = float(np.sum(((moved - inside) / self._sd) ** 2))
            return chi2 + beyond if np.isfinite(chi2) else _LARGE + beyond

        options = {"rhobeg": 0.1, "rhoend": 0.01, "maxfun": 60 * len(x), "do_logging": False}
        found = pybobyqa.solve(objective, np.zeros(len(x)), **options)
        end = np.clip(x + self._root @ found.x, *self._bounds)
        chi2, lowest = min((self._chi2(each), tuple(each)) for each in (end, x))
        return np.array(lowest), chi2
