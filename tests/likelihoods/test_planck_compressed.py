"""Planck in a compressed basis: the algebra of the compression, the parts, and Cobaya's view."""

import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from scipy.stats import lognorm, norm
from stand_ins import P18, FixedSpectra

from ede_wbins.likelihoods.bandpowers import BandpowerWindows, LogNormalBins
from ede_wbins.likelihoods.planck_compressed import FOLDER, PlanckCompressed
from ede_wbins.likelihoods.planck_compressed.make_table import subspace

NAME = "ede_wbins.likelihoods.planck_compressed"


@pytest.fixture(scope="module")
def planck() -> PlanckCompressed:
    return PlanckCompressed()


def fixed_model(spectra, options=None, params=MappingProxyType({"tau_reio": 0.06}), name=NAME):
    theory = {"theory": {"class": FixedSpectra, "dl": spectra}}
    return get_model({"theory": theory, "likelihood": {name: options}, "params": dict(params)})


def test_subspace_is_orthonormal():
    rng = np.random.default_rng(1)
    basis = subspace(rng.normal(size=50), rng.normal(size=50), rng.normal(size=(20, 50)), 12)
    assert basis.shape == (12, 50)
    np.testing.assert_allclose(basis @ basis.T, np.eye(12), atol=1e-12)


def test_compression_loses_only_the_square_of_what_leaves_the_subspace():
    rng = np.random.default_rng(2)
    anchor, data = 30 * rng.normal(size=60), 30 * rng.normal(size=60)
    basis = subspace(anchor, data, anchor + rng.normal(size=(6, 60)), 8)

    def loss(theory):
        return np.sum((data - theory) ** 2) - np.sum((basis @ (data - theory)) ** 2)

    inside = 1.01 * anchor + 5 * basis[3]
    assert loss(inside) == pytest.approx(0, abs=1e-8)
    outside = rng.normal(size=60)
    outside -= basis.T @ (basis @ outside)
    assert loss(inside + outside) == pytest.approx(outside @ outside)


def test_windows_weigh_the_multipoles_of_each_bin():
    rng = np.random.default_rng(3)
    edges, counts = np.array([30, 33, 37, 45]), np.array([3, 2, 1])
    weights = rng.random(15)
    dl = {name: rng.random(60) for name in ("tt", "te", "ee")}
    windows = BandpowerWindows(edges, weights, counts)
    expected = [
        sum(weights[ell - 30] * dl[name][ell] for ell in range(edges[b], edges[b + 1]))
        for name, count in zip(("tt", "te", "ee"), counts, strict=True)
        for b in range(count)
    ]
    np.testing.assert_allclose(windows.bin(dl), expected)
    assert windows.l_max == 44


def test_log_normal_bins_are_scipys(tmp_path):
    table = tmp_path / "bins.txt"
    table.write_text("2 4 6.9 0.1\n5 9 6.7 0.2\n")
    dl = np.linspace(500, 1400, 12)
    expected = lognorm.logpdf(dl[2:5].mean(), 0.1, scale=np.exp(6.9)) + lognorm.logpdf(
        dl[5:10].mean(), 0.2, scale=np.exp(6.7)
    )
    bins = LogNormalBins(table)
    assert -0.5 * bins.chi2(dl) == pytest.approx(expected)
    assert bins.l_max == 9


def test_table_is_small_and_covers_plik_lite():
    path = FOLDER / "pliklite.npz"
    assert path.stat().st_size < 400_000
    highl = PlanckCompressed().highl
    assert (highl.windows.edges[0], highl.windows.l_max) == (30, 2508)
    assert list(highl.windows.counts) == [215, 199, 199]
    assert highl.projection.shape == (len(highl.data), 613)
    assert np.linalg.matrix_rank(highl.projection) == len(highl.data)


def test_calibration_and_a_tilt_are_recovered_from_a_synthetic_data_vector(spectra, monkeypatch):
    planck = PlanckCompressed()
    pivot = np.arange(3201).clip(1) / 800

    def tilted(tilt):
        return {name: dl * pivot**tilt for name, dl in spectra.items()}

    truth = planck.highl.projection @ planck.highl.windows.bin(tilted(0.01)) / 1.002**2
    monkeypatch.setattr(planck.highl, "data", truth)
    assert planck.highl.chi2(tilted(0.01), 1.002) == pytest.approx(0, abs=1e-8)
    # Planck measures the tilt to about 0.004 and this combination's amplitude far better.
    assert planck.highl.chi2(tilted(0.014), 1.002) > 0.5
    assert planck.highl.chi2(tilted(0.01), 1.004) > 5


def test_chi2_of_a_good_fit(planck, spectra):
    chi2 = planck.highl.chi2(spectra, 1.00044)
    degrees = 613
    assert abs(chi2 - degrees) < 3 * np.sqrt(2 * degrees)


