"""Functional priors: densities that integrate to 1, whatever the parameters are called."""

import numpy as np
import pytest
from cobaya.run import run as cobaya_run
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import norm

from ede_wbins import priors
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import Background, WBins


def rays(n_bins, n=3000, seed=0):
    """Points at uniform distances in uniform directions of the box, and their log density."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((n, n_bins))
    u /= np.linalg.norm(u, axis=1)[:, None]
    t = np.sqrt(n_bins) * rng.random(n)
    sphere = np.log(2) + n_bins / 2 * np.log(np.pi) - gammaln(n_bins / 2)
    log_q = -sphere - (n_bins - 1) * np.log(t) - 0.5 * np.log(n_bins) - n_bins * np.log(2)
    return -1 + 2 * t[:, None] * u, log_q


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_one_bin_integrates_to_one(scale):
    prior = priors.late(n_bins=1, scale=scale)
    total = sum(
        quad(lambda w: np.exp(prior(w)), *ends, limit=200)[0]
        for ends in ((-3, -1.01), (-1.01, -1), (-1, -0.99), (-0.99, 1))
    )
    assert total == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("n_bins", [3, 10])
def test_many_bins_integrate_to_one(n_bins):
    prior = priors.late(n_bins=n_bins, scale=10.0)
    points, log_q = rays(n_bins)
    ratio = np.exp([prior(*point) for point in points] - log_q)
    error = ratio.std() / np.sqrt(len(ratio))
    assert error < 0.05
    assert ratio.mean() == pytest.approx(1, abs=3 * error)


@pytest.mark.parametrize("log10z_c", [3.0, 3.55, 4.3])
def test_early_integrates_to_one_in_either_parameter(log10z_c):
    plain, log = priors.early(scale=2.0), priors.early(scale=2.0, log10=True)
    total, _ = quad(lambda f: np.exp(plain(f, log10z_c)), 0.001, 0.5, limit=200)
    assert total == pytest.approx(1, abs=0.01)
    total, _ = quad(lambda x: np.exp(log(x, log10z_c)), -3, np.log10(0.5), limit=200)
    assert total == pytest.approx(1, abs=0.01)


def test_the_name_of_the_parameter_does_not_matter():
    """The probability of fEDE in a range, in fEDE and in log10 fEDE; of w, in w and in 1 + w."""
    plain, log = priors.early(), priors.early(log10=True)
    for low, high in ((0.002, 0.01), (0.01, 0.05), (0.05, 0.3)):
        one, _ = quad(lambda f: np.exp(plain(f, 3.55)), low, high)
        other, _ = quad(lambda x: np.exp(log(x, 3.55)), np.log10(low), np.log10(high))
        assert other == pytest.approx(one, rel=0.01)
    w, shifted = priors.late(n_bins=2), priors.late(n_bins=2, bounds=(-2, 2), origin=0)
    assert shifted(0.1, -0.3) == pytest.approx(w(-0.9, -1.3), rel=1e-10)


def test_length_is_that_of_the_predictions():
    """Near LambdaCDM, s is the change of DESI's distances in sigma, and its density exp(-s)."""
    z, kinds, covariance = priors._experiment()

    def predicted(w):
        universe = Background(67.32, 0.022383, 0.12011, late=WBins((1.0, 2.0, 3.0), w))
        D, H = universe.comoving_distance(z), universe.hubble(z)
        values = {"DM_over_rs": D, "DH_over_rs": 1 / H, "DV_over_rs": (z * D**2 / H) ** (1 / 3)}
        return np.array([values[kind][i] for i, kind in enumerate(kinds)]) / 147.05

    away = predicted((-0.98, -1.02, -1.0)) - predicted((-1.0, -1.0, -1.0))
    sigma = np.sqrt(away @ np.linalg.solve(covariance, away))
    path = priors._LatePath((1.0, 2.0, 3.0))
    speeds = path.speed(np.array([0.02, -0.02, 0.0]), np.linspace(0, 1, 5))
    assert speeds.mean() == pytest.approx(sigma, rel=0.01)


def test_bins_share_the_prior_of_what_is_observable():
    """P(s < 1) is 1 - e^-1 for 3 and 10 bins, where the ends of the box are far."""
    for n_bins in (3, 10):
        prior = priors.late(n_bins=n_bins, scale=1.0)
        path = priors._LatePath(tuple(3.0 * i / n_bins for i in range(1, n_bins + 1)))
        points, _ = rays(n_bins, 60)
        found = []
        for point in points:
            u = (point + 1) / np.linalg.norm((point + 1) / 2)
            t = np.linspace(0, 1 / np.abs(u / 2).max(), 400)
            speed = path.speed(u, t)
            s = np.concatenate([[0], np.cumsum(np.diff(t) * (speed[1:] + speed[:-1]) / 2)])
            inside = t[(s < 1) & (t > 0)]
            radial = [
                np.exp(prior(*(-1 + x * u))) * x ** (n_bins - 1) * 2**n_bins
                for x in np.linspace(1e-4, inside[-1], 12)
            ]
            sphere = np.exp(np.log(2) + n_bins / 2 * np.log(np.pi) - gammaln(n_bins / 2))
            found.append(np.trapezoid(radial, np.linspace(1e-4, inside[-1], 12)) * sphere)
        assert np.median(found) == pytest.approx(1 - np.exp(-1), abs=0.03)


