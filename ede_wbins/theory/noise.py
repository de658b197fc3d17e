"""Noise of CMB spectra: what makes one error of an emulated spectrum count more than another."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from ede_wbins.theory.multipoles import nodes, represented

SKY = 0.7
"""Fraction of the sky."""

# White noise in muK arcmin of a map that combines today's experiments (as deep as Planck on large
# scales), and the full width of its beam in arcmin.
_TEMPERATURE, _POLARISATION, _BEAM = 25.0, 45.0, 5.0
_T_CMB = 2.7255
_ARCMIN = np.pi / 180 / 60
# Lensing reconstruction: noise over signal where the signal peaks.
_LENSING = 1.0
# Edges of the ranges of multipoles in which a likelihood is asked for its own noise.
_BINS = np.concatenate([[2, 6, 12, 20, 30], np.arange(60, 1000, 40), np.arange(1000, 10001, 100)])
# A likelihood that does not look is not given more than so many times the noise below.
_BLIND = 100.0


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


class Noise:
    """
    Standard deviations of spectra: a Planck-like experiment's, until likelihoods tell their own.

    Parameters
    ----------
    spectra : mapping
        C_l from l = 2 on, by (product, name); see `standard_deviations`.
    """

    def __init__(self, spectra: Mapping[tuple[str, str], np.ndarray]):
        self._each = {}
        for product in dict.fromkeys(product for product, _ in spectra):
            own = {name: cl for (each, name), cl in spectra.items() if each == product}
            for name, sd in standard_deviations(own).items():
                self._each[product, name] = sd
        self.factors: dict[str, list[float]] = {}

    def at_nodes(self) -> np.ndarray:
        """Standard deviation of each node of all spectra, for the multipoles that it stands for."""
        found = []
        for key, sd in self._each.items():
            l_max = 1 + len(sd)
            factor = np.ones(len(sd))
            for (first, last), value in zip(
                _ranges(l_max), self.factors.get(" ".join(key), ()), strict=False
            ):
                factor[first - 2 : last - 2] = value
            at = nodes(l_max)
            found.append((sd * factor)[at - 2] / np.sqrt(represented(l_max)))
        return np.concatenate(found) if found else np.empty(0)

    def measure(self, loglike: Callable[[tuple[str, str], np.ndarray], float]) -> None:
        """
        Take the noise from how fast ln L falls when the spectra of a range of multipoles move.

        Parameters
        ----------
        loglike : callable
            ln L with an array added to one spectrum, (product, name), from l = 2 on. Its curvature
            is the information of that range, whatever the likelihood.
        """
        still = None
        for key, sd in self._each.items():
            still = loglike(key, np.zeros(len(sd))) if still is None else still
            factors = []
            for first, last in _ranges(1 + len(sd)):
                shift = np.zeros(len(sd))
                # One standard deviation of the amplitude of the range.
                inside = slice(first - 2, last - 2)
                shift[inside] = sd[inside] / np.sqrt(last - first)
                information = 2 * still - loglike(key, shift) - loglike(key, -shift)
                # NaN where the likelihood has no answer: as if it did not look.
                factors.append(float(1 / np.sqrt(max(np.nan_to_num(information), _BLIND**-2))))
            self.factors[" ".join(key)] = factors


def _ranges(l_max: int) -> list[tuple[int, int]]:
    """First multipole of each range, and one past its last."""
    return list(pairwise([*_BINS[l_max >= _BINS].tolist(), l_max + 1]))
