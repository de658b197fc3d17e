"""Expansion history of a flat universe with early and late dark energy, in closed form."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.early import EDEFluid
from ede_wbins.model.late import WBins
from ede_wbins.model.panels import Panels, reaching
from ede_wbins.model.species import (
    KM_S_MPC,
    massive_neutrino,
    massless_density,
    photon_density,
)

LAMBDA = WBins((1.0,), (-1.0,))
"""A cosmological constant."""

_ITERATIONS = 30


@dataclass(frozen=True)
class Background:
    """
    Densities, expansion rate and distances. Densities are 8 pi G rho/3 in Mpc^-2.

    Parameters
    ----------
    H0 : float
        Hubble constant in km/s/Mpc.
    omega_b, omega_cdm : float
        Baryon and cold dark matter densities Omega h^2.
    N_ur : float
        Number of massless neutrinos.
    m_ncdm : tuple of float
        Mass in eV of each massive neutrino.
    T_ncdm : float
        Temperature of the massive neutrinos in units of the photons'.
    T_cmb : float
        Photon temperature in K.
    late : WBins
        Late dark energy, whose density closes the universe.
    ede : EDEFluid, optional
        Early dark energy.

    Raises
    ------
    EDEWBinsError
        If no density is left for late dark energy.
    """

    H0: float
    omega_b: float
    omega_cdm: float
    N_ur: float = 2.0308
    m_ncdm: tuple[float, ...] = (0.06,)
    T_ncdm: float = 0.71611
    T_cmb: float = 2.7255
    late: WBins = LAMBDA
    ede: EDEFluid | None = None

    def __post_init__(self):
        if not self.rho_late_0 > 0:
            raise EDEWBinsError(
                f"H0 = {self.H0!r}, omega_cdm = {self.omega_cdm!r}: "
                "no density is left for late dark energy"
            )

    @cached_property
    def rho_ede_c(self) -> float:
        """Density of early dark energy at z_c: fEDE of the total there, 0 without it."""
        if self.ede is None:
            return 0.0
        constant, per_fill = self._ede_c
        return constant + per_fill * self._fill

    @cached_property
    def rho_late_0(self) -> float:
        """Density of late dark energy today."""
        return float(self._fill - self._rho_ede(0.0))

    @cached_property
    def Omega_m(self) -> float:
        """Matter today over the critical density: baryons, dark matter and slow neutrinos."""
        density, pressure = self._massive(0.0)
        matter = (self.omega_b + self.omega_cdm) * (100 * KM_S_MPC) ** 2
        return float(matter + density - 3 * pressure) / (self.H0 * KM_S_MPC) ** 2

    def densities(self, z: ArrayLike) -> dict[str, np.ndarray]:
        """Densities at redshifts `z` of "matter_radiation", "ede" and "late"."""
        return {
            "matter_radiation": self._rho_matter_radiation(z),
            "ede": self._rho_ede(z),
            "late": self.rho_late_0 * self.late.density(z),
        }

    def hubble(self, z: ArrayLike) -> np.ndarray:
        """H(z) in 1/Mpc at redshifts `z`; divide by `species.KM_S_MPC` for km/s/Mpc."""
        return np.sqrt(sum(self.densities(z).values()))

    def f_ede(self, z: ArrayLike) -> np.ndarray:
        """Fraction of early dark energy in the total density at redshifts `z`."""
        rho = self.densities(z)
        return rho["ede"] / sum(rho.values())

    def ede_peak(self) -> tuple[float, float]:
        """
        The true maximum of f_EDE(z): (f_ede_max, z_ede_max), and (0, 0) without EDE.

        f_EDE is stationary where early dark energy has the equation of state of the total.
        """
        if self.ede is None:
            return 0.0, 0.0
        n = np.linspace(0, np.log1p(self.ede.z_c) + 10, 4001)
        i = int(np.argmax(self.f_ede(np.expm1(n))))
        if 0 < i < n.size - 1:
            peak = brentq(lambda m: self._excess_w(np.expm1(m)), n[i - 1], n[i + 1], xtol=1e-13)
        else:
            peak = n[i]
        z = float(np.expm1(peak))
        return float(self.f_ede(z)), z

    def comoving_distance(self, z: ArrayLike) -> np.ndarray:
        """Transverse comoving distance in Mpc to redshifts `z`, in the shape of `z`."""
        z = np.asarray(z, dtype=float)
        panels, weights = reaching(tuple(z.ravel().tolist()), self._kinks)
        return (weights @ (1 / self.hubble(panels.z))).reshape(z.shape)

    def with_angle(self, theta_s: float, rs_rec: float, z_rec: float) -> Self:
        """
        The same densities with the Hubble constant at which the sound horizon has an angle.

        Parameters
        ----------
        theta_s : float
            Angle in radian.
        rs_rec, z_rec : float
            Comoving sound horizon in Mpc at recombination, and its redshift: both hardly move
            with the Hubble constant.

        Raises
        ------
        EDEWBinsError
            If there is none.
        """
        n = np.log1p([z_rec])
        panels = Panels.up_to(n[0], self._kinks)
        z, weight = panels.z, panels.weights(n)[0]
        # All densities are linear in what is left for dark energy today, `fill`.
        at_zero = self._matter_radiation_0
        fixed, slope = self._rho_matter_radiation(z), self.late.density(z)
        if self.ede is not None:
            constant, per_fill = self._ede_c
            shape = self.ede.density(z) - self.ede.density(0.0) * slope
            fixed, slope = fixed + constant * shape, slope + per_fill * shape
        fill = (68 * KM_S_MPC) ** 2 - at_zero
        with np.errstate(all="ignore"):
            for _ in range(_ITERATIONS):
                H2 = fixed + fill * slope
                each = weight / np.sqrt(H2)
                distance = each.sum()
                # Newton's steps in 1/distance^2, which is nearly linear.
                step = ((theta_s / rs_rec) ** 2 - distance**-2) * distance**3
                step /= np.sum(each * slope / H2)
                # From far above it would end below 0.
                fill = max(fill + step, fill / 10)
                if abs(step) < 1e-10 * (fill + at_zero):
                    return self._with_H0(float(np.sqrt(fill + at_zero) / KM_S_MPC))
        raise EDEWBinsError(f"theta_s = {float(theta_s)!r}: no H0 gives this angle")

    def _with_H0(self, H0: float) -> Self:
        """The same densities with another Hubble constant, of which some things are known."""
        kept = {*(field.name for field in fields(self)), "_matter_radiation_0", "_ede_c"}
        found = object.__new__(type(self))
        vars(found).update({k: v for k, v in vars(self).items() if k in kept}, H0=H0)
        found.__post_init__()
        return found

    @cached_property
    def _fill(self) -> float:
        return (self.H0 * KM_S_MPC) ** 2 - self._matter_radiation_0

    @cached_property
    def _matter_radiation_0(self) -> float:
        return float(self._rho_matter_radiation(0.0))

    @cached_property
    def _ede_c(self) -> tuple[float, float]:
        """The density of early dark energy at z_c, as constant and per density of `_fill`."""
        ratio = self.ede.fEDE / (1 - self.ede.fEDE)
        growth = float(self.late.density(self.ede.z_c))
        # Late dark energy fills what is left today, also by the remnant of the early one.
        ratio /= 1 + ratio * growth * float(self.ede.density(0.0))
        return ratio * float(self._rho_matter_radiation(self.ede.z_c)), ratio * growth

    @property
    def _kinks(self) -> tuple[float, ...]:
        return tuple(np.log1p(self.late.breakpoints()).tolist())

    def _rho_ede(self, z: ArrayLike) -> np.ndarray:
        if self.ede is None:
            return np.zeros(np.shape(z))
        return self.rho_ede_c * self.ede.density(z)

    def _massless(self) -> float:
        return photon_density(self.T_cmb) + massless_density(self.N_ur, self.T_cmb)

    def _massive(self, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        each = [massive_neutrino(z, m, self.T_ncdm, self.T_cmb) for m in self.m_ncdm]
        return sum(rho for rho, _ in each), sum(p for _, p in each)

    def _rho_matter_radiation(self, z: ArrayLike) -> np.ndarray:
        x = 1 + np.asarray(z, dtype=float)
        matter = (self.omega_b + self.omega_cdm) * (100 * KM_S_MPC) ** 2
        # Products: NumPy's powers take several times as long.
        return x * x * x * (matter + self._massless() * x) + self._massive(z)[0]

    def _excess_w(self, z: float) -> float:
        rho = self.densities(z)
        massless = self._massless() * (1 + z) ** 4 / 3
        pressure = massless + self._massive(z)[1] + self.late.w_at(z) * rho["late"]
        pressure += self.ede.w_at(z) * rho["ede"]
        return float(self.ede.w_at(z) - pressure / sum(rho.values()))