@pytest.mark.parametrize("n_bins", [1, 3, 10])
def test_normal_variables_become_that_prior(n_bins):
    """By the change of variables, at random points: the Jacobian is numerical."""
    to_w, prior = priors.late_from_normal(n_bins, scale=2.0), priors.late(n_bins, scale=2.0)
    for v in np.random.default_rng(1).standard_normal((3, n_bins)):
        steps = 1e-4 * np.eye(n_bins)
        jacobian = [(to_w(*(v + step)) - to_w(*(v - step))) / 2e-4 for step in steps]
        expected = norm.logpdf(v).sum() - np.linalg.slogdet(jacobian)[1]
        assert prior(*to_w(*v)) == pytest.approx(expected, abs=0.01)


def test_far_normal_variables_end_at_the_range():
    assert np.abs(priors.late_from_normal(3)(30.0, 10.0, -5.0) + 1).max() == pytest.approx(2)


def test_normal_variables_have_the_prior_of_what_is_observable():
    to_w, path = priors.late_from_normal(10), priors._LatePath(tuple(0.3 * np.arange(1, 11)))
    away = [to_w(*v) + 1 for v in np.random.default_rng(3).standard_normal((600, 10))]
    s = np.array([path.speed(each, np.linspace(0, 1, 9)).mean() for each in away])
    for level in (0.5, 1.0, 2.0):
        assert np.mean(s < level) == pytest.approx(1 - np.exp(-level), abs=0.06)


def test_cobaya_takes_normal_variables():
    to_w = 'lambda v1, v2: import_module("ede_wbins.priors").late_from_normal(2)(v1, v2)'
    normal = {"prior": {"dist": "norm", "loc": 0, "scale": 1}, "drop": True}
    info = {
        "likelihood": {"one": None},
        "params": {"v1": normal, "v2": normal}
        | {f"w{i}": {"value": f"{to_w}[{i - 1}]"} for i in (1, 2)},
        "sampler": {"evaluate": {"override": {"v1": 0.7, "v2": -1.2}}},
    }
    _, sampler = cobaya_run(info)
    sample = sampler.products()["sample"]
    found = [sample["w1"][0], sample["w2"][0]]
    assert found == pytest.approx(priors.late_from_normal(2)(0.7, -1.2).tolist())


def test_early_dark_energy_that_cannot_be_seen_is_freer():
    """The sound horizon hardly knows of an EDE that acts after recombination."""
    prior = priors.early()
    assert prior(0.1, 3.0) > prior(0.1, 3.6) + 1


def test_cobaya_takes_them_by_name(tmp_path):
    info = {
        "likelihood": {"one": None},
        "params": {
            "fEDE": {"prior": [0.001, 0.5], "ref": 0.01, "proposal": 0.02},
            "log10z_c": {"prior": [3.0, 4.3], "ref": 3.5, "proposal": 0.3},
            "w1": {"prior": [-3, 1], "ref": -0.9, "proposal": 0.1},
            "w2": {"prior": [-3, 1], "ref": -0.9, "proposal": 0.3},
        },
        "prior": {
            "early": 'import_module("ede_wbins.priors").early()',
            "late": 'import_module("ede_wbins.priors").late(n_bins=2)',
        },
        "sampler": {
            "evaluate": {"override": {"w1": -0.9, "w2": -1.2, "fEDE": 0.05, "log10z_c": 3.5}}
        },
    }
    _, sampler = cobaya_run(info)
    sample = sampler.products()["sample"]
    assert -sample["minuslogprior__early"][0] == pytest.approx(priors.early()(0.05, 3.5))
    assert -sample["minuslogprior__late"][0] == pytest.approx(priors.late(2)(-0.9, -1.2))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: priors.late(), "n_bins = None, z_edges = None: give one of them"),
        (lambda: priors.late(3, scale=0), "scale = 0: must be above 0"),
        (lambda: priors.late_from_normal(3, scale=0), "scale = 0: must be above 0"),
        (lambda: priors.late(3, bounds=(-2, 1)), "bounds = .* must be in the middle"),
        (lambda: priors.early(bounds=(0.5, 0.1)), "bounds = .* must be a range of fEDE"),
    ],
)
def test_options_that_make_no_sense_are_one_line(make, reason):
    with pytest.raises(EDEWBinsError, match=reason):
        make()


def test_outside_the_ranges_there_is_nothing():
    assert priors.late(2)(1.5, -1.0) == -np.inf
    assert priors.early()(0.6, 3.5) == -np.inf
    assert np.isfinite(priors.late(3)(-1.0, -1.0, -1.0))
