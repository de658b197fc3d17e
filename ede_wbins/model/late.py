"""Late dark energy with a piecewise-constant equation of state (arXiv:2302.07333)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from ede_wbins.errors import EDEWBinsError

Z_MAX = 3.0
"""Upper end of the redshift window that the default bins share (arXiv:2302.07333)."""
MAX_BINS = 100
"""Far more than data tell apart; Cobaya takes minutes to read the parameters of thousands."""


def default_edges(n_bins: int) -> tuple[float, ...]:
    """
    Upper edges of `n_bins` bins of equal width in z over [0, 3].

    Raises
    ------
    EDEWBinsError
        If `n_bins` is not a whole number from 1 to `MAX_BINS`.
    """
    if isinstance(n_bins, bool) or not isinstance(n_bins, int) or not 1 <= n_bins <= MAX_BINS:
        raise EDEWBinsError(
            f"n_bins = {n_bins!r}: give a whole number of bins, from 1 to {MAX_BINS}"
        )
    return tuple(Z_MAX * i / n_bins for i in range(1, n_bins + 1))


def check_edges(z_edges: Sequence[float]) -> tuple[float, ...]:
    """
    The upper bin edges as a tuple of floats.

    Raises
    ------
    EDEWBinsError
        If they are not finite, positive and increasing, if there are none, or over `MAX_BINS`.
    """
    try:
        # Texts and mappings can be gone through too, but do not mean a list of numbers.
        edges = () if isinstance(z_edges, str | Mapping) else tuple(float(z) for z in z_edges)
    except (TypeError, ValueError, OverflowError):
        edges = ()
    if len(edges) > MAX_BINS:
        raise EDEWBinsError(f"z_edges has {len(edges)} edges: give at most {MAX_BINS}")
    if not edges or not all(low < high < np.inf for low, high in pairwise((0.0, *edges))):
        raise EDEWBinsError(
            f"z_edges = {z_edges!r}: give the upper edges of the bins, positive and increasing"
        )
    return edges


@dataclass(frozen=True)
class WBins:
    """
    w(z) constant in bins: w[i] for z_edges[i-1] <= z < z_edges[i] (from 0), w_beyond after.

    Parameters
    ----------
    z_edges : sequence of float, length N
        Upper edges of the bins, positive and increasing.
    w : sequence of float, length N
        Equation of state in each bin.
    w_beyond : float
        Equation of state above the last edge, below 0.
    width : float
        Smoothing of the jumps in z: w becomes a sum of tanh((ln(1+z) - ln(1+z_i))/delta_i),
        delta_i = width/(1+z_i). 0 is sharp.

    Raises
    ------
    EDEWBinsError
        If the edges do not increase, the lengths differ, or a value is out of range.
    """

    z_edges: Sequence[float]
    w: Sequence[float]
    w_beyond: float = -1.0
    width: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "z_edges", check_edges(self.z_edges))
        if len(self.w) != len(self.z_edges) or not np.all(np.isfinite(self.w)):
            raise EDEWBinsError(
                f"w = {self.w!r}: give {len(self.z_edges)} finite numbers, one for each bin"
            )
        check_w_beyond(self.w_beyond)
        if not self.width >= 0:
            raise EDEWBinsError(f"width = {self.width!r}: must be 0 (sharp bins) or positive")

    def w_at(self, z: ArrayLike) -> np.ndarray:
        """Equation of state at redshifts `z`, in the shape of `z`."""
        z = np.asarray(z, dtype=float)
        if self.width == 0:
            return self._levels()[np.searchsorted(self.z_edges, z, side="right")]
        step = 0.5 * (1 + np.tanh(self._distance(np.log1p(z)) / self._deltas()))
        return self.w[0] + step @ self._jumps

    def density(self, z: ArrayLike) -> np.ndarray:
        """
        rho(z)/rho(0) at redshifts `z`, in the shape of `z`.

        The exponent 3 int (1+w) dln(1+z) is a straight line plus one ramp for each jump of w:
        this is the product over bins of arXiv:2302.07333, and where the jumps are smooth the
        ramp is the integral of the tanh step, a softplus.
        """
        n = np.log1p(np.asarray(z, dtype=float))
        ramp = self._ramp(n) - self._ramp_0
        return np.exp(3 * ((1 + self.w[0]) * n + ramp @ self._jumps))

    def breakpoints(self) -> np.ndarray:
        """Redshifts between which w(z) is smooth enough for a fixed quadrature."""
        if self.width == 0:
            return np.asarray(self.z_edges)
        around = np.array([-16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16])
        z = np.expm1(np.add.outer(around, np.zeros(len(self.z_edges))) * self._deltas() + self._n)
        return z[z > 0]

    def _levels(self) -> np.ndarray:
        return np.array([*self.w, self.w_beyond])

    @cached_property
    def _jumps(self) -> np.ndarray:
        return np.diff(self._levels())

    @cached_property
    def _n(self) -> np.ndarray:
        return np.log1p(self.z_edges)

    def _deltas(self) -> np.ndarray:
        return self.width / (1 + np.asarray(self.z_edges))

    def _distance(self, n: ArrayLike) -> np.ndarray:
        return np.subtract.outer(n, self._n)

    @cached_property
    def _ramp_0(self) -> np.ndarray:
        return self._ramp(0.0)

    def _ramp(self, n: ArrayLike) -> np.ndarray:
        distance = self._distance(n)
        if self.width == 0:
            return np.maximum(distance, 0)
        half = self._deltas() / 2
        return half * np.logaddexp(0, distance / half)


def check_w_beyond(w_beyond: float) -> float:
    """
    `w_beyond` as a float.

    Raises
    ------
    EDEWBinsError
        If it is not a number below 0 (dark energy that would not fade into the past).
    """
    try:
        value = float(w_beyond)
    except (TypeError, ValueError, OverflowError):
        value = np.nan
    if not -np.inf < value < 0:
        raise EDEWBinsError(f"w_beyond = {w_beyond!r}: must be a number below 0")
    return value
