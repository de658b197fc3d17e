"""Matter power spectra through the emulated component, on the stand-in for CLASS."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.theories.cosmo.boltzmannbase import PowerSpectrumInterpolator
from stand_in import LCDM, Needs, component
from test_emulated import POINT, emulate, points  # noqa: F401
from universe import Clusters, Peaks

from ede_wbins.model.late import WBins, default_edges
from ede_wbins.model.tabulated import TabulatedBackground
from ede_wbins.theory.getters import Remembering
from ede_wbins.theory.matter_power import Grid, PowerNoise

GRID = Grid(k_max=2.0, z_max=2.5)


def power_law(k, z):
    return (1 + z)[:, None] ** -2.0 * 1e4 * k**-1.2


def test_spectra_of_other_grids_are_put_on_this_one():
    k, z = np.geomspace(5e-6, 3, 120), np.linspace(3.0, 0, 15)
    found = GRID.take(GRID.put(k, z, power_law(k, z)))
    np.testing.assert_allclose(found[2], power_law(*found[:2]), rtol=1e-3)
    assert (found[0][-1], found[1][0], found[1][-1]) == (2.0, 0.0, pytest.approx(2.5))
    assert np.all(np.diff(found[0]) > 0)


def test_power_that_is_not_positive_is_no_number():
    k, z = np.geomspace(5e-6, 3, 120), np.linspace(3.0, 0, 15)
    assert np.isnan(GRID.put(k, z, power_law(k, z) - 1e3)).all()


def test_noise_is_small_where_a_likelihood_looks():
    key = ("Pk_grid", True, "delta_tot", "delta_tot")
    seen = GRID.ranges[20]

    def loglike(_, shift):
        return -0.5 * (np.mean(shift[seen]) / 0.01) ** 2

    noise = PowerNoise({key: GRID})
    before = noise.at_nodes()
    noise.measure(loglike)
    after = noise.at_nodes()
    # As a mean over the range: 0.01.
    np.testing.assert_allclose(after[seen] / np.sqrt(len(seen)), 0.01, rtol=1e-6)
    assert np.all(np.delete(after - before, seen) > 0)
    assert sorted(np.concatenate(GRID.ranges)) == list(range(GRID.size))


def test_posterior_is_that_of_class(emulate):  # noqa: F811
    likelihood = {"of_matter": Clusters, "peaks": Peaks}
    exact, quick = emulate(likelihood, name="EDEWBins"), emulate(likelihood, blind=0)
    errors, heights = [], []
    for x in points(exact, 12):
        heights.append(exact.logposterior(x).logpost)
        errors.append(quick.logposterior(x).logpost - heights[-1])
    theory = component(quick)
    errors, weights = np.array(errors), np.exp(heights - np.max(heights))
    assert np.sqrt(np.sum(weights * errors**2) / np.sum(weights)) < theory.tolerance
    assert theory.counts["emulated"] >= 8
    assert set(theory.surrogate.parts) == {"powers", "spectra"}
    # Cobaya keeps interpolators: blind checks use none of what was predicted.
    theory.blind, before = 1, theory.counts["emulated"]
    for x in points(exact, 3):
        with theory.always("exact"):
            expected = quick.logposterior(x, cached=False).logpost
        assert quick.logposterior(x, cached=False).logpost == expected
    assert theory.counts["emulated"] > before


def test_points_are_reused_for_the_same_wavenumbers_and_redshifts_alone(
    emulate,  # noqa: F811
    tmp_path,
):
    def needing(z_max, **options):
        power = {"z": np.linspace(0, z_max, 5), "k_max": 1.0, "nonlinear": True}
        needs = {"class": Needs, "needs": {"Pk_grid": power}}
        return emulate({"needs": needs, "peaks": Peaks}, **options)

    theory = component(model := needing(1.5))
    theory.load()
    with theory.always("exact"):
        model.logposterior(POINT)
    shutil.copy(theory.exchange.file, path := tmp_path / "points.npz")
    again = component(needing(1.5, training=str(path)))
    again.load()
    assert len(again.training_set) == 1
    with pytest.raises(LoggedError, match=r"Pk_grid nonlinear delta_tot delta_tot = .*1\.5.*1\.6"):
        component(needing(1.6, training=str(path))).load()


def test_grids_hold_what_class_gives_and_growth_explains_its_redshifts(classy, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    w = {"w1": -0.8, "w2": -1.4, "w3": -0.6}
    theory = {"path": str(Path(classy.__file__).parent), "n_bins": 3, "ede": "none"}
    needs = {"Pk_interpolator": {"z": [0, 1, 2], "k_max": 5.0, "nonlinear": (True, False)}}
    model = get_model(
        {
            "theory": {"ede_wbins.EDEWBins": theory},
            "likelihood": {"needs": {"class": Needs, "needs": needs}},
            "params": {**LCDM, **w},
        }
    )
    model.logposterior({"A_s": 2.1e-9})
    grid = Grid(k_max=5.0, z_max=2.0)
    k, z = np.geomspace(1e-4, 4.9, 300), np.linspace(0, 2, 23)
    for nonlinear in (True, False):
        state = component(model).current_state["Pk_grid", nonlinear, "delta_tot", "delta_tot"]
        ours_k, ours_z, ours = grid.take(grid.put(*state))
        found = PowerSpectrumInterpolator(ours_z, ours_k, np.log(ours), logP=True)
        exact = model.provider.get_Pk_interpolator(nonlinear=nonlinear)
        np.testing.assert_allclose(found.P(z, k), exact.P(z, k), rtol=2e-3)
    late = WBins(default_edges(3), list(w.values()), -1.0)
    universe = {name: LCDM[name] for name in ("H0", "omega_b", "omega_cdm")}
    growth = grid.growth(TabulatedBackground(**universe, late=late)).reshape(len(grid.z), -1)
    logs = np.log(ours)
    at = np.searchsorted(grid.k, 0.01)
    np.testing.assert_allclose((growth - growth[0])[:, at], (logs - logs[0])[:, at], atol=0.03)


def test_interpolators_reach_further_than_asked_for(classy):
    """des_y1 asks for k = 3000/Mpc, and looks further where distances are short."""
    theory = {"path": str(Path(classy.__file__).parent), "ede": "none"}
    needs = {"Pk_interpolator": {"z": [0, 1, 2, 3], "k_max": 1.6, "nonlinear": False}}
    model = get_model(
        {
            "theory": {"ede_wbins.EDEWBins": theory},
            "likelihood": {"needs": {"class": Needs, "needs": needs}},
            "params": LCDM,
        }
    )
    model.logposterior({"A_s": 2.1e-9})
    asked, beyond = (
        model.provider.get_Pk_interpolator(nonlinear=False, extrap_kmax=most) for most in (None, 10)
    )
    assert beyond.P(1.0, 12.0) < beyond.P(1.0, 9.0) < asked.P(1.0, 1.5)
    assert beyond.P(1.0, 0.1) == pytest.approx(float(asked.P(1.0, 0.1)), rel=1e-5)


def test_interpolators_answer_as_cobayas_do_and_once(monkeypatch):
    k, z = np.geomspace(1e-4, 3, 80), np.linspace(0, 3, 15)
    cobayas, ours = (PowerSpectrumInterpolator(z, k, power_law(k, z)) for _ in range(2))
    ours.__class__ = Remembering
    grid, line = np.outer([0.01, 0.1, 1.0], np.linspace(0.5, 1, 6)), np.linspace(0, 3, 6)
    questions = [(line, grid, False), (line, 1e-3), (0, 1e-3), (line, np.array([0.1, 0.2])), (0, 1)]
    for each in questions * 2:
        found = ours.P(*each)
        np.testing.assert_array_equal(found, cobayas.P(*each))
        # Whoever asked may do with it what they want.
        found *= 0
    with monkeypatch.context() as patched:
        patched.setattr(PowerSpectrumInterpolator, "P", None)
        assert ours.P(*questions[0]).all()
    for beyond in ((3.5, 1.0), (1.0, 3.5), (line, 4 * grid, False)):
        with pytest.raises(LoggedError, match="Not possible to extrapolate"):
            ours.P(*beyond)
    for i in range(300):
        ours.P(0.5, 0.1 + 1e-3 * i)
    assert len(vars(ours)["_answers"]) <= 128
