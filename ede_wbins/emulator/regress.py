"""A linear trend and Gaussian processes, from points to vectors with errors."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize

LENGTHS = (0.3, 1000.0)
"""Bounds of the length scales, in standard deviations of the inputs."""

_NUGGETS = np.logspace(-9, 1, 121)
_ITERATIONS = 100
# Points at most that the search for length scales takes, whose time grows with their cube.
_SEARCH = 200
_ROOT5 = np.sqrt(5)


@dataclass(frozen=True)
class GaussianProcess:
    """
    Each output is a linear trend plus a Gaussian process with a Matern-5/2 kernel.

    All outputs share one set of length scales, one for each input (Rasmussen and Williams 2006,
    sec. 4.2.1 and 5.1); each has its own amplitude and nugget. The trend has a flat prior and is
    projected out (universal kriging): predictions are of contrasts, which have finite variances,
    so that no large numbers cancel.

    Build it with `fit`.
    """

    lengths: np.ndarray
    _centre: np.ndarray
    _scale: np.ndarray
    _points: np.ndarray
    _trend: np.ndarray
    _weights: np.ndarray
    _ols: np.ndarray
    _modes: np.ndarray
    _kernel_ols: np.ndarray
    _precision: np.ndarray
    _amplitude2: np.ndarray
    _nugget: np.ndarray

    @classmethod
    def fit(
        cls,
        x: np.ndarray,
        y: np.ndarray,
        lengths: np.ndarray | None = None,
        refine: bool = True,
    ) -> "GaussianProcess":
        """
        Maximise the restricted likelihood of all outputs.

        Parameters
        ----------
        x : ndarray, shape (n, d)
            Inputs, n of at least d + 3. An input that does not vary is ignored.
        y : ndarray, shape (n, k)
            Outputs. One that does not vary is predicted without error.
        lengths : ndarray, shape (d,), optional
            Where to start the search: those of an earlier fit.
        refine : bool
            Whether to search; otherwise the length scales are `lengths`.
        """
        spread = x.std(axis=0)
        scale = np.where(spread > 0, spread, np.inf)
        points = (x - x.mean(axis=0)) / scale
        varies = np.ptp(y, axis=0) > 1e-12 * np.abs(y).max(axis=0)
        start = np.full(x.shape[1], 5.0) if lengths is None else lengths
        log_lengths = np.log(np.clip(start, *LENGTHS))
        if refine:
            some = np.linspace(0, len(x) - 1, min(len(x), _SEARCH)).astype(int)
            log_lengths = _search(log_lengths, points[some], y[some][:, varies])
        trend = _trend(points)
        contrasts = _contrasts(trend)
        data = np.where(varies, contrasts.T @ y, 0)
        kernel = _matern(_distance2(_squares(points), log_lengths))
        eigenvalues, vectors = np.linalg.eigh(contrasts.T @ kernel @ contrasts)
        modes = contrasts @ vectors
        z = vectors.T @ data
        nugget = np.ones(len(varies))
        nugget[varies] = _best_nuggets(eigenvalues, z[:, varies])
        precision = 1 / (np.maximum(eigenvalues, 0)[:, None] + nugget)
        weights = modes @ (precision * z)
        ols = np.linalg.pinv(trend)
        return cls(
            lengths=np.exp(log_lengths),
            _centre=x.mean(axis=0),
            _scale=scale,
            _points=points / np.exp(log_lengths),
            _trend=ols @ (y - kernel @ weights),
            _weights=weights,
            _ols=ols,
            _modes=modes,
            _kernel_ols=kernel @ ols.T,
            _precision=precision,
            _amplitude2=np.mean(precision * z**2, axis=0),
            _nugget=nugget,
        )

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Means and variances at points `x`.

        Parameters
        ----------
        x : ndarray, shape (m, d)

        Returns
        -------
        mean, variance : ndarray, shape (m, k)
            The variance is that of a new value: the nugget, such as the numerical noise of what is
            learned, is part of it.
        """
        trend, cross = self._against_training(x)
        mean = trend @ self._trend + cross @ self._weights
        # Of each output minus its least-squares trend: prior variance, then what the data remove.
        ols = trend @ self._ols
        prior = 1 - 2 * np.sum(ols * cross, axis=1) + np.sum(ols * (trend @ self._kernel_ols.T), 1)
        known = self._known(trend, cross) ** 2 @ self._precision
        nugget = np.sum(ols**2, axis=1)[:, None] * self._nugget
        unknown = np.maximum(prior[:, None] + nugget - known, 0)
        return mean, self._amplitude2 * (unknown + self._nugget)

    def mean(self, x: np.ndarray) -> np.ndarray:
        """Means at points `x`, shape (m, k): quicker than with variances."""
        trend, cross = self._against_training(x)
        return trend @ self._trend + cross @ self._weights

    def left_out(self) -> tuple[np.ndarray, np.ndarray]:
        """
        What each training point would be predicted to be by all the others, less what it is.

        Exact, without a fit for each (Dubrule 1983), at the length scales, amplitudes and nuggets
        that all points together have.

        Returns
        -------
        error, variance : ndarray, shape (n, k)
            The errors, and the variances that would be predicted for them.
        """
        leverage = self._modes**2 @ self._precision
        return -self._weights / leverage, self._amplitude2 / leverage

    def correlation(self, x: np.ndarray) -> np.ndarray:
        """Correlation of the predictions' errors at `x`, shape (m, m), at the median nugget."""
        trend, cross = self._against_training(x)
        scaled = (x - self._centre) / self._scale / self.lengths
        distance2 = np.sum((scaled[:, None] - scaled) ** 2, axis=-1)
        ols, known = trend @ self._ols, self._known(trend, cross)
        nugget = float(np.median(self._nugget))
        eigenvalues = 1 / self._precision[:, 0] - self._nugget[0]
        mixed = ols @ cross.T
        covariance = _matern(distance2) - mixed - mixed.T
        covariance += ols @ (self._kernel_ols @ trend.T) + nugget * ols @ ols.T
        covariance -= (known / (eigenvalues + nugget)) @ known.T
        sd = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        return covariance / np.outer(sd, sd)

    def _against_training(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        standard = (x - self._centre) / self._scale
        scaled = standard / self.lengths
        # |a - b|^2 = |a|^2 + |b|^2 - 2ab: fast, and exact enough away from machine precision.
        distance2 = np.sum(scaled**2, axis=1)[:, None] + self._norms2 - 2 * scaled @ self._points.T
        return _trend(standard), _matern(np.maximum(distance2, 0))

    @cached_property
    def _norms2(self) -> np.ndarray:
        return np.sum(self._points**2, axis=1)

    def _known(self, trend: np.ndarray, cross: np.ndarray) -> np.ndarray:
        return (cross - trend @ self._kernel_ols.T) @ self._modes


def _trend(points: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(points)), points])


