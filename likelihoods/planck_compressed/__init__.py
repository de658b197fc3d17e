"""Planck 2018 without a download: high-l TT, TE, EE, low-l TT, and the optical depth."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError

from ..bandpowers import SPECTRA, CompressedBandpowers, LogNormalBins

FOLDER = Path(__file__).parent
TAU_NAMES = ("tau_reio", "tau")


class LowlTT(Likelihood):
    r"""
    Planck 2018 TT at $2 \le \ell \le 29$ as two log-normal bins \cite{Prince:lowl}.
    """

    bibtex_file = "PlanckCompressed.bibtex"

    def initialize(self):
        self.bins = LogNormalBins(FOLDER / "lowl_tt.txt")

    def get_requirements(self) -> dict:
        return {"Cl": {"tt": self.bins.l_max}}

    def logp(self, **params_values) -> float:
        return -0.5 * self.bins.chi2(self.provider.get_Cl(ell_factor=True)["tt"])


class PlanckCompressed(Likelihood):
    r"""
    Planck 2018 plik-lite TT, TE, EE \cite{Aghanim:2019ame} in a compressed basis that is exact for
    the spectra of early dark energy with a free late w(z), and, unless turned off, low-$\ell$ TT
    as two log-normal bins \cite{Prince:lowl} and the optical depth of the SRoll2 polarisation
    maps \cite{Pagano:2019tci}.
    """

    lowl_tt: bool
    tau: list[float] | None

    def initialize(self):
        self.highl = CompressedBandpowers(FOLDER / "pliklite.npz")
        self.lowl = LogNormalBins(FOLDER / "lowl_tt.txt") if self.lowl_tt else None
        if self.tau is not None and not (np.shape(self.tau) == (2,) and self.tau[1] > 0):
            raise LoggedError(
                self.log, "'tau' is %r; it must be [mean, standard deviation] or null.", self.tau
            )

    def initialize_with_provider(self, provider):
        super().initialize_with_provider(provider)
        inputs = provider.model.parameterization.input_params()
        self.tau_name = next((name for name in TAU_NAMES if name in inputs), None)
        if self.tau is not None and self.tau_name is None:
            raise LoggedError(
                self.log,
                "The constraint on the optical depth needs one of the parameters %s, and the run "
                "has neither: add one, or set 'tau: null' in this likelihood.",
                ", ".join(TAU_NAMES),
            )

    # The optical depth is no requirement: to ask for it would take it away from a theory that
    # accepts any parameter (CLASS). Spectra change whenever it does, so the cache stays right.
    def get_requirements(self) -> dict:
        return {"Cl": dict.fromkeys(SPECTRA, self.highl.windows.l_max)}

    def logp(self, **params_values) -> float:
        tau = None if self.tau is None else self.provider.get_param(self.tau_name)
        return self.loglike(
            self.provider.get_Cl(ell_factor=True), params_values["A_planck"], tau=tau
        )

    def loglike(
        self, dl: Mapping[str, np.ndarray], A_planck: float = 1.0, tau: float | None = None
    ) -> float:
        """ln L, up to a constant for the optical depth.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of "tt", "te" and "ee" in muK^2, from l = 0 to at least 2508.
        A_planck : float
            Calibration of the maps: theory spectra are divided by its square at l >= 30.
        tau : float, optional
            Optical depth of reionisation; without it its constraint is left out.
        """
        chi2 = self.highl.chi2(dl, A_planck)
        if self.lowl:
            chi2 += self.lowl.chi2(dl["tt"])
        if self.tau and tau is not None:
            mean, sd = self.tau
            chi2 += ((tau - mean) / sd) ** 2
        return -0.5 * chi2
