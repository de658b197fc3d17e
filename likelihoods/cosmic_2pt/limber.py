"""Angular power spectra of shear and galaxy positions: Limber's integrals by pyccl."""

from dataclasses import dataclass, field

import numpy as np
import pyccl

from .twopoint_file import Distributions

# C_1 rho_crit of the intrinsic alignments' amplitude, as in the DES papers (1708.01538, eq. 8)
ALIGNMENT = 0.0134


@dataclass
class Universe:
    """What the likelihood needs of a cosmology.

    Attributes
    ----------
    h, omega_m : float
        omega_m = Omega_m, all matter, neutrinos included.
    z, hubble, distance : arrays, shape (n_z,)
        From z = 0 on; H(z) in km/s/Mpc and the comoving distance in Mpc.
    k, pk_z, pk : arrays, shapes (n_k,), (n_p,), (n_p, n_k)
        Matter power spectrum, nonlinear, in Mpc^3, k in 1/Mpc, z increasing from 0.
    """

    h: float
    omega_m: float
    z: np.ndarray
    hubble: np.ndarray
    distance: np.ndarray
    k: np.ndarray
    pk_z: np.ndarray
    pk: np.ndarray

    def growth(self, z: np.ndarray) -> np.ndarray:
        """Linear growth factor, 1 today: that of the power at k = 0.001/Mpc."""
        scale = np.argmin(np.abs(np.log(self.k / 1e-3)))
        return np.interp(z, self.pk_z, np.sqrt(self.pk[:, scale] / self.pk[0, scale]))

    def calculator(self) -> pyccl.CosmologyCalculator:
        a = 1 / (1 + self.z[::-1])
        # Only h and Omega_m count: the rest comes from the tables. The growth factor serves the
        # power spectrum beyond its last redshift.
        return pyccl.CosmologyCalculator(
            Omega_c=self.omega_m - 0.05,
            Omega_b=0.05,
            h=self.h,
            n_s=0.96,
            sigma8=0.8,
            background={
                "a": a,
                "chi": self.distance[::-1],
                "h_over_h0": self.hubble[::-1] / self.hubble[0],
            },
            growth={
                "a": a,
                "growth_factor": self.growth(self.z)[::-1],
                "growth_rate": np.ones(len(a)),
            },
            pk_nonlin={
                "a": 1 / (1 + self.pk_z[::-1]),
                "k": self.k,
                "delta_matter:delta_matter": self.pk[::-1],
            },
        )


@dataclass
class Nuisance:
    """Nuisance parameters; lists have one entry a bin."""

    shift_source: list[float]
    shear: list[float]
    a_ia: float = 0.0
    alpha_ia: float = 0.0
    z0_ia: float = 0.62
    shift_lens: list[float] = field(default_factory=list)
    bias: list[float] = field(default_factory=list)


def shifted(distribution: Distributions, bin_: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """n(z - shift) of one bin."""
    moved = np.interp(
        distribution.z - shift, distribution.z, distribution.n_z[bin_], left=0, right=0
    )
    return distribution.z, moved


def source_tracers(cosmo, universe: Universe, sources: Distributions, nuisance: Nuisance) -> list:
    """Shear with nonlinear alignments (NLA): A [(1+z)/(1+z0)]^alpha."""
    z = sources.z
    amplitude = (
        -ALIGNMENT
        * nuisance.a_ia
        * ((1 + z) / (1 + nuisance.z0_ia)) ** nuisance.alpha_ia
        * universe.omega_m
        / universe.growth(z)
    )
    return [
        pyccl.WeakLensingTracer(
            cosmo, dndz=shifted(sources, i, shift), ia_bias=(z, amplitude), use_A_ia=False
        )
        for i, shift in enumerate(nuisance.shift_source)
    ]


def lens_tracers(cosmo, lenses: Distributions, nuisance: Nuisance) -> list:
    """Galaxy positions with a linear bias in each bin."""
    return [
        pyccl.NumberCountsTracer(
            cosmo,
            has_rsd=False,
            dndz=shifted(lenses, i, shift),
            bias=(lenses.z, np.full(len(lenses.z), bias)),
        )
        for i, (shift, bias) in enumerate(zip(nuisance.shift_lens, nuisance.bias, strict=True))
    ]


def spectrum(cosmo, first, second, ells: np.ndarray) -> np.ndarray:
    return pyccl.angular_cl(cosmo, first, second, ells, limber_integration_method="spline")
