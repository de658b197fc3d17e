"""Planck plik-lite with a range of multipoles of its own for each spectrum."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from cobaya.log import LoggedError

from ..bandpowers import GaussianBandpowers, bin_spectrum, check_spectra, read_covariance
from ..released import ReleasedData
from .files import ARCHIVE, files, names

COUNTS = {"tt": 215, "te": 199, "ee": 199}
L_MIN = 30


class PlanckLite(ReleasedData):
    r"""
    Planck 2018 plik-lite TT, TE, EE \cite{Aghanim:2019ame}: any range of multipoles for each
    spectrum, and low-$\ell$ TT as two Gaussian bins \cite{Prince:2019hse} if wanted.
    """

    file_base_name = "PlanckLite"

    _archive: ClassVar = ARCHIVE
    _names: ClassVar = names(2018)
    _files: ClassVar = files(2018)

    ranges: Mapping[str, str | Sequence[int]]
    lowl_tt: bool

    def initialize(self):
        self._select(*self._read_highl())
        if self.lowl_tt:
            self._read_lowl()

    def _read(self, role: str, **options) -> np.ndarray:
        path = self.released_file(self._names[role])
        try:
            return np.loadtxt(path, **options)
        except ValueError as error:
            raise LoggedError(self.log, "%s cannot be read: %s", path, error) from None

    def _read_windows(self, prefix: str, l_min: int) -> tuple[np.ndarray, np.ndarray]:
        """Edges of bins and weights of D_l: the files count from l_min, and have those of C_l."""
        first, last, weights = (self._read(prefix + role) for role in ("first", "last", "weights"))
        edges = l_min + np.append(first, last[-1] + 1).astype(int)
        ell = np.arange(edges[0], edges[-1])
        return edges, weights[: len(ell)] * 2 * np.pi / (ell * (ell + 1))

    def _read_highl(self) -> tuple[np.ndarray, np.ndarray]:
        """All bandpowers and their covariance."""
        self.edges, self.weights = self._read_windows("", L_MIN)
        data = self._read("data", usecols=1)
        path = self.released_file(self._names["covariance"])
        return data, read_covariance(self.log, path, len(data))

    def _select(self, data: np.ndarray, covariance: np.ndarray):
        """Keep the bins that lie inside the ranges."""
        if unknown := sorted(set(self.ranges) - set(COUNTS)):
            raise LoggedError(
                self.log, "ranges: no spectrum %r; there are %s", unknown[0], ", ".join(COUNTS)
            )
        if not self.ranges:
            raise LoggedError(self.log, "ranges is empty; give some of %s", ", ".join(COUNTS))
        # For each spectrum: the edges and weights of its bins.
        self.bins, used, start = {}, [], 0
        for name, count in COUNTS.items():
            if name in self.ranges:
                bins = self._bins_inside(name, self.edges[: count + 1])
                edges = self.edges[bins[0] : bins[-1] + 2]
                self.bins[name] = (edges, self.weights[edges[0] - L_MIN : edges[-1] - L_MIN])
                used.extend(start + bins)
            start += count
        self.data = data[used]
        self.gaussian = GaussianBandpowers(covariance[np.ix_(used, used)])
        self.l_max = {name: int(edges[-1]) - 1 for name, (edges, _) in self.bins.items()}

    def _bins_inside(self, name: str, edges: np.ndarray) -> np.ndarray:
        """Numbers of the bins that lie inside a spectrum's range: neighbours, at least one."""
        wanted, l_max = self.ranges[name], edges[-1] - 1
        if wanted == "all":
            return np.arange(len(edges) - 1)
        try:
            low, high = (int(ell) for ell in wanted)
        except (TypeError, ValueError):
            raise LoggedError(
                self.log, "ranges: %s = %r; it must be `all` or [l_min, l_max]", name, wanted
            ) from None
        if not L_MIN <= low <= high <= l_max:
            raise LoggedError(
                self.log, "ranges: %s = %s; the data have [%d, %d]", name, wanted, L_MIN, l_max
            )
        bins = np.flatnonzero((edges[:-1] >= low) & (edges[1:] - 1 <= high))
        if not len(bins):
            raise LoggedError(self.log, "ranges: %s = %s; no bin is inside it", name, wanted)
        return bins

    def _read_lowl(self):
        if "tt" not in self.bins:
            raise LoggedError(self.log, "lowl_tt is true, but ranges has no tt")
        self.lowl_bins = self._read_windows("lowl_", 2)
        self.lowl_data, self.lowl_error = self._read("lowl_data", usecols=(1, 2), unpack=True)

    def get_requirements(self) -> dict:
        return {"Cl": dict(self.l_max)}

    def logp(self, **params_values) -> float:
        dl = self.provider.get_Cl(ell_factor=True)
        return -0.5 * self._chi2(dl, params_values["A_planck"])

    def loglike(self, dl: Mapping[str, np.ndarray], A_planck: float = 1.0) -> float:
        """ln L, without the norm of the Gaussians.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of the spectra in use, of "tt", "te" and "ee", in muK^2, from l = 0.
        A_planck : float
            Calibration of the maps: theory spectra are divided by its square.

        Raises
        ------
        LoggedError
            If a spectrum is missing, too short, or in another unit.
        """
        check_spectra(self.log, dl, self.l_max)
        return -0.5 * self._chi2(dl, A_planck)

    def _chi2(self, dl: Mapping[str, np.ndarray], A_planck: float) -> float:
        theory = [bin_spectrum(dl[name], *bins) for name, bins in self.bins.items()]
        chi2 = self.gaussian.chi2(self.data - np.concatenate(theory) / A_planck**2)
        if self.lowl_tt:
            residual = self.lowl_data - bin_spectrum(dl["tt"], *self.lowl_bins) / A_planck**2
            chi2 += float(np.sum((residual / self.lowl_error) ** 2))
        return chi2


class PlanckLite2015(PlanckLite):
    r"""
    As `PlanckLite`, with the Planck 2015 release \cite{Aghanim:2015xee}.
    """

    _names: ClassVar = names(2015)
    _files: ClassVar = files(2015)