def _contrasts(trend: np.ndarray) -> np.ndarray:
    """
    What is orthogonal to the trend's column space.

    Inputs that do not vary leave zero columns, which the pseudo-inverse passes over.
    """
    left, size, _ = np.linalg.svd(trend)
    return left[:, np.sum(size > 1e-10 * size[0]) :]


def _search(log_lengths: np.ndarray, points: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the restricted likelihood is highest, from `log_lengths` on."""
    contrasts = _contrasts(_trend(points))
    return minimize(
        _cost,
        log_lengths,
        args=(contrasts, contrasts.T @ y, _squares(points)),
        jac=True,
        method="L-BFGS-B",
        bounds=[np.log(LENGTHS)] * len(log_lengths),
        options={"maxiter": _ITERATIONS},
    ).x


def _matern(distance2: np.ndarray) -> np.ndarray:
    r = _ROOT5 * np.sqrt(distance2)
    return (1 + r + r**2 / 3) * np.exp(-r)


def _squares(points: np.ndarray) -> list[np.ndarray]:
    """Of the distances between all points along each input."""
    return [np.subtract.outer(column, column) ** 2 for column in points.T]


def _distance2(squares: list[np.ndarray], log_lengths: np.ndarray) -> np.ndarray:
    return sum(each * np.exp(-2 * log) for each, log in zip(squares, log_lengths, strict=True))


def _best_nuggets(eigenvalues: np.ndarray, z: np.ndarray) -> np.ndarray:
    """For each output, the nugget of the highest restricted likelihood on a grid, shape (k,)."""
    total = np.maximum(eigenvalues, 0)[:, None] + _NUGGETS
    amplitude2 = (1 / total).T @ z**2 / len(z)
    cost = len(z) * np.log(amplitude2) + np.log(total).sum(axis=0)[:, None]
    return _NUGGETS[np.argmin(cost, axis=0)]


def _cost(
    log_lengths: np.ndarray, contrasts: np.ndarray, data: np.ndarray, squares: list[np.ndarray]
) -> tuple[float, np.ndarray]:
    """
    Minus the logarithm of the restricted likelihood at the best amplitudes and nuggets, and its
    gradient: where these are best, they do not contribute to it.

    Rasmussen and Williams 2006, eq. 5.8 and 5.9, for the contrasts and summed over outputs.
    """
    distance2 = _distance2(squares, log_lengths)
    eigenvalues, vectors = np.linalg.eigh(contrasts.T @ _matern(distance2) @ contrasts)
    z = vectors.T @ data
    total = np.maximum(eigenvalues, 0)[:, None] + _best_nuggets(eigenvalues, z)
    amplitude2 = np.mean(z**2 / total, axis=0)
    cost = 0.5 * np.sum(len(z) * np.log(amplitude2) + np.log(total).sum(axis=0))
    modes = contrasts @ vectors
    alpha = modes @ (z / total)
    slope = (modes * np.sum(1 / total, axis=1)) @ modes.T - (alpha / amplitude2) @ alpha.T
    r = _ROOT5 * np.sqrt(distance2)
    slope *= 5 / 3 * (1 + r) * np.exp(-r)
    gradient = [
        0.5 * np.exp(-2 * log) * np.sum(slope * each)
        for each, log in zip(squares, log_lengths, strict=True)
    ]
    return cost, np.array(gradient)
