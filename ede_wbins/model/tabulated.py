"""The closed-form background, quick: massive neutrinos from a table."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from ede_wbins.model.background import Background
from ede_wbins.model.species import massive_neutrino


class TabulatedBackground(Background):
    """A `Background` whose massive neutrinos come from a spline, good to 1e-9 of their density."""

    def _massive(self, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        z = np.asarray(z, dtype=float)
        if not self.m_ncdm:
            return np.zeros_like(z), np.zeros_like(z)
        if z.ndim == 0 and z == 0:
            return _today(self.m_ncdm, self.T_ncdm, self.T_cmb)
        logs = _table(self.m_ncdm, self.T_ncdm, self.T_cmb)(np.log1p(z))
        return np.exp(logs[..., 0]), np.exp(logs[..., 1])


@lru_cache(maxsize=8)
def _today(m_ncdm: tuple[float, ...], T_ncdm: float, T_cmb: float) -> tuple[float, float]:
    # Asked for many times in each universe.
    density, pressure = np.exp(_table(m_ncdm, T_ncdm, T_cmb)(0.0))
    return density, pressure


@lru_cache(maxsize=8)
def _table(m_ncdm: tuple[float, ...], T_ncdm: float, T_cmb: float) -> CubicSpline:
    n = np.linspace(0, 20, 2001)
    each = [massive_neutrino(np.expm1(n), m, T_ncdm, T_cmb) for m in m_ncdm]
    return CubicSpline(n, np.log(np.sum(each, axis=0)).T)
