"""From angular power spectra to correlation functions: xi(theta) = sum_l (2l+1)/4pi C_l J(l theta).

Bessel functions of (l + 1/2) theta stand for the curved sky's Wigner functions, and are averaged
over each angular bin in closed form where its edges are known.
"""

from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import j0, j1, jn

ORDER = {"xip": 0, "xim": 4, "gammat": 2, "wtheta": 0}
L_MAX = 50_000
# Multipoles at which C_l is computed; a spline of l C_l in ln l fills in the others.
NODES = np.unique(
    np.concatenate([np.arange(2, 20, 2), np.geomspace(20, L_MAX, 80).round()])
).astype(int)
ARCMIN = np.pi / 180 / 60


@cache
def spline_matrix() -> np.ndarray:
    """C_l at l = 2 ... L_MAX from C_l at the nodes, as a matrix."""
    ells = np.arange(2, L_MAX + 1)
    spline = CubicSpline(np.log(NODES), np.diag(NODES.astype(float)))
    return spline(np.log(ells)) / ells[:, None]


def bessel_integral(order: int, x: np.ndarray) -> np.ndarray:
    """Indefinite integral of x J_order(x), for the orders 0, 2 and 4."""
    if order == 0:
        return x * j1(x)
    if order == 2:
        return -x * j1(x) - 2 * j0(x)
    return (x - 8 / x) * j1(x) - 8 * jn(2, x)


def kernels(order: int, angles: np.ndarray) -> np.ndarray:
    """The Bessel function at each angle, or its average over each bin, shape (n, L_MAX - 1).

    Parameters
    ----------
    order : int
    angles : array, shape (n, 1) or (n, 2)
        Angles, or the edges of bins, in arcmin.
    """
    ells = np.arange(2, L_MAX + 1) + 0.5
    if angles.shape[1] == 1:
        return jn(order, angles * ARCMIN * ells)
    low, high = (np.outer(edge * ARCMIN, ells) for edge in angles.T)
    return 2 * (bessel_integral(order, high) - bessel_integral(order, low)) / (high**2 - low**2)


def projection(kind: str, angles: np.ndarray) -> np.ndarray:
    """The matrix that makes correlation functions of C_l at `NODES`, shape (n, len(NODES)).

    Parameters
    ----------
    kind : str
        One of `ORDER`.
    angles : array, shape (n, 1) or (n, 2)
        As in `kernels`.
    """
    ells = np.arange(2, L_MAX + 1)
    weights = kernels(ORDER[kind], angles) * (2 * ells + 1) / (4 * np.pi)
    return weights @ spline_matrix()
