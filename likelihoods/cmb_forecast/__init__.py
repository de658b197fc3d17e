"""Forecasts: mock CMB data of an experiment, from a fiducial of the model itself."""

import difflib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError
from cobaya.yaml import yaml_load_file

from ..bandpowers import SPECTRA, check_spectra
from .mock import GaussianSky

EXPERIMENTS = Path(__file__).parent / "experiments.yaml"
KEYS = ("noise_t", "noise_p", "beam", "f_sky", "l_min", "l_max_t", "l_max_p")


class CMBForecast(Likelihood):
    r"""
    Mock TT, TE, EE of an experiment with white noise: Planck \cite{Planck:2018nkj}, ACT
    \cite{Choi:2020ccd}, the Simons Observatory \cite{SimonsObservatory:2018koc} or CMB-S4
    \cite{CMB-S4:2016ple}.
    """

    experiment: str | Mapping
    fiducial: str
    seed: int | None

    def initialize(self):
        self.sky = GaussianSky(self._experiment())
        self.l_max = dict.fromkeys(SPECTRA, self.sky.l_max)
        if self.seed is not None and np.min(self.sky.modes) <= 1:
            raise LoggedError(
                self.log, "seed = %r: too small a sky fraction for l_min to draw from", self.seed
            )
        if not self.fiducial:
            raise LoggedError(self.log, "no fiducial: name a file, to be made by make_fiducial")
        # A file that is not there yet is an error only once data are needed: it is made from the
        # same run.
        self._data = None

    def _experiment(self) -> dict:
        if isinstance(self.experiment, str):
            known = yaml_load_file(str(EXPERIMENTS))
            if self.experiment not in known:
                near = difflib.get_close_matches(self.experiment, known, n=1)
                raise LoggedError(
                    self.log,
                    "experiment = %r; known are %s%s",
                    self.experiment,
                    ", ".join(known),
                    f" (did you mean {near[0]}?)" if near else "",
                )
            return known[self.experiment]
        wrong = sorted(set(KEYS) ^ set(self.experiment))
        if wrong:
            raise LoggedError(
                self.log,
                "experiment: %s is missing or unknown; needed are %s",
                wrong[0],
                ", ".join(KEYS),
            )
        experiment = dict(self.experiment)
        sizes = {np.size(experiment[name]) for name in ("noise_t", "noise_p", "beam")}
        if len(sizes) != 1 or not 0 < experiment["f_sky"] <= 1 or experiment["l_min"] < 2:
            raise LoggedError(
                self.log,
                "experiment: noise_t, noise_p and beam need one number a channel, f_sky must be "
                "in (0, 1] and l_min at least 2: %s",
                experiment,
            )
        return experiment

    @property
    def data(self) -> np.ndarray:
        """Spectra of the mock data, noise included, shape (3, n_l): TT, TE, EE in muK^2.

        Raises
        ------
        LoggedError
            If the fiducial's file is not there, or is not one.
        """
        if self._data is None:
            total = self.sky.total(self._read_fiducial())
            rng = np.random.default_rng(self.seed)
            self._data = total if self.seed is None else self.sky.draw(total, rng)
        return self._data

    def _read_fiducial(self) -> dict[str, np.ndarray]:
        try:
            table = np.loadtxt(self.fiducial, ndmin=2).T
        except OSError:
            raise LoggedError(
                self.log,
                "fiducial %s is not there: make it with `python -m "
                "ede_wbins.likelihoods.cmb_forecast.make_fiducial` and this run's YAML",
                self.fiducial,
            ) from None
        except ValueError as error:
            raise LoggedError(
                self.log, "fiducial %s cannot be read: %s", self.fiducial, error
            ) from None
        if len(table) != 4 or not np.array_equal(table[0], np.arange(table.shape[1])):
            raise LoggedError(
                self.log, "fiducial %s: needed are l = 0, 1, ... and TT, TE, EE", self.fiducial
            )
        dl = dict(zip(SPECTRA, table[1:], strict=True))
        check_spectra(self.log, dl, self.l_max)
        return dl

    def get_requirements(self) -> dict:
        return {"Cl": dict(self.l_max)}

    def logp(self, **params_values) -> float:
        return self._loglike(self.provider.get_Cl(ell_factor=True))

    def loglike(self, dl: Mapping[str, np.ndarray]) -> float:
        """ln L, 0 where theory and data are the same.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of "tt", "te" and "ee" in muK^2, from l = 0.

        Raises
        ------
        LoggedError
            If a spectrum is missing, too short, or in another unit.
        """
        check_spectra(self.log, dl, self.l_max)
        return self._loglike(dl)

    def _loglike(self, dl: Mapping[str, np.ndarray]) -> float:
        return -0.5 * self.sky.chi2(self.data, self.sky.total(dl))
