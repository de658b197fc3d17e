"""Noise of CMB spectra: what makes one error of an emulated spectrum count more than another."""

from collections.abc import Mapping

import numpy as np

SKY = 0.7
"""Fraction of the sky."""

# White noise in muK arcmin of a map that combines today's experiments (as deep as Planck on large
# scales), and the full width of its beam in arcmin.
_TEMPERATURE, _POLARISATION, _BEAM = 25.0, 45.0, 5.0
_T_CMB = 2.7255
_ARCMIN = np.pi / 180 / 60
# Lensing reconstruction: noise over signal where the signal peaks.
_LENSING = 1.0


def standard_deviations(spectra: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """
    Cosmic variance and a Planck-like noise of each multipole.

    Parameters
    ----------
    spectra : mapping
        Dimensionless C_l from l = 2 on, by name: "tt", "te", "ee", "bb", "pp", "tp", ... Each shape
        (l_max - 1,). TE needs TT and EE; where they are missing TT's or EE's own noise stands in.

    Returns
    -------
    sd : dict of ndarray
        Standard deviations of the C_l, in the same units and shapes.
    """
    l_max = 1 + max(len(each) for each in spectra.values())
    ell = np.arange(2, l_max + 1)
    beam = np.exp(ell * (ell + 1) * (_BEAM * _ARCMIN) ** 2 / (8 * np.log(2)))
    white = {"t": _TEMPERATURE, "e": _POLARISATION, "b": _POLARISATION}
    noise = {x: (level * _ARCMIN / (1e6 * _T_CMB)) ** 2 * beam for x, level in white.items()}
    if "pp" in spectra:
        reference = np.abs(spectra["pp"]) * (ell[: len(spectra["pp"])] * 1.0) ** 4
        noise["p"] = np.resize(_LENSING * reference.max(), len(ell)) / ell**4.0

    def power(x: str, n: int) -> np.ndarray:
        signal = np.abs(spectra[2 * x][:n]) if 2 * x in spectra else 0.0
        return signal + noise.get(x, np.zeros(len(ell)))[:n]

    sd = {}
    for name, cl in spectra.items():
        n, (a, b) = len(cl), name
        variance = (cl**2 + power(a, n) * power(b, n)) / ((2 * ell[:n] + 1) * SKY)
        sd[name] = np.sqrt(variance)
    return sd
