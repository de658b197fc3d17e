"""Photons and massive neutrinos, with the physical constants that CLASS compiles in."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

# The values in CLASS 3.4.1, include/background.h (CODATA 2006). H(z) is compared with CLASS at
# 1e-8, where newer constants would already differ.
MPC_IN_M = 3.085677581282e22
C_IN_M_S = 2.99792458e8
G_IN_SI = 6.67428e-11
EV_IN_J = 1.602176487e-19
K_B_IN_J_K = 1.3806504e-23
H_P_IN_J_S = 6.62606896e-34

KM_S_MPC = 1e3 / C_IN_M_S
"""1 km/s/Mpc in 1/Mpc."""

# From energy densities in J/m^3 to 8 pi G rho/(3 c^4) in Mpc^-2.
_MPC2_PER_J_M3 = 8 * np.pi * G_IN_SI / (3 * C_IN_M_S**4) * MPC_IN_M**2


def photon_density(T_cmb: float) -> float:
    """Photon density today, 8 pi G rho/3 in Mpc^-2, for a temperature `T_cmb` in K."""
    stefan_boltzmann = 2 * np.pi**5 * K_B_IN_J_K**4 / (15 * H_P_IN_J_S**3 * C_IN_M_S**2)
    return _MPC2_PER_J_M3 * 4 * stefan_boltzmann / C_IN_M_S * T_cmb**4


def massless_density(n_ur: float, T_cmb: float) -> float:
    """Density today of `n_ur` massless neutrinos at instantaneous decoupling, in Mpc^-2."""
    return n_ur * 7 / 8 * (4 / 11) ** (4 / 3) * photon_density(T_cmb)


def massive_neutrino(
    z: ArrayLike, mass: float, T_ncdm: float, T_cmb: float
) -> tuple[np.ndarray, np.ndarray]:
    """
    Density and pressure of one massive neutrino (and its antineutrino), in Mpc^-2.

    Parameters
    ----------
    z : array_like
        Redshifts.
    mass : float
        Mass in eV.
    T_ncdm : float
        Temperature in units of the photons'.
    T_cmb : float
        Photon temperature today in K.

    Returns
    -------
    density, pressure : ndarray, each in the shape of `z`
    """
    temperature = K_B_IN_J_K * T_ncdm * T_cmb
    a = 1 / (1 + np.asarray(z, dtype=float))
    q, weight = _momenta()
    energy = np.hypot(q, a[..., None] * mass * EV_IN_J / temperature)
    hbar_c = H_P_IN_J_S / (2 * np.pi) * C_IN_M_S
    factor = _MPC2_PER_J_M3 * temperature**4 / (np.pi**2 * hbar_c**3) / a**4
    return factor * (energy @ weight), factor * ((q**2 / energy) @ weight) / 3


@lru_cache(maxsize=1)
def _momenta() -> tuple[np.ndarray, np.ndarray]:
    # Momenta over temperature, with q^2/(e^q + 1) in the weights. The panels end where the
    # distribution has dropped by e^-50, and are short near q = 0, where sqrt(q^2 + m^2) bends.
    node, weight = np.polynomial.legendre.leggauss(24)
    low, high = np.array([[0, 0.01, 0.1, 1, 4, 9, 18, 30], [0.01, 0.1, 1, 4, 9, 18, 30, 50]])
    half = (high - low)[:, None] / 2
    q = (low[:, None] + half * (1 + node)).ravel()
    return q, (half * weight).ravel() * q**2 / (np.exp(q) + 1)
