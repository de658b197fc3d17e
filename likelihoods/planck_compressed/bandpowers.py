"""Gaussian bandpowers in a compressed basis, and log-normal ones at low multipoles: pure NumPy."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

SPECTRA = ("tt", "te", "ee")


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
        first, last = self.edges[0], self.edges[-1]
        return np.concatenate(
            [
                np.add.reduceat(self.weights * dl[name][first:last], self.edges[:-1] - first)[
                    :count
                ]
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
        with np.load(path, allow_pickle=False) as table:
            self.windows = BandpowerWindows(table["edges"], table["weights"], table["counts"])
            self.projection = table["projection"]
            self.data = table["data"]

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
