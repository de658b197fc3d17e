"""Cobaya's own likelihoods of the runs on the component, in its LambdaCDM limit: verified values.

They were computed with CLASS 3.4.1 at its own precision and HMcode 2016, and agree with those of
Cobaya's tests, which are of CAMB.
"""

from pathlib import Path

import pytest
from cobaya.model import get_model
from stand_ins import RUN_P18, RUN_T15

pytestmark = [pytest.mark.data, pytest.mark.slow]

LIMIT = {"fEDE": 0, "log10z_c": 3.5, "thetai_ede": 2, "w1": -1, "w2": -1, "w3": -1}
LOWL = "ede_wbins.likelihoods.planck_compressed.LowlTT"
PR4 = "data_pr4/pp_consext8_npipe_smicaed_TiPi_jTP_pre30T_kfilt_rdn0cov_PS1.dataset"
# chi2 at the best fit of Planck 2018, and at the point of Cobaya's tests
CMB = {
    "planck_2018_highl_plik.TTTEEE_lite_native": 584.85,
    "planck_2018_lowl.EE_sroll2": 390.08,
    "planck_2018_lensing.native": 8.83,
    LOWL: 24.28,
}
BACKGROUND = {
    "bao.sixdf_2011_bao": (0.094, 0.088),
    "bao.sdss_dr7_mgs": (0.90, 0.923),
    "bao.sdss_dr12_consensus_bao": (5.82, 5.689),
    "bao.desi_dr2.desi_bao_all": (31.45, 30.562),
    "sn.union3": (26.293, 26.314),
    "sn.pantheon": (49.192, 49.178),
}
# As for DES: the last digits depend on the build of CLASS.
TOLERANCE = 0.02
OPTIONS = {"sn.pantheon": {"dataset_file": "PantheonBinned/ds17f.dataset"}}


@pytest.fixture
def chi2(classy, packages, monkeypatch):
    """chi2 of each likelihood at a point."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def chi2(likelihoods, point):
        settings = {"non_linear": "hmcode", "hmcode_version": "2016", "nonlinear_min_k_max": 20}
        settings |= {"N_ur": 2.0328, "want_lcmb_full_limber": "no"}
        options = {"path": str(Path(classy.__file__).parent), "n_bins": 3}
        theory = {**options, "precision": None, "extra_args": settings}
        model = get_model(
            {
                "theory": {"ede_wbins.EDEWBins": theory},
                "likelihood": likelihoods,
                "params": {**point, **LIMIT},
                "packages_path": packages,
            }
        )
        found = dict(zip(model.likelihood, -2 * model.loglikes({})[0], strict=True))
        model.close()
        return found

    return chi2


def test_at_the_best_fit_of_planck(chi2, packages):
    likelihoods = dict.fromkeys([*CMB, *BACKGROUND]) | OPTIONS
    lensing = {"class": "planck_2018_lensing.native", "dataset_file": PR4}
    likelihoods["pr4"] = {**lensing, "path": f"{packages}/data/planck_PR4_lensing"}
    found = chi2(likelihoods, RUN_P18 | {"A_planck": 1.00044})
    expected = CMB | {name: values[0] for name, values in BACKGROUND.items()} | {"pr4": 8.66}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=TOLERANCE), name


def test_at_the_point_of_cobayas_tests(chi2):
    calibration = {"A_planck": {"drop": True, "value": 1}}
    found = chi2(dict.fromkeys(BACKGROUND) | OPTIONS, RUN_T15 | calibration)
    for name, (_, value) in BACKGROUND.items():
        assert found[name] == pytest.approx(value, abs=TOLERANCE), name
