"""How an error of what is emulated becomes one of ln L, and which errors are allowed."""

from collections.abc import Callable, Sequence
from copy import copy
from itertools import combinations

import numpy as np


class LocalLikelihood:
    """
    The second-order expansion of ln L in components of the vectors and in nuisance parameters.

    Exact for Gaussian likelihoods, up to what nuisance parameters do beyond second order.
    Those of independent likelihoods about the same point can be added.

    Parameters
    ----------
    loglike : callable
        ln L of (components, nuisance).
    components : ndarray, shape (k,)
        Where to expand, in units of the noise.
    nuisance, steps : ndarray, shape (q,)
        The nuisance parameters there, and by how much to vary each.
    active : sequence of int, optional
        On which of the components, and after them the nuisance parameters, this ln L depends; all
        if not given.
    """

    def __init__(
        self,
        loglike: Callable[[np.ndarray, np.ndarray], float],
        components: np.ndarray,
        nuisance: np.ndarray,
        steps: np.ndarray,
        active: Sequence[int] | None = None,
    ):
        self._k = k = len(components)
        self._centre = np.concatenate([components, nuisance])
        step = np.concatenate([np.ones(k), steps])
        n = len(step)
        active = np.arange(n) if active is None else np.array(active, dtype=int)

        def at(*moved: tuple[int, float]) -> float:
            x = self._centre.copy()
            for i, sign in moved:
                x[i] += sign * step[i]
            return loglike(x[:k], x[k:])

        self.value = at()
        up, down = np.full((2, n), self.value)
        for i in active:
            up[i], down[i] = at((i, 1)), at((i, -1))
        self._slope = (up - down) / (2 * step)
        curvature = np.diag(up + down - 2 * self.value)
        for i, j in combinations(active, 2):
            both = at((i, 1), (j, 1)) - up[i] - up[j] + self.value
            curvature[i, j] = curvature[j, i] = both
        self._curvature = curvature / np.outer(step, step)

    def __add__(self, other: "LocalLikelihood") -> "LocalLikelihood":
        total = copy(self)
        total.value = self.value + other.value
        total._slope = self._slope + other._slope
        total._curvature = self._curvature + other._curvature
        return total

    def loglike(self, components: np.ndarray, nuisance: np.ndarray) -> float:
        """ln L of the expansion."""
        x = np.concatenate([components, nuisance]) - self._centre
        return float(self.value + x @ self._slope + 0.5 * x @ self._curvature @ x)

    def best_nuisance(self, components: np.ndarray) -> np.ndarray:
        """The nuisance parameters of the highest ln L, as far as it has a maximum, shape (q,)."""
        k = self._k
        slope = self._slope[k:] + self._curvature[k:, :k] @ (components - self._centre[:k])
        bent, along = np.linalg.eigh(self._curvature[k:, k:])
        down = bent < -1e-10 * np.abs(bent).max(initial=0)
        return self._centre[k:] - along[:, down] @ (along[:, down].T @ slope / bent[down])

    def sd(self, components: np.ndarray, nuisance: np.ndarray, variances: np.ndarray) -> float:
        """
        Standard deviation of ln L at `components` whose errors are Gaussian with `variances`.

        To second order: var = g'Sg + tr(HSHS)/2.
        """
        x = np.concatenate([components, nuisance]) - self._centre
        slope = (self._slope + self._curvature @ x)[: self._k]
        inner = self._curvature[: self._k, : self._k]
        second = np.sum(inner**2 * np.outer(variances, variances)) / 2
        return float(np.sqrt(slope**2 @ variances + second))


class Trust:
    """
    Which predictions are good enough, such that no mean of the posterior is biased by much.

    An error e(x) of ln L moves the mean of a parameter by the posterior covariance of e with it,
    which is at most the rms of e times the parameter's standard deviation (Cauchy-Schwarz). The
    rms of the predicted errors over the posterior thus bounds the expected shift of every mean, in
    standard deviations; `limit` is the largest error of a single point that keeps it within
    `tolerance`, and no more than three times that: widths are made by few points far out, whose
    errors an rms over the posterior hardly sees.

    Parameters
    ----------
    tolerance : float
        Allowed shift of any mean, in standard deviations of the posterior.
    """

    _MOST, _FAR = 3.0, 0.3

    def __init__(self, tolerance: float):
        self.tolerance = tolerance
        self.limit = tolerance
        self.scale = 1.0
        self._ratio2 = np.empty(0)
        self.best = -np.inf
        self.local: LocalLikelihood | None = None

    def calibrate(self, errors: Sequence[float], predicted: Sequence[float]) -> None:
        """Scale predicted errors to what those of blind points have been, predicted at scale 1."""
        self._weigh((np.array(errors) / np.maximum(predicted, 1e-300)) ** 2)

    def left_out(
        self,
        components: np.ndarray,
        errors: np.ndarray,
        variances: np.ndarray,
        n: int,
    ) -> np.ndarray:
        """
        Errors of ln L at training points of the posterior, in `n` dimensions, each of which is
        predicted by all the others, and what is predicted for them at scale 1; shape (2, m).

        The points have no nuisance parameters of their own: they are given the best ones.

        Parameters
        ----------
        components, errors, variances : ndarray, shape (points, k)
        """
        found = []
        for true, error, variance in zip(components, errors, variances, strict=True):
            nuisance = self.local.best_nuisance(true)
            loglike = self.local.loglike(true, nuisance)
            if self.best - loglike < n:
                predicted = true + error
                sd = self.local.sd(predicted, nuisance, variance)
                found.append((self.local.loglike(predicted, nuisance) - loglike, sd))
        return np.array(found).reshape(-1, 2).T

    def learn(self, error: float, predicted: float) -> None:
        """Take into account one more blind point, predicted at the present scale."""
        self._weigh(np.append(self._ratio2, (error / predicted * self.scale) ** 2))

    def _weigh(self, ratio2: np.ndarray) -> None:
        self._ratio2 = ratio2
        # As if as many points again had been predicted right: few say little.
        prior = 32
        self.scale = float(np.sqrt((ratio2.sum() + prior) / (len(ratio2) + prior)))

    def set_limit(self, predicted: np.ndarray) -> None:
        """Take the limit from the errors predicted at draws of the posterior."""
        most = self._MOST * self.tolerance
        squares = np.sort(predicted**2)
        squares = squares[squares < most**2]
        below = np.cumsum(squares) <= self.tolerance**2 * len(predicted)
        if len(squares) and not below.all():
            most = np.sqrt(squares[max(np.sum(below) - 1, 0)])
        self.limit = max(float(most), self.tolerance)

    def sd(self, components: np.ndarray, nuisance: np.ndarray, variances: np.ndarray) -> float:
        """Predicted standard deviation of the error of ln L."""
        return self.scale * self.local.sd(components, nuisance, variances)

    def allows(self, sd: float, components: np.ndarray, nuisance: np.ndarray, n: int) -> bool:
        """
        Whether an error `sd` is small enough at a point, in `n` dimensions.

        A point that is so far below the best fit that there is next to no probability may be off
        by more, as long as the error cannot bring it into the posterior.
        """
        below = self.best - self.local.loglike(components, nuisance)
        return sd < self.limit + self._FAR * max(0.0, below - n)
