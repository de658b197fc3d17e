"""ACT DR4 TT, TE, EE, foregrounds marginalised: the ACTPol lite likelihood."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from cobaya.log import LoggedError

from ..bandpowers import GaussianBandpowers, check_spectra, read_covariance
from ..released import ReleasedData, ReleasedFile
from .windows import BLOCKS, L_MAX, N_BINS, read_windows, sharpened_top_hats

ARCHIVE = "https://github.com/ACTCollaboration/pyactlike/archive/1cac8c5.zip"
SUMS = {
    "cl_cmb_ap.dat": "86a2a3d3cf5bd3b024681ad78fa67d614a9a56ede77ef41716623b45405d6f95",
    "c_matrix_ap.dat": "3e550bca7f192749e221b9d6db0c323c1a85ca257c398880dea472be43867fea",
    "Binning.dat": "fecc173092400f1b53505378a8b0af33f69c4ee2f11fbafdc6d0c1a5e6574738",
    # Not at hand to take checksums from: the commit alone pins them.
    "coadd_bpwf_15mJy_191127_lmin2.npz": None,
    "coadd_bpwf_100mJy_191127_lmin2.npz": None,
}
REGIONS = {
    "deep": "coadd_bpwf_15mJy_191127_lmin2.npz",
    "wide": "coadd_bpwf_100mJy_191127_lmin2.npz",
}
# Which of the 52 bins each spectrum has: from which, and how many.
BINS = {"tt": (5, 40), "te": (0, 45), "ee": (0, 45)}


class ACTDR4(ReleasedData):
    r"""
    ACT DR4 TT, TE, EE \cite{Choi:2020ccd,Aiola:2020azj} with foregrounds marginalised, of the deep
    and the wide regions.
    """

    _archive: ClassVar = ARCHIVE
    _files: ClassVar = {
        f"act_dr4/{name}": ReleasedFile(f"pyactlike/data/{name}", sha256)
        for name, sha256 in SUMS.items()
    }

    windows: str
    spectra: Sequence[str]
    regions: Sequence[str]
    tt_l_min: int | None
    l_max: int

    def initialize(self):
        self._check_choice("spectra", self.spectra, BINS)
        self._check_choice("regions", self.regions, REGIONS)
        self._check_choice("windows", [self.windows], ("released", "sharpened_top_hat"))
        self.edges = np.loadtxt(self._file("Binning.dat"))[:, :2]
        if not 2 <= self.l_max <= L_MAX:
            raise LoggedError(self.log, "l_max = %r; it must be in [2, %d]", self.l_max, L_MAX)
        data = np.loadtxt(self._file("cl_cmb_ap.dat"), usecols=1)
        covariance = read_covariance(self.log, self._file("c_matrix_ap.dat"), len(data))
        used = self._used()
        self.data = data[used]
        self.gaussian = GaussianBandpowers(covariance[np.ix_(used, used)])
        self._set_windows()

    def _file(self, name: str):
        return self.released_file(f"act_dr4/{name}")

    def _check_choice(self, option: str, given, allowed):
        if not given or (unknown := [name for name in given if name not in allowed]):
            raise LoggedError(
                self.log,
                "%s = %r; must be of %s",
                option,
                unknown[0] if given else given,
                ", ".join(allowed),
            )

    def _bins(self, name: str) -> np.ndarray:
        """Numbers, of the 52 bins, that a spectrum uses."""
        first, count = BINS[name]
        bins = np.arange(first, first + count)
        if name != "tt" or self.tt_l_min is None:
            return bins
        centres = self.edges[bins].mean(axis=1)
        if not centres[0] - 1 < self.tt_l_min < centres[-1]:
            raise LoggedError(
                self.log,
                "tt_l_min = %r; the data have TT bins centred on %.0f to %.0f",
                self.tt_l_min,
                centres[0],
                centres[-1],
            )
        return bins[centres >= self.tt_l_min]

    def _used(self) -> list[int]:
        """Numbers of the bandpowers in use: deep then wide, each TT, TE, EE."""
        used, start = [], 0
        for region in REGIONS:
            for name, (first, count) in BINS.items():
                if region in self.regions and name in self.spectra:
                    used.extend(start + self._bins(name) - first)
                start += count
        return used

    def _set_windows(self):
        """Windows of D_l, shape (bins, l_max + 1), in the order of the data."""
        ell = np.arange(2, self.l_max + 1)
        factor = np.concatenate([[0, 0], 2 * np.pi / (ell * (ell + 1))])
        self.matrices = []
        for region, file in REGIONS.items():
            if region not in self.regions:
                continue
            if self.windows == "released":
                windows = read_windows(self.log, self._file(file))
            else:
                windows = dict.fromkeys(BLOCKS, sharpened_top_hats(self.edges[:N_BINS]))
            for name in BINS:
                if name in self.spectra:
                    kept = windows[name][self._bins(name), : self.l_max + 1]
                    self.matrices.append((name, kept * factor))

    def get_requirements(self) -> dict:
        return {"Cl": dict.fromkeys(self.spectra, self.l_max)}

    def logp(self, **params_values) -> float:
        dl = self.provider.get_Cl(ell_factor=True)
        return -0.5 * self._chi2(dl, params_values["yp2"])

    def loglike(self, dl: Mapping[str, np.ndarray], yp2: float = 1.0) -> float:
        """ln L, without the norm of the Gaussian.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of the spectra in use, of "tt", "te" and "ee", in muK^2, from l = 0
            to at least `l_max`.
        yp2 : float
            Polarisation efficiency: theory's TE is multiplied by it, EE by its square.

        Raises
        ------
        LoggedError
            If a spectrum is missing, too short, or in another unit.
        """
        check_spectra(self.log, dl, dict.fromkeys(self.spectra, self.l_max))
        return -0.5 * self._chi2(dl, yp2)

    def _chi2(self, dl: Mapping[str, np.ndarray], yp2: float) -> float:
        scale = {"tt": 1, "te": yp2, "ee": yp2**2}
        theory = [
            scale[name] * (matrix @ dl[name][: self.l_max + 1]) for name, matrix in self.matrices
        ]
        return self.gaussian.chi2(self.data - np.concatenate(theory))


def approximate_missing_windows(likelihoods: dict, packages_path: Path) -> bool:
    """
    Put the approximation into a run's `likelihoods` if the released windows are not at hand.

    For measurements that say so beside their numbers: a run asks for the one or the other itself.

    Returns
    -------
    approximated : bool
    """
    name = f"{__name__}.{ACTDR4.__name__}"
    there = (Path(packages_path) / "data" / "act_dr4" / REGIONS["deep"]).is_file()
    if name not in likelihoods or there:
        return False
    likelihoods[name] = {"windows": "sharpened_top_hat"}
    return True
