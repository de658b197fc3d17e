"""Matter power spectra: the grids on which they are learned, and what an error of them counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline

from ede_wbins.model.tabulated import TabulatedBackground

_K_MIN = 1e-5
# Steps in ln k: as fine as CLASS's own, around the acoustic oscillations and elsewhere.
_FINE, _COARSE, _OSCILLATIONS = 0.033, 0.2, (0.008, 0.4)
_STEP_Z = 0.09
# Edges of the ranges in which a likelihood is asked for its noise, as for spectra of the CMB.
_K_EDGES = np.array([1e-3, 5e-3, 0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0, 2.0, 4.0, 8.0])
_Z_EDGES = np.array([0.2, 0.4, 0.6, 0.8, 1.1, 1.5, 2.2])
# Standard deviation of ln P in such a range until likelihoods tell theirs, and if none looks.
_NOISE, _BLIND = 0.05, 20.0


@dataclass(frozen=True)
class Grid:
    """
    Wavenumbers to `k_max` in 1/Mpc, and redshifts to `z_max`.

    CLASS has grids that move with the parameters; cubic splines in ln k and z take them here.
    """

    k_max: float
    z_max: float

    @cached_property
    def k(self) -> np.ndarray:
        """Wavenumbers in 1/Mpc, shape (n_k,)."""
        ends = np.log([_K_MIN, *_OSCILLATIONS])
        low = np.arange(ends[0], ends[1], _COARSE)
        fine = np.arange(ends[1], ends[2], _FINE)
        high = np.arange(ends[2], np.log(self.k_max), _COARSE)
        inner = np.exp(np.concatenate([low, fine, high]))
        return np.append(inner[inner < 0.99 * self.k_max], self.k_max)

    @cached_property
    def z(self) -> np.ndarray:
        """Redshifts, shape (n_z,), at least four."""
        n = np.log1p(self.z_max)
        return np.expm1(np.linspace(0, n, max(4, 1 + int(np.ceil(n / _STEP_Z)))))

    @property
    def size(self) -> int:
        """How many numbers a spectrum is."""
        return len(self.z) * len(self.k)

    def put(self, k: np.ndarray, z: np.ndarray, power: np.ndarray) -> np.ndarray:
        """ln P on this grid, flat, from `power` in Mpc^3, shape (len(z), len(k)); NaN if P <= 0."""
        if not np.all(power > 0):
            return np.full(self.size, np.nan)
        logs = CubicSpline(np.log(k), np.log(power), axis=1)(np.log(self.k))
        order = np.argsort(z)
        return CubicSpline(z[order], logs[order])(self.z).ravel()

    def growth(self, background: TabulatedBackground) -> np.ndarray:
        """What the closed form gives of ln P beside its shape, 2 ln D(z), flat."""
        return np.repeat(2 * background.log_growth(self.z)[0], len(self.k))

    def take(self, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """k, z and P in Mpc^3 as Cobaya keeps them, from flat ln P."""
        return self.k, self.z, np.exp(logs.reshape(len(self.z), len(self.k)))

    @cached_property
    def ranges(self) -> list[np.ndarray]:
        """Where, in the flat array, each range of k and z is; they share none."""
        cuts_k = [0, *np.unique(np.searchsorted(self.k, _K_EDGES)), len(self.k)]
        cuts_z = [0, *np.unique(np.searchsorted(self.z, _Z_EDGES)), len(self.z)]
        where = np.arange(self.size).reshape(len(self.z), len(self.k))
        blocks = [where[a:b, c:d] for a, b in pairwise(cuts_z) for c, d in pairwise(cuts_k)]
        return [block.ravel() for block in blocks if block.size]


class PowerNoise:
    """
    Standard deviations of ln P, a few per cent until likelihoods tell their own.

    Parameters
    ----------
    grids : mapping
        Of each spectrum, by Cobaya's name of it.
    """

    def __init__(self, grids: Mapping[tuple, Grid]):
        self._grids = grids
        self.factors: dict[str, list[float]] = {}

    def at_nodes(self) -> np.ndarray:
        """Standard deviation of each number of all spectra."""
        found = []
        for key, grid in self._grids.items():
            sd = np.empty(grid.size)
            factors = self.factors.get(label(key), np.ones(len(grid.ranges)))
            for inside, factor in zip(grid.ranges, factors, strict=True):
                sd[inside] = factor * _NOISE * np.sqrt(len(inside))
            found.append(sd)
        return np.concatenate(found) if found else np.empty(0)

    def measure(self, loglike: Callable[[tuple, np.ndarray], float]) -> None:
        """
        Take the noise from how fast ln L falls when ln P moves in a range of k and z.

        Parameters
        ----------
        loglike : callable
            ln L with a flat array added to one spectrum's ln P.
        """
        for key, grid in self._grids.items():
            still = loglike(key, np.zeros(grid.size))
            factors = []
            for inside in grid.ranges:
                shift = np.zeros(grid.size)
                shift[inside] = _NOISE
                information = 2 * still - loglike(key, shift) - loglike(key, -shift)
                factors.append(float(1 / np.sqrt(max(np.nan_to_num(information), _BLIND**-2))))
            self.factors[label(key)] = factors


def label(key: tuple) -> str:
    """The name of a spectrum in files."""
    product, nonlinear, *pair = key
    return " ".join([product, "nonlinear" if nonlinear else "linear", *pair])
