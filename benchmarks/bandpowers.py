"""Whitened CMB bandpowers: a change of spectra in standard deviations of an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.io import FortranFile
from scipy.linalg import solve_triangular

SPECTRA = ("tt", "te", "ee")


@dataclass(frozen=True)
class Bandpowers:
    """Linear bandpowers of C_l (muK^2) with a covariance.

    Attributes
    ----------
    name
        What it is called in a table.
    windows
        For each of TT, TE, EE, shape (n, l_max + 1): what C_l from l = 0 on is multiplied with.
    cholesky
        Lower factor of the covariance, shape (N, N), N all bandpowers.
    data
        Measured bandpowers, shape (N,), or None.
    """

    name: str
    windows: tuple[np.ndarray, ...]
    cholesky: np.ndarray
    data: np.ndarray | None = None

    def white(self, cl: Mapping[str, np.ndarray]) -> np.ndarray:
        """Bandpowers of spectra in units of the noise, shape (N,)."""
        rows = zip(SPECTRA, self.windows, strict=True)
        binned = np.concatenate([each @ cl[name][: each.shape[1]] for name, each in rows])
        return solve_triangular(self.cholesky, binned, lower=True)

    def residual(self, cl: Mapping[str, np.ndarray], seed: int = 1) -> np.ndarray:
        """Theory minus data, whitened; without data, minus a mock with noise around the theory."""
        if self.data is None:
            return np.random.default_rng(seed).standard_normal(len(self.cholesky))
        return self.white(cl) - solve_triangular(self.cholesky, self.data, lower=True)


def plik_lite(data: Path) -> Bandpowers:
    """Planck 2018 plik-lite TT, TE, EE (1907.12875), l from 30 to 2508."""
    folder = data / "planck_2018_pliklite_native"
    low, high = (
        np.loadtxt(folder / f"{name}.dat").astype(int)[:215] for name in ("blmin", "blmax")
    )
    weight = np.loadtxt(folder / "bweight.dat")
    windows = np.zeros((len(low), 30 + high.max() + 1))
    for row, (a, b) in zip(windows, zip(low, high, strict=True), strict=True):
        row[30 + a : 30 + b + 1] = weight[a : b + 1]
    covariance = _symmetric(folder / "c_matrix_plik_v22.dat", 613)
    measured = np.loadtxt(folder / "cl_cmb_plik_v22.dat")[:, 1]
    factor = np.linalg.cholesky(covariance)
    return Bandpowers("plik-lite", (windows, windows[:199], windows[:199]), factor, measured)


def act_dr4(data: Path, l_max: int) -> Bandpowers:
    """
    ACT DR4 TT, TE, EE, deep and wide (2007.07289), of the bins that end at or below l_max.

    The released window functions are not at hand: bins are top hats, flat in C_l, which is enough
    to weigh errors of spectra, not to fit the data.
    """
    folder = data / "act_dr4"
    low, high = np.loadtxt(folder / "Binning.dat")[:, :2].astype(int).T
    windows = np.array(
        [
            (np.arange(l_max + 1) >= a) & (np.arange(l_max + 1) <= b)
            for a, b in zip(low, high, strict=True)
        ]
    )
    windows = windows / np.maximum(1, high - low + 1)[:, None]
    of_spectrum = [np.arange(5, 45), np.arange(45), np.arange(45)]
    used = [np.flatnonzero(high[bins] <= l_max) for bins in of_spectrum]
    covariance = _symmetric(folder / "c_matrix_ap.dat", 260)
    measured = np.loadtxt(folder / "cl_cmb_ap.dat")[:, 1]
    # In the files: deep TT, TE, EE, then wide; here TT deep and wide, then TE, then EE.
    start = np.cumsum([0, 40, 45, 45, 40, 45])
    rows = [start[i + 3 * region] + used[i] for i in range(3) for region in (0, 1)]
    rows = np.concatenate(rows)
    twice = [
        np.concatenate(2 * [windows[bins[kept]]])
        for bins, kept in zip(of_spectrum, used, strict=True)
    ]
    factor = np.linalg.cholesky(covariance[np.ix_(rows, rows)])
    return Bandpowers("ACT DR4-like", tuple(twice), factor, measured[rows])


def simons_observatory(cl: Mapping[str, np.ndarray], l_max: int) -> Bandpowers:
    """
    A Gaussian forecast like the Simons Observatory's: 40% of the sky, 6.3 muK arcmin in temperature
    (sqrt 2 times that in polarisation), a beam of 1.4 arcmin, l from 30 to l_max (3000 in TT), in
    bins of 20 multipoles; no foregrounds, atmosphere or lensing covariance.

    Parameters
    ----------
    cl : mapping
        Lensed C_l in muK^2 about which it is made, from l = 0 to l_max at least.
    l_max : int
        Last multipole.
    """
    ell = np.arange(l_max + 1)
    arcmin = np.pi / 180 / 60
    beam = np.exp(ell * (ell + 1.0) * (1.4 * arcmin) ** 2 / (8 * np.log(2)))
    noise = (6.3 * arcmin) ** 2 * beam
    tt, te, ee = (cl[name][: l_max + 1] for name in SPECTRA)
    tt, ee = tt + np.where(ell <= 3000, noise, 1e9), ee + 2 * noise
    modes = 0.4 * (2 * ell + 1.0)
    edges = np.arange(30, l_max + 2, 20)
    windows = np.array([(ell >= a) & (ell < b) for a, b in pairwise(edges)]) / 20
    variance = {
        (0, 0): 2 * tt**2, (1, 1): te**2 + tt * ee, (2, 2): 2 * ee**2,
        (0, 1): 2 * tt * te, (0, 2): 2 * te**2, (1, 2): 2 * ee * te,
    }  # fmt: skip
    n = len(windows)
    covariance = np.zeros((3 * n, 3 * n))
    for (i, j), value in variance.items():
        block = np.diag((windows**2) @ (value / modes))
        covariance[i * n : (i + 1) * n, j * n : (j + 1) * n] = block
        covariance[j * n : (j + 1) * n, i * n : (i + 1) * n] = block
    return Bandpowers("SO-like", 3 * (windows,), np.linalg.cholesky(covariance))


def _symmetric(path: Path, n: int) -> np.ndarray:
    """A covariance of which the file holds the lower triangle."""
    with FortranFile(path, "r") as file:
        lower = np.tril(file.read_reals(dtype=float).reshape(n, n))
    return lower + np.tril(lower, -1).T
