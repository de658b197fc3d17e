"""Bandpowers of the CMB: windows, covariances, Gaussian and log-normal densities."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from cobaya.log import LoggedError
from scipy.io import FortranFile
from scipy.linalg import cholesky, solve_triangular
from scipy.linalg.blas import dsymv

from ede_wbins.npz import NpzError, read_npz

SPECTRA = ("tt", "te", "ee")
# What a file of compressed bandpowers holds.
_TABLE = ("edges", "weights", "counts", "projection", "data")


def check_spectra(log, dl: Mapping[str, np.ndarray], l_max: Mapping[str, int]) -> None:
    """Check that spectra given by hand begin at l = 0, go far enough, and are in muK^2.

    Parameters
    ----------
    log : Logger
    dl : mapping
        D_l = l(l+1)C_l/2pi by name.
    l_max : mapping
        The names that are needed, and up to which multipole.

    Raises
    ------
    LoggedError
        If they are not.
    """
    for name, last in l_max.items():
        if name not in dl:
            raise LoggedError(log, "no spectrum %r: there are %s", name, ", ".join(dl) or "none")
        values = np.asarray(dl[name])
        if len(values) <= last:
            raise LoggedError(
                log, "%r has l = 0 to %d: needed are l = 0 to %d", name, len(values) - 1, last
            )
        if np.any(values[:2] != 0):
            raise LoggedError(
                log, "%r is %s at l = 0, 1: the first two must be 0", name, values[:2]
            )
        # The first peaks of TT, TE and EE are at about 6000, 140 and 40 muK^2.
        if not 1 < np.max(np.abs(values)) < 1e6:
            raise LoggedError(
                log,
                "%r is %.2g at most: D_l = l(l+1)C_l/2pi in muK^2 is needed",
                name,
                np.max(np.abs(values)),
            )


def read_covariance(log, path: Path, size: int) -> np.ndarray:
    """Covariance, shape (size, size), from the lower triangle of one Fortran record.

    Raises
    ------
    LoggedError
        If the file is not one record of that size.
    """
    try:
        with FortranFile(path, "r") as file:
            values = file.read_reals(dtype=float)
    # Damage shows in many ways, deep in SciPy and NumPy.
    except Exception as error:
        raise LoggedError(log, "%s is not one whole Fortran record: %s", path, error) from None
    if len(values) != size**2:
        raise LoggedError(log, "%s has %d values: needed are %d^2", path, len(values), size)
    lower = np.tril(values.reshape(size, size))
    return lower + np.tril(lower, -1).T


class GaussianBandpowers:
    """chi2 of residuals with a covariance, through its Cholesky factor.

    Parameters
    ----------
    covariance : array, shape (n, n)
    """

    def __init__(self, covariance: np.ndarray):
        whiten = solve_triangular(
            cholesky(covariance, lower=True), np.eye(len(covariance)), lower=True
        )
        self._inverse = np.asfortranarray(whiten.T @ whiten)

    def chi2(self, residual: np.ndarray) -> float:
        # Reading the matrix takes the time: this reads half of it.
        return float(residual @ dsymv(1.0, self._inverse, residual))


def bin_spectrum(dl: np.ndarray, edges: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums of D_l over adjacent ranges of multipoles, shape (len(edges) - 1,).

    Parameters
    ----------
    dl : array
        D_l from l = 0.
    edges : array of int
        First multipole of each bin, and one past the last multipole of the last bin.
    weights : array, shape (edges[-1] - edges[0],)
        Weight of D_l at each multipole, from edges[0] on.
    """
    return np.add.reduceat(weights * dl[edges[0] : edges[-1]], edges[:-1] - edges[0])


class BandpowerWindows:
    """Plik-lite's bins: a weighted sum of D_l over adjacent ranges of multipoles.

    Parameters
    ----------
    edges : array of int, shape (n_tt + 1,)
        First multipole of each bin, and one past the last multipole of the last bin.
    weights : array, shape (edges[-1] - edges[0],)
        Weight of D_l at each multipole, from edges[0] on.
    counts : array of int, shape (3,)
        How many of the bins TT, TE and EE use, from the first on.
    """

    def __init__(self, edges: np.ndarray, weights: np.ndarray, counts: np.ndarray):
        self.edges, self.weights, self.counts = edges.astype(int), weights, counts.astype(int)

    @property
    def l_max(self) -> int:
        return int(self.edges[-1]) - 1

    def bin(self, dl: Mapping[str, np.ndarray]) -> np.ndarray:
        """Bandpowers, TT then TE then EE, shape (sum(counts),), in muK^2.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of "tt", "te" and "ee" in muK^2, from l = 0 to at least `l_max`.
        """
        return np.concatenate(
            [
                bin_spectrum(dl[name], self.edges, self.weights)[:count]
                for name, count in zip(SPECTRA, self.counts, strict=True)
            ]
        )


class CompressedBandpowers:
    """chi2 = |P (d - m)|^2, where the rows of P are orthonormal in units of the noise.

    Parameters
    ----------
    path : Path
        Table made by `make_table.py`: the windows, `projection` (P, shape (n, 613)) and `data`
        (P d, shape (n,)).
    """

    def __init__(self, path: Path):
        table = read_npz(path)
        for name in _TABLE:
            if name not in table or table[name].dtype.kind not in "fiu":
                raise NpzError(f"{path}: has no numbers {name!r}")
        self.windows = BandpowerWindows(table["edges"], table["weights"], table["counts"])
        self.projection, self.data = table["projection"], table["data"]

    def chi2(self, dl: Mapping[str, np.ndarray], calibration: float = 1.0) -> float:
        """chi2 of theory spectra (see `BandpowerWindows.bin`) divided by calibration^2."""
        residual = self.data - self.projection @ self.windows.bin(dl) / calibration**2
        return float(residual @ residual)


class LogNormalBins:
    """Low multipoles: the mean of D_l over a bin is log-normal (2104.05715).

    Parameters
    ----------
    path : Path
        Text table, one bin a row: l_min, l_max, mu, sigma.
    """

    def __init__(self, path: Path):
        self.bins = np.loadtxt(path, ndmin=2)

    @property
    def l_max(self) -> int:
        return int(self.bins[:, 1].max())

    def chi2(self, dl: np.ndarray) -> float:
        """-2 ln of the density of the binned D_l (muK^2, from l = 0), its norm included."""
        lmin, lmax, mu, sigma = self.bins.T
        mean = np.array(
            [dl[a : b + 1].mean() for a, b in zip(lmin.astype(int), lmax.astype(int), strict=True)]
        )
        z = (np.log(mean) - mu) / sigma
        return float(np.sum(z**2 + 2 * np.log(mean * sigma) + np.log(2 * np.pi)))
