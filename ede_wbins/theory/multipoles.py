"""Spectra at fewer multipoles, from which the others follow."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline

_ALL_BELOW, _STEP = 50, 10


@lru_cache(maxsize=8)
def nodes(l_max: int) -> np.ndarray:
    """
    Multipoles from 2 to `l_max` at which spectra are kept: all low ones, then every tenth.

    Boltzmann codes compute no more of them, and interpolate: a cubic spline of l(l+1)C_l through
    these gives the spectra back to 1% of the error bars of a Planck-like experiment.
    """
    low = np.arange(2, min(_ALL_BELOW, l_max) + 1)
    return np.unique(np.concatenate([low, np.arange(_ALL_BELOW, l_max, _STEP), [l_max]]))


def at_all(spectra: np.ndarray, l_max: int) -> np.ndarray:
    """C_l at l = 2 to `l_max`, shape (..., l_max - 1), from those at the nodes, shape (..., n)."""
    known, ell = nodes(l_max), np.arange(2, l_max + 1)
    scaled = CubicSpline(known, spectra * (known * (known + 1)), axis=-1)(ell)
    return scaled / (ell * (ell + 1))


@lru_cache(maxsize=8)
def represented(l_max: int) -> np.ndarray:
    """How many multipoles each node stands for."""
    known = nodes(l_max)
    ends = np.concatenate([[known[0] - 0.5], (known[1:] + known[:-1]) / 2, [known[-1] + 0.5]])
    return np.diff(ends)
