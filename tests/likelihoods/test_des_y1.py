"""Cobaya's DES Y1 likelihoods on the component: nonlinear P(k) to k = 15/Mpc and z = 4."""

from pathlib import Path

import numpy as np
import pytest
from cobaya.model import get_model
from stand_ins import RUN_P18, RUN_T15

# The point of Cobaya's own tests of DES and the value of chi2 there with CLASS 3.4.1.
POINT = {
    **RUN_T15,
    **{f"DES_DzL{i}": x for i, x in enumerate((0.002, 0.001, 0.003, 0, 0), start=1)},
    **{f"DES_DzS{i}": x for i, x in enumerate((0.002, -0.015, 0.007, -0.018), start=1)},
    **{f"DES_m{i}": 0.012 for i in range(1, 5)},
    **{f"DES_b{i}": x for i, x in enumerate((1.45, 1.55, 1.65, 1.8, 2.0), start=1)},
    "DES_AIA": 1.0,
    "DES_alphaIA": 1.0,
}
CHI2 = {"joint": 570.360, "shear": 242.688, "clustering": 100.906, "galaxy_galaxy": 207.951}
SETTINGS = {"non_linear": "hmcode", "hmcode_version": "2016", "nonlinear_min_k_max": 20}
SETTINGS |= {"N_ur": 2.0328}
CMB_AND_SN = ("planck_2018_highl_plik.TTTEEE_lite_native", "planck_2018_lensing.native")
CMB_AND_SN += ("sn.union3",)


@pytest.fixture
def chi2(classy, packages, monkeypatch):
    """The chi2 of each likelihood at a point: chi2(likelihoods, params, **options)."""
    if not Path(packages, "data", "des_data").is_dir():
        pytest.skip(f"no DES Y1 data in {packages}: set COBAYA_PACKAGES_PATH")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def chi2(likelihoods, params, **options):
        path = str(Path(classy.__file__).parent)
        model = get_model(
            {
                "theory": {"ede_wbins.EDEWBins": {"path": path, **options}},
                "likelihood": dict(likelihoods),
                "params": params,
                "packages_path": packages,
            }
        )
        values = -2 * model.loglikes({}, return_derived=False)
        model.close()
        return dict(zip(model.likelihood, values, strict=True))

    return chi2


@pytest.mark.parametrize(
    ("options", "params"),
    [
        pytest.param({"ede": "none"}, {}, marks=pytest.mark.slow),
        (
            {"n_bins": 3},
            {"fEDE": 0, "log10z_c": 3.5, "thetai_ede": 2, "w1": -1, "w2": -1, "w3": -1},
        ),
    ],
    ids=["LambdaCDM", "its limit"],
)
def test_chi2_of_lcdm(chi2, options, params):
    # CLASS's own precision, which the reference values are of.
    options = {**options, "extra_args": SETTINGS, "precision": None}
    found = chi2({f"des_y1.{name}": None for name in CHI2}, POINT | params, **options)
    for name, expected in CHI2.items():
        assert found[f"des_y1.{name}"] == pytest.approx(expected, abs=0.02), name


@pytest.mark.slow
def test_a_large_hubble_constant_ends_no_run(chi2):
    """Cobaya's code would: it asks for P(k) to k = 3000/Mpc, and looks beyond where H0 > 92."""
    found = chi2({"des_y1.joint": None}, POINT | {"H0": 110}, ede="none")
    assert np.isfinite(found["des_y1.joint"])


@pytest.mark.slow
def test_chi2_of_des_y3_shear(chi2, packages):
    """Through Cobaya's class, at the best fit of Planck 2018 and the centres of the priors."""
    params = RUN_P18 | {"DES_AIA": 0.3, "DES_alphaIA": 0}
    params |= {f"DES_m{i}": x for i, x in enumerate((-0.0063, -0.0198, -0.0241, -0.0369), 1)}
    params |= {f"DES_DzS{i}": 0 for i in range(1, 5)}
    likelihoods = {
        cuts: {
            "class": "des_y1.shear",
            "dataset_file": f"{packages}/data/des_y3_kids1000/des_y3_shear_{cuts}.dataset",
        }
        for cuts in ("optimised", "fiducial")
    }
    found = chi2(likelihoods, params, ede="none", extra_args=SETTINGS, precision=None)
    assert found["optimised"] == pytest.approx(303.76, abs=0.02)
    assert found["fiducial"] == pytest.approx(260.39, abs=0.02)


@pytest.mark.slow
def test_with_cmb_and_supernovae(chi2):
    """Default options, and a model far from LambdaCDM: every redshift has nonlinear power."""
    model = {"fEDE": 0.15, "log10z_c": 3.6, "thetai_ede": 2.8, "w1": -0.7, "w2": 0.4, "w3": -2.5}
    likelihoods = dict.fromkeys(["des_y1.joint", *CMB_AND_SN])
    found = chi2(likelihoods, {**POINT, **model, "A_planck": 1}, n_bins=3)
    assert all(map(np.isfinite, found.values()))
