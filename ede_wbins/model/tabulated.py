"""The closed-form background, quick: massive neutrinos from a table."""

from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from ede_wbins.model.background import Background
from ede_wbins.model.species import massive_neutrino

_GROWTH_INDEX = 0.55
# Steps in ln(1+z) of the growth, from where matter has it all.
_N = np.linspace(0, np.log(100), 231)
_Z = np.expm1(_N)


class TabulatedBackground(Background):
    """A `Background` whose massive neutrinos come from a spline, good to 1e-9 of their density."""

    def _massive(self, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        z = np.asarray(z, dtype=float)
        if not self.m_ncdm:
            return np.zeros_like(z), np.zeros_like(z)
        density, pressure = _massive(z.tobytes(), self.m_ncdm, self.T_ncdm, self.T_cmb)
        return density.reshape(z.shape), pressure.reshape(z.shape)

    def log_growth(self, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """
        Linear growth with f = Omega_m(z)^0.55 (astro-ph/0507263), good to a per cent.

        Parameters
        ----------
        z : array_like
            Redshifts from 0 to 99.

        Returns
        -------
        ln_D, ln_f : ndarray
            Logarithms of the growth factor, which is 1/(1+z) in the matter era, and of the growth
            rate dlnD/dln a.
        """
        n = np.log1p(z)
        suppression, rate = self._growth
        return np.interp(n, _N, suppression) - n, np.interp(n, _N, rate)

    @cached_property
    def _growth(self) -> tuple[np.ndarray, np.ndarray]:
        """ln[(1+z) D] and ln f at all steps."""
        late = self.rho_late_0 * self.late.density(_Z)
        rate = (1 + late / self._rho_matter_radiation(_Z)) ** -_GROWTH_INDEX
        steps = np.diff(_N) * (1 - (rate[1:] + rate[:-1]) / 2)
        return np.append(-np.cumsum(steps[::-1])[::-1], 0.0), np.log(rate)


@lru_cache(maxsize=64)
def _massive(z: bytes, m_ncdm: tuple[float, ...], T_ncdm: float, T_cmb: float) -> np.ndarray:
    """Density and pressure: most redshifts come again in each universe."""
    found = np.exp(_table(m_ncdm, T_ncdm, T_cmb)(np.log1p(np.frombuffer(z)))).T
    found.flags.writeable = False
    return found


@lru_cache(maxsize=8)
def _table(m_ncdm: tuple[float, ...], T_ncdm: float, T_cmb: float) -> CubicSpline:
    n = np.linspace(0, 20, 2001)
    each = [massive_neutrino(np.expm1(n), m, T_ncdm, T_cmb) for m in m_ncdm]
    return CubicSpline(n, np.log(np.sum(each, axis=0)).T)
