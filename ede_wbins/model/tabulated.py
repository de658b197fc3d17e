"""The closed-form background, quick: massive neutrinos from a table, and H0 from theta_s."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.optimize import newton

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.background import Background
from ede_wbins.model.species import massive_neutrino


class TabulatedBackground(Background):
    """A `Background` whose massive neutrinos come from a spline, good to 1e-9 of their density."""

    def _massive(self, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        z = np.asarray(z, dtype=float)
        if not self.m_ncdm:
            return np.zeros_like(z), np.zeros_like(z)
        logs = _table(self.m_ncdm, self.T_ncdm, self.T_cmb)(np.log1p(z))
        return np.exp(logs[..., 0]), np.exp(logs[..., 1])


@lru_cache(maxsize=8)
def _table(m_ncdm: tuple[float, ...], T_ncdm: float, T_cmb: float) -> CubicSpline:
    n = np.linspace(0, 20, 2001)
    each = [massive_neutrino(np.expm1(n), m, T_ncdm, T_cmb) for m in m_ncdm]
    return CubicSpline(n, np.log(np.sum(each, axis=0)).T)


def hubble_constant(
    theta_s: float, rs_rec: float, z_rec: float, background: Callable[[float], Background]
) -> float:
    """
    H0 in km/s/Mpc at which the sound horizon is seen under an angle.

    Parameters
    ----------
    theta_s : float
        Angle in radian.
    rs_rec, z_rec : float
        Comoving sound horizon in Mpc at recombination, and its redshift: both hardly move with H0.
    background : callable
        Gives the background for an H0.

    Raises
    ------
    EDEWBinsError
        If there is none.
    """
    z = np.array([z_rec])

    def excess(h: float) -> float:
        return float(np.log(background(100 * h).comoving_distance(z)[0] * theta_s / rs_rec))

    try:
        return 100 * newton(excess, 0.68, x1=0.70, tol=1e-7, rtol=1e-8, maxiter=30)
    except (RuntimeError, EDEWBinsError, FloatingPointError):
        raise EDEWBinsError(f"theta_s = {theta_s!r}: no H0 gives this angle") from None
