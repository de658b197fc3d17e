"""SPT-3G 2018 TT, TE, EE, foregrounds marginalised, through candl."""

import contextlib
import io
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from cobaya.log import LoggedError

from ..bandpowers import SPECTRA, check_spectra
from ..released import ReleasedData, ReleasedFile

ARCHIVE = "https://github.com/Lbalkenhol/candl_data/archive/cb3378d.zip"
FOLDER = "SPT3G_2018_TTTEEE_v0"
DATA_SET = "SPT3G_2018_TTTEEE_lite.yaml"
SUMS = {
    DATA_SET: "7e580f0cd45bbd28c54dfa02c422c58e6106d1b66f9d98111dc7290a9cc77b92",
    "lite_cal_cov.txt": "efb4b521895a1d0fbc26fd3837aa58cb323381fb3346a0ec7af35e336e6b1a79",
    "spt3g_2018_ttteee_bdp_lite.txt": (
        "63281f269c6e5f871ee996f24c4b03a3204bff1f51761b3da2093f494a515667"
    ),
    "spt3g_2018_ttteee_cov_lite.txt": (
        "4db42d9067d003351bc3fc171ef75913a39961cf61cedcc6c56f460b5aa59d4f"
    ),
    "windows/EE_lxl_window_functions.txt": (
        "d3c7d97306e1fadd9e00f3bd34d8f68719aa6b293353a9fd0b1930ca1d1b9d4c"
    ),
    "windows/TE_lxl_window_functions.txt": (
        "f6b75cf819b614fd1c482038adb01881819e9f42463d9b0d4a0e7771e45e6413"
    ),
    "windows/TT_lxl_window_functions.txt": (
        "be6db298db4bb6f03775c77cf5edea5b9d5f87a648e4c66d329b53ff0c2da2d3"
    ),
}


class SPT3G2018(ReleasedData):
    r"""
    SPT-3G 2018 TT, TE, EE \cite{SPT-3G:2022hvq} with foregrounds marginalised
    \cite{Balkenhol:2024lite}, through candl \cite{Balkenhol:2024sbv}. The prior of the calibrations
    is the run's, not part of the likelihood.
    """

    _archive: ClassVar = ARCHIVE
    _files: ClassVar = {
        f"candl/{FOLDER}/{name}": ReleasedFile(f"candl_data/{FOLDER}/{name}", sha256)
        for name, sha256 in SUMS.items()
    }

    def initialize(self):
        paths = {name: self.released_file(f"candl/{FOLDER}/{name}") for name in SUMS}
        try:
            # It prints that a package of data is not there, which this does not need.
            with contextlib.redirect_stdout(io.StringIO()):
                import candl
        except ImportError as error:
            raise LoggedError(
                self.log, "%s: needed is candl (pip install 'ede-wbins[spt]')", error
            ) from None
        # Cobaya's wrapper in candl rounds ln L to single precision, and changes the spectra that
        # other likelihoods get.
        self.candl = candl.Like(str(paths[DATA_SET]), feedback=False)
        self.candl.priors = []
        self.ells = np.arange(self.candl.ell_min, self.candl.ell_max + 1)
        self.l_max = dict.fromkeys(SPECTRA, int(self.ells[-1]))

    def get_requirements(self) -> dict:
        return {"Cl": dict(self.l_max)}

    def logp(self, **params_values) -> float:
        dl = self.provider.get_Cl(ell_factor=True)
        return self._loglike(dl, params_values["Tcal"], params_values["Ecal"])

    def loglike(self, dl: Mapping[str, np.ndarray], Tcal: float = 1.0, Ecal: float = 1.0) -> float:
        """ln L, without the norm of the Gaussian and without the calibrations' prior.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of "tt", "te" and "ee" in muK^2, from l = 0 to at least 3200.
        Tcal, Ecal : float
            Calibrations of temperature and polarisation, by which theory's are divided.

        Raises
        ------
        LoggedError
            If a spectrum is missing, too short, or in another unit.
        """
        check_spectra(self.log, dl, self.l_max)
        return self._loglike(dl, Tcal, Ecal)

    def _loglike(self, dl: Mapping[str, np.ndarray], Tcal: float, Ecal: float) -> float:
        spectra = {name.upper(): dl[name][self.ells] for name in SPECTRA}
        point = {"Dl": {"ell": self.ells, **spectra}, "Tcal": Tcal, "Ecal": Ecal}
        return float(self.candl.log_like(point))
