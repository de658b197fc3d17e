"""Matter power spectra through the emulated component, on the stand-in for CLASS."""

import shutil

import numpy as np
import pytest
from cobaya.log import LoggedError
from stand_in import Needs, component
from test_emulated import POINT, emulate, points  # noqa: F401
from universe import Clusters, Peaks

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


def test_blind_checks_use_no_interpolator_of_what_was_predicted(emulate):  # noqa: F811
    likelihood = {"of_matter": Clusters}
    model, exact = emulate(likelihood, blind=1), emulate(likelihood, name="EDEWBins")
    for x in points(model, 3):
        assert model.logposterior(x).logpost == exact.logposterior(x).logpost
    assert component(model).counts["emulated"] > 0


def test_points_are_reused_for_the_same_wavenumbers_and_redshifts_alone(
    emulate,  # noqa: F811
    tmp_path,
):
    def needing(z_max, **options):
        power = {"z": np.linspace(0, z_max, 5), "k_max": 1.0, "nonlinear": True}
        needs = {"class": Needs, "needs": {"Pk_grid": power}}
        return emulate({"needs": needs, "peaks": Peaks}, **options)

    model = needing(1.5)
    model.logposterior(POINT)
    shutil.copy(component(model).exchange.file, path := tmp_path / "points.npz")
    again = needing(1.5, training=str(path))
    again.logposterior(POINT)
    assert component(again).counts["by CLASS"] <= 10
    with pytest.raises(LoggedError, match=r"Pk_grid nonlinear delta_tot delta_tot = .*1\.5.*1\.6"):
        needing(1.6, training=str(path)).logposterior(POINT)