@pytest.mark.data
def test_agrees_with_plik_lite(planck, spectra, packages):
    from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native

    plik = TTTEEE_lite_native({}, packages_path=packages)
    pivot = np.arange(3201).clip(1) / 800
    for calibration in (0.99, 1.0, 1.01):
        for tilt in (-0.01, 0.0, 0.01):
            dl = {name: d * pivot**tilt for name, d in spectra.items()}
            full = plik.get_chi_squared(0, dl["tt"], dl["te"], dl["ee"], calibration)
            assert planck.highl.chi2(dl, calibration) == pytest.approx(full, abs=0.1)


@pytest.mark.data
def test_projection_is_orthonormal_in_units_of_the_noise(planck, packages):
    from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native

    cov = TTTEEE_lite_native({}, packages_path=packages).cov
    projection = planck.highl.projection.astype(float)
    np.testing.assert_allclose(projection @ cov @ projection.T, np.eye(len(projection)), atol=1e-4)


def test_parts_add_up(spectra):
    def chi2(**options):
        model = fixed_model(spectra, options)
        return -2 * model.loglike({"A_planck": 1.001}, return_derived=False)

    everything = chi2()
    lowl = everything - chi2(lowl_tt=False)
    tau = everything - chi2(tau=None)
    lowl_alone = fixed_model(spectra, name=f"{NAME}.LowlTT", params={"n_s": 0.966})
    assert lowl == pytest.approx(-2 * lowl_alone.loglike([], return_derived=False))
    assert tau == pytest.approx(((0.06 - 0.0566) / 0.0058) ** 2)


@pytest.mark.parametrize("name", ["tau_reio", "tau"])
def test_a_theory_that_accepts_any_parameter_still_receives_tau(spectra, name):
    sampled = {name: {"prior": {"min": 0.01, "max": 0.1}}}
    model = fixed_model(spectra, {"tau": [0.05, 0.01]}, sampled)
    difference = [
        model.loglike({name: value, "A_planck": 1}, return_derived=False) for value in (0.05, 0.08)
    ]
    assert difference[0] - difference[1] == pytest.approx(
        norm.logpdf(0, 0, 1) - norm.logpdf(3, 0, 1)
    )
    assert model.theory["theory"].received == {name: 0.08}


@pytest.mark.parametrize("tau", [0.05, [0.05], [0.05, 0], [0.05, -0.01]])
def test_bad_tau_is_one_clear_line(spectra, tau):
    with pytest.raises(LoggedError, match=r"'tau' is .*\[mean, standard deviation\] or null"):
        fixed_model(spectra, {"tau": tau})


def test_run_without_an_optical_depth_is_told_what_to_do(spectra):
    with pytest.raises(LoggedError, match=r"tau_reio, tau.*'tau: null'"):
        fixed_model(spectra, params={"n_s": 0.966})
    fixed_model(spectra, {"tau": None}, params={"n_s": 0.966})


def test_works_with_camb():
    pytest.importorskip("camb")
    model = get_model({"theory": {"camb": None}, "likelihood": {NAME: None}, "params": P18})
    loglike = model.loglike({"A_planck": 1.00044}, return_derived=False)
    assert 590 < -2 * loglike < 625


CLASS_LCDM = {
    "omega_b": 0.022383,
    "omega_cdm": 0.12011,
    "H0": 67.32,
    "tau_reio": 0.0543,
    "n_s": 0.96605,
    "A_s": P18["As"],
    "N_ncdm": 1,
    "m_ncdm": 0.06,
    "N_ur": 2.0308,
}


def test_works_with_stock_class(stock, monkeypatch):
    monkeypatch.setitem(sys.modules, "classy", stock)
    theory = {"classy": {"path": "global", "extra_args": {"non_linear": "halofit"}}}
    model = get_model({"theory": theory, "likelihood": {NAME: None}, "params": CLASS_LCDM})
    loglike = model.loglike({"A_planck": 1.00044}, return_derived=False)
    assert 590 < -2 * loglike < 625


def test_works_with_the_patched_class(classy):
    theory = {"path": str(Path(classy.__file__).parent), "n_bins": 3}
    params = {"fEDE": 0.05, "log10z_c": 3.5, "thetai_ede": 2.5, "w1": -1, "w2": -1, "w3": -1}
    params |= {"sigma8": {"derived": False}, "S8": {"derived": False}}
    model = get_model(
        {
            "theory": {"ede_wbins.EDEWBins": theory},
            "likelihood": {NAME: None},
            "params": CLASS_LCDM | params,
        }
    )
    loglike = model.loglike({"A_planck": 1.00044}, return_derived=False)
    assert -2 * loglike > 625
