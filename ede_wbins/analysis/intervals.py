"""Confidence intervals from a profile likelihood, with a boundary."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm


def feldman_cousins(x: float, level: float) -> tuple[float, float]:
    """
    Interval of the mean mu >= 0 of a Gaussian of unit width that was measured at `x`.

    Feldman and Cousins (physics/9711021), by the likelihood ratio to the best mu that is allowed:
    never empty, and one-sided where x is small enough.
    """
    lower, upper = 0.0, max(x, 0.0) + 8.0
    if not _accepts(0.0, x, level):
        lower = brentq(lambda mu: _margin(mu, x, level), 1e-9, max(x, 1e-6))
    best = max(x, 0.0)
    upper = brentq(lambda mu: _margin(mu, x, level), best + 1e-9, upper)
    return lower, upper


def interval(
    values: Sequence[float], chi2: Sequence[float], level: float, lower_bound: float | None = None
) -> tuple[float, float, float]:
    """
    Best value and interval from a profile.

    Parameters
    ----------
    values, chi2 : arrays, shape (n,)
        The profile: at least three points, with increasing values.
    level : float
        Confidence, as 0.68.
    lower_bound : float, optional
        Where the parameter ends, as 0 for fEDE. The interval is then that of a Gaussian with this
        bound, which the profile's parabola at its minimum defines, minimum outside the bound
        included. Without it, chi2 rises by the square of the two-sided Gaussian sigma.

    Returns
    -------
    best, lower, upper : float
        The ends are those of the profile where the interval goes beyond it.
    """
    values, chi2 = np.asarray(values, dtype=float), np.asarray(chi2, dtype=float)
    best = _minimum(values, chi2)
    if lower_bound is not None:
        centre, width = parabola(values, chi2)
        low, high = feldman_cousins((centre - lower_bound) / width, level)
        ends = lower_bound + width * np.array([low, high])
        return max(best, lower_bound), float(ends[0]), float(ends[1])
    curve = PchipInterpolator(values, chi2)
    rise = norm.isf((1 - level) / 2) ** 2

    def excess(x: float) -> float:
        return float(curve(x) - curve(best) - rise)

    low, high = (
        end if excess(end) <= 0 else brentq(excess, *sorted((end, best)))
        for end in (values[0], values[-1])
    )
    return best, low, high


def parabola(values: Sequence[float], chi2: Sequence[float]) -> tuple[float, float]:
    """
    Centre and width of the Gaussian whose chi2 is nearest the profile's, up to a rise of 4.

    Raises
    ------
    ValueError
        If chi2 does not curve upwards.
    """
    values, chi2 = np.asarray(values, dtype=float), np.asarray(chi2, dtype=float)
    near = chi2 - chi2.min() <= 4
    if near.sum() < 3:
        near = np.argsort(chi2)[:3]
    second, first, _ = np.polyfit(values[near], chi2[near], 2)
    if not second > 0:
        raise ValueError("chi2 does not curve upwards around its minimum")
    return float(-first / (2 * second)), float(second**-0.5)


def _minimum(values: np.ndarray, chi2: np.ndarray) -> float:
    i = int(np.argmin(chi2))
    if i in (0, len(values) - 1):
        return float(values[i])
    curve = CubicSpline(values, chi2)
    found = minimize_scalar(curve, bounds=(values[i - 1], values[i + 1]), method="bounded")
    return float(found.x)


def _margin(mu: float, x: float, level: float) -> float:
    """Positive where mu accepts x."""
    low, high = _acceptance(mu, level)
    return min(x - low, high - x)


def _accepts(mu: float, x: float, level: float) -> bool:
    return _margin(mu, x, level) >= 0


@lru_cache(maxsize=4096)
def _acceptance(mu: float, level: float) -> tuple[float, float]:
    """Range of x of probability `level` and of the highest likelihood ratio."""

    def log_ratio(x: float) -> float:
        return -0.5 * (x - mu) ** 2 + 0.5 * min(x, 0.0) ** 2

    def range_above(cut: float) -> tuple[float, float]:
        # For x < 0 the logarithm is linear, mu x - mu^2/2; above it is a parabola.
        high = mu + np.sqrt(-2 * cut)
        low = mu - np.sqrt(-2 * cut)
        if low < 0:
            low = cut / mu + mu / 2 if mu > 0 else -np.inf
        return low, high

    def missing(cut: float) -> float:
        low, high = range_above(cut)
        return norm.cdf(high - mu) - norm.cdf(low - mu) - level

    if mu == 0:
        # Of all x the ratio is 1 below 0; above, it falls.
        return -np.inf, max(float(norm.ppf(level)), 0.0)
    cut = brentq(missing, -60.0, -1e-12)
    return range_above(cut)
