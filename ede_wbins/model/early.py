"""Early dark energy as the effective fluid of an oscillating axion-like field."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.species import massless_density, photon_density

# Neutrinos are taken as massless, so that varpi_0 does not move with their masses.
N_EFF = 3.044


@dataclass(frozen=True)
class EDEFluid:
    """
    Cycle-averaged fluid of a field in V = m^2 f^2 (1 - cos(phi/f))^n (1806.10608, eq. 20-30).

    Parameters
    ----------
    fEDE : float
        rho_EDE/rho_total at the critical redshift, in [0, 1).
    log10z_c : float
        log10 of the critical redshift z_c.
    thetai_ede : float
        Initial field value phi_i/f, in (0, pi).
    n_ede : float
        Exponent of the potential, above 1 (1 is matter).

    Raises
    ------
    EDEWBinsError
        If a value is out of range.
    """

    fEDE: float
    log10z_c: float
    thetai_ede: float
    n_ede: float = 3.0

    def __post_init__(self):
        for name, allowed, good in (
            ("fEDE", "0 or more and below 1", 0 <= self.fEDE < 1),
            ("log10z_c", "a finite number", np.isfinite(self.log10z_c)),
            ("thetai_ede", "between 0 and pi", 0 < self.thetai_ede < np.pi),
            ("n_ede", "above 1", 1 < self.n_ede < np.inf),
        ):
            if not good:
                raise EDEWBinsError(f"{name} = {getattr(self, name)!r}: must be {allowed}")

    @property
    def z_c(self) -> float:
        """Critical redshift."""
        return 10.0**self.log10z_c

    @property
    def a_c(self) -> float:
        """Critical scale factor."""
        return 1 / (1 + self.z_c)

    @property
    def w_n(self) -> float:
        """Equation of state after z_c (1806.10608, eq. 20)."""
        return (self.n_ede - 1) / (self.n_ede + 1)

    def w_at(self, z: ArrayLike) -> np.ndarray:
        """Equation of state at redshifts `z` (1806.10608, eq. 21)."""
        return (1 + self.w_n) / (1 + self._x(z)) - 1

    def density(self, z: ArrayLike) -> np.ndarray:
        """rho(z)/rho(z_c) at redshifts `z` (1806.10608, eq. 22)."""
        return 2 / (1 + 1 / self._x(z))

    def adiabatic_sound_speed2(self, z: ArrayLike) -> np.ndarray:
        """c_a^2 = w - w'/(3 calH (1+w)) at redshifts `z`."""
        x = self._x(z)
        return (self.w_n - x * (2 + self.w_n)) / (1 + x)

    def sound_speed2(self, k: ArrayLike, z: ArrayLike, varpi_0: float) -> np.ndarray:
        """
        c_s^2 in the fluid's rest frame (1806.10608, eq. 23-30).

        Parameters
        ----------
        k : array_like
            Wavenumbers in 1/Mpc, broadcast against `z`.
        z : array_like
            Redshifts.
        varpi_0 : float
            Frequency of the oscillation today in 1/Mpc; 0 gives c_s^2 = 1.
        """
        a = 1 / (1 + np.asarray(z, dtype=float))
        oscillation = 2 * (a * varpi_0 * a ** (-3 * self.w_n)) ** 2
        k2 = np.square(k)
        return ((self.n_ede - 1) * oscillation + k2) / ((self.n_ede + 1) * oscillation + k2)

    def varpi_0(self, T_cmb: float = 2.7255) -> float:
        """
        Frequency of the field's oscillation today in 1/Mpc (1806.10608, eq. 27 and 30).

        The field starts to roll in radiation domination, whatever z_c is: a field thawing at
        time p/H has p = 1/2 and H^2 = rho_r there.
        """
        n, theta, a_c = self.n_ede, self.thetai_ede, self.a_c
        p, thawed = 1 / 2, 7 / 8
        radiation = photon_density(T_cmb) + massless_density(N_EFF, T_cmb)
        t_c = p * a_c**2 / np.sqrt(radiation)
        # mu times (1 - cos theta)^((n-1)/2), which cancels in varpi_0.
        mu = np.sqrt((1 - thawed) * (6 * p + 2) * theta / (n * np.sin(theta))) / t_c
        return float(
            mu
            * np.sqrt(np.pi)
            * gamma((n + 1) / (2 * n))
            / gamma(1 + 1 / (2 * n))
            * 2 ** (-(n**2 + 1) / (2 * n))
            * 3 ** ((1 / n - 1) / 2)
            * a_c ** (3 - 6 / (n + 1))
            * (a_c ** (6 * n / (n + 1)) + 1) ** ((1 / n - 1) / 2)
        )

    def _x(self, z: ArrayLike) -> np.ndarray:
        return ((1 + np.asarray(z, dtype=float)) * self.a_c) ** (3 * (1 + self.w_n))
