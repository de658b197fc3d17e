"""SPT-3G 2018 through candl: the published value, the calibrations, and its prior."""

import builtins

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from scipy.stats import multivariate_normal
from stand_ins import FixedSpectra

from ede_wbins.likelihoods.spt3g_2018 import FOLDER, SPT3G2018

NAME = "ede_wbins.likelihoods.spt3g_2018.SPT3G2018"
pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def spt(packages):
    pytest.importorskip("candl", reason="needs candl: pip install 'ede-wbins[spt]'")
    return SPT3G2018({}, packages_path=packages)


def test_value_at_the_best_fit_of_planck(spt, spectra):
    assert -2 * spt.loglike(spectra) == pytest.approx(141.2, abs=0.3)


def test_calibrations_divide_theory(spt, spectra):
    t, e = 1.004, 0.99
    scaled = {
        name: spectra[name] / factor
        for name, factor in (("tt", t * t), ("te", t * e), ("ee", e * e))
    }
    # The aberration correction is linear in the spectra.
    assert spt.loglike(spectra, t, e) == pytest.approx(spt.loglike(scaled), rel=1e-9)
    assert abs(spt.loglike(spectra, t, e) - spt.loglike(spectra)) > 0.1


def test_runs_in_cobaya_with_the_releases_prior(spt, spectra, packages):
    before = {name: values.copy() for name, values in spectra.items()}
    model = get_model(
        {
            "theory": {"theory": {"class": FixedSpectra, "dl": spectra}},
            "likelihood": {NAME: None},
            "params": {"n_s": 0.97},
            "packages_path": packages,
        }
    )
    point = {"Tcal": 1.003, "Ecal": 0.995}
    posterior = model.logposterior(point, return_derived=False)
    assert posterior.loglikes[0] == pytest.approx(spt.loglike(spectra, 1.003, 0.995))
    cov = np.loadtxt(f"{packages}/data/candl/{FOLDER}/lite_cal_cov.txt")
    calibration = multivariate_normal.logpdf([1.003, 0.995], [1, 1], cov)
    assert posterior.logpriors[1] == pytest.approx(calibration)
    assert all(np.array_equal(before[name], spectra[name]) for name in before)


def test_short_spectra_are_refused(spt, spectra):
    short = {name: values[:2509] for name, values in spectra.items()}
    with pytest.raises(LoggedError, match="'tt' has l = 0 to 2508: needed are l = 0 to 3200"):
        spt.loglike(short)


def test_without_candl_it_is_asked_for(packages, monkeypatch):
    found = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "candl":
            raise ImportError("No module named 'candl'")
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LoggedError, match=r"needed is candl \(pip install 'ede-wbins\[spt\]'\)"):
        SPT3G2018({}, packages_path=packages)
