"""Best fit of a run: Gauss-Newton steps, with the theory's results linear in its parameters."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pybobyqa
from cobaya.model import Model

from ede_wbins.errors import EDEWBinsError
from ede_wbins.theory.tangent import Tangent

_STEP = 0.5
"""Of differences, in standard deviations."""
_REACH = 2.0
"""How far, in standard deviations, a step may go before CLASS is asked."""
_CONVERGED = 0.03
"""Fall of chi2 that the tangent still promises."""
_REJECTED = 1e4


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
        Calls of CLASS.
    seconds : float
        Of CPU time.
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

    Likelihoods are those of the data at every step. Only the theory is replaced by its tangent at
    the best point so far, over which Py-BOBYQA minimises; CLASS then computes the point that was
    found, from which the tangent learns. That is Gauss-Newton's method: noise of CLASS stays
    outside of the minimisation, and a start takes a few calls of CLASS for each parameter.

    Parameters
    ----------
    model : Model
        With `Tangent` as its theory.
    covariance : array, shape (n, n)
        Of all sampled parameters, in the model's order: what is near.
    report : callable
        Takes a line at each step.
    """

    def __init__(self, model: Model, covariance: np.ndarray, report: Callable[[str], None]):
        self.model, self._report = model, report
        (self._tangent,) = (t for t in model.theory.values() if isinstance(t, Tangent))
        self.names = list(model.parameterization.sampled_params())
        self._root, self._sd = np.linalg.cholesky(covariance), np.sqrt(np.diag(covariance))
        self._bounds = model.prior.bounds(confidence_for_unbounded=1 - 1e-12).T
        # Gaussian priors count from their peaks, flat ones not at all.
        self._peak = sum(float(pdf.logpdf(pdf.median())) for pdf in model.prior.pdf)
        reached = model.parameterization.sampled_input_dependence()
        inputs = set(self._tangent.input_params)
        self._slow = [i for i, n in enumerate(self.names) if inputs & {n, *reached.get(n, ())}]
        self._slopes_at = None

    def run(self, start: np.ndarray, keep: Callable[[Fit], None] = lambda fit: None) -> Fit:
        """
        The best fit from `start`, which is moved into the priors.

        Parameters
        ----------
        start : array, shape (n,)
        keep : callable
            Takes the best point so far, each time there is a better one.

        Raises
        ------
        EDEWBinsError
            If CLASS cannot compute the start.
        """
        self._calls, self._since, reach = 0, time.process_time(), _REACH
        here = self._exact(np.clip(start, *self._bounds))
        if here is None:
            raise EDEWBinsError(f"CLASS cannot compute the start {start}")
        while reach > _REACH / 20:
            self._touch(here)
            aim, promised = self._minimise(here, reach)
            promised = here.fit.chi2 - promised
            if promised < _CONVERGED:
                if self._slopes_are_within(0.3, here):
                    break
                self._slopes_at = None
                continue
            there = self._exact(aim)
            gain = here.fit.chi2 - there.fit.chi2 if there else -np.inf
            self._report(f"chi2 = {here.fit.chi2:.3f} - {gain:.3f} (promised {promised:.3f})")
            if gain < promised / 4:
                # The tangent is wrong there: one of elsewhere, or the step was too long.
                if self._slopes_are_within(0.1, here):
                    reach = min(reach, self._distance(aim, here.x)) / 2
                else:
                    self._slopes_at = None
            elif gain > promised / 2:
                reach = min(2 * reach, _REACH)
            if gain > 0:
                # Not from a step too long: half of it may still be right.
                self._tangent.learn(there.mark)
                here = there
                keep(here.fit)
        return replace(here.fit, **self._cost())

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """A random step, shape (n,), of the covariance."""
        return self._root @ rng.standard_normal(len(self.names))

    def _cost(self) -> dict:
        return {"evaluations": self._calls, "seconds": time.process_time() - self._since}

    def _posterior(self, x: np.ndarray):
        point = dict(zip(self.names, x.tolist(), strict=True))
        return self.model.logposterior(point, cached=False)

    def _exact(self, x: np.ndarray) -> "_Place | None":
        """What CLASS and the data say of a point; None where it is rejected."""
        self._tangent.linear, self._calls = False, self._calls + 1
        posterior = self._posterior(x)
        if not np.isfinite(posterior.logpost):
            return None
        model = self.model
        chi2 = dict(zip(model.likelihood, (-2 * posterior.loglikes).tolist(), strict=True))
        chi2["prior"] = 2 * (self._peak - float(np.sum(posterior.logpriors)))
        derived = map(float, posterior.derived)
        fit = Fit(
            sum(chi2.values()),
            chi2,
            dict(zip(self.names, x.tolist(), strict=True)),
            dict(zip(model.parameterization.derived_params(), derived, strict=True)),
            **self._cost(),
        )
        return _Place(x, fit, self._tangent.mark())

    def _touch(self, here: "_Place") -> None:
        """Put the tangent at a point, with slopes of there unless there are some."""
        if self._slopes_at is None:
            others = [self._neighbour(here.x, i).mark for i in self._slow]
            self._tangent.touch(here.mark, others)
            self._slopes_at = here.x
        else:
            self._tangent.move(here.mark)

    def _distance(self, x: np.ndarray, y: np.ndarray) -> float:
        """In standard deviations of the theory's parameter that differs most."""
        return float(np.max(np.abs((x - y) / self._sd)[self._slow]))

    def _slopes_are_within(self, reach: float, here: "_Place") -> bool:
        return self._distance(here.x, self._slopes_at) < reach

    def _neighbour(self, x: np.ndarray, i: int) -> "_Place":
        """A point that differs in one parameter, on the side where there is more room."""
        low, high = self._bounds[:, i]
        side = 1 if high - x[i] > x[i] - low else -1
        for step in (_STEP, -_STEP, _STEP / 3, -_STEP / 3):
            moved = x.copy()
            moved[i] += side * step * self._sd[i]
            if low < moved[i] < high and (place := self._exact(moved)):
                return place
        raise EDEWBinsError(f"CLASS computes no point beside {self.names[i]} = {x[i]:.5g}")

    def _minimise(self, here: "_Place", reach: float) -> tuple[np.ndarray, float]:
        """Where the tangent has its least chi2 within reach, and that chi2."""
        self._tangent.linear = True
        low, high = self._bounds.copy()
        low[self._slow] = np.maximum(low, here.x - reach * self._sd)[self._slow]
        high[self._slow] = np.minimum(high, here.x + reach * self._sd)[self._slow]

        def objective(z: np.ndarray) -> float:
            x = here.x + self._root @ z
            inside = np.clip(x, low, high)
            chi2 = 2 * (self._peak - self._posterior(inside).logpost)
            beyond = float(np.sum(((x - inside) / self._sd) ** 2))
            return chi2 + beyond if np.isfinite(chi2) else _REJECTED + beyond

        found = pybobyqa.solve(
            objective,
            np.zeros(len(low)),
            rhobeg=0.5,
            rhoend=0.02,
            maxfun=20 * len(low),
            do_logging=False,
        )
        return np.clip(here.x + self._root @ found.x, low, high), found.f


@dataclass(frozen=True)
class _Place:
    x: np.ndarray
    fit: Fit
    mark: tuple
