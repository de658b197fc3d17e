import numpy as np
import pytest
from scipy.optimize import minimize

from ede_wbins.theory.trust import LocalLikelihood, Trust

K, Q = 4, 2


@pytest.fixture
def quadratic():
    """ln L of (components, nuisance), quadratic in both."""
    rng = np.random.default_rng(2)
    root = rng.normal(size=(K + Q, K + Q))
    slope = rng.normal(size=K + Q)

    def loglike(components, nuisance):
        x = np.concatenate([components, nuisance])
        return -3.0 + slope @ x - 0.5 * np.sum((root @ x) ** 2)

    return loglike


def test_gaussian_likelihood_is_expanded_exactly(quadratic):
    rng = np.random.default_rng(4)
    local = LocalLikelihood(quadratic, np.ones(K), np.zeros(Q), np.full(Q, 0.01))
    for _ in range(5):
        x, nuisance = 3 * rng.normal(size=K), rng.normal(size=Q)
        assert local.loglike(x, nuisance) == pytest.approx(quadratic(x, nuisance), rel=1e-6)


def test_best_nuisance_parameters_are_those_of_the_highest_likelihood(quadratic):
    rng = np.random.default_rng(4)
    local = LocalLikelihood(quadratic, np.ones(K), np.zeros(Q), np.full(Q, 0.01))
    x = rng.normal(size=K)
    found = local.best_nuisance(x)
    best = minimize(lambda nuisance: -quadratic(x, nuisance), np.zeros(Q)).x
    np.testing.assert_allclose(found, best, atol=1e-4)


def test_nuisance_parameters_without_a_best_value_stay_what_they_are():
    one = LocalLikelihood(
        lambda c, n: -0.5 * (n[0] - c[0]) ** 2 + n[1] ** 2, np.zeros(1), np.zeros(2), np.ones(2)
    )
    np.testing.assert_allclose(one.best_nuisance(np.array([3.0])), [3, 0], atol=1e-9)
    none = LocalLikelihood(lambda c, _: -0.5 * c[0] ** 2, np.zeros(1), np.empty(0), [])
    assert none.best_nuisance(np.array([3.0])).shape == (0,)


def test_sd_is_that_of_sampled_errors(quadratic):
    rng = np.random.default_rng(4)
    local = LocalLikelihood(quadratic, np.ones(K), np.zeros(Q), np.full(Q, 0.01))
    x, nuisance = rng.normal(size=K), rng.normal(size=Q)
    sd = np.array([0.2, 0.5, 0.01, 0.3])
    sampled = [quadratic(x + sd * rng.normal(size=K), nuisance) for _ in range(20000)]
    assert local.sd(x, nuisance, sd**2) == pytest.approx(np.std(sampled), rel=0.03)


@pytest.fixture
def trust():
    """Over one component of unit noise, whose best fit is at 0."""
    found = Trust(tolerance=0.15)
    found.local = LocalLikelihood(lambda c, _: float(-0.5 * c @ c), np.zeros(1), np.empty(0), [])
    found.best = 0.0
    return found


@pytest.mark.parametrize("sd, limit", [(0.05, 0.45), (0.14, 0.45), (0.3, 0.15)])
def test_limit_keeps_the_rms_over_the_posterior_below_the_tolerance(trust, sd, limit):
    predicted = np.abs(sd * np.random.default_rng(0).normal(size=2000))
    trust.set_limit(predicted)
    emulated = predicted[predicted < trust.limit]
    assert np.sum(emulated**2) / len(predicted) <= 1.001 * trust.tolerance**2
    assert trust.limit >= limit - 1e-12


def test_larger_errors_are_allowed_far_from_the_posterior_alone(trust):
    trust.set_limit(np.full(10, 0.01))
    near, far = np.array([1.0]), np.array([20.0])
    nothing = np.empty(0)
    assert trust.allows(0.4, near, nothing, n=5)
    assert not trust.allows(0.5, near, nothing, n=5)
    assert trust.allows(5.0, far, nothing, n=5)
    # What could bring the point into the posterior is not allowed.
    assert not trust.allows(100.0, far, nothing, n=5)


def test_predicted_errors_are_scaled_to_known_ones(trust):
    trust.calibrate([0.1] * 100, [0.1] * 100)
    assert trust.scale == pytest.approx(1)
    trust.calibrate([0.3] * 1000, [0.1] * 1000)
    assert 2.9 < trust.scale <= 3
    trust.calibrate([0.1] * 4, [0.3] * 4)
    assert 0.9 < trust.scale < 1


def test_points_left_out_tell_of_errors_in_the_posterior_alone(trust):
    components = np.array([[1.0], [10.0], [-2.0]])
    errors, variances = np.array([[0.1], [0.1], [-0.2]]), np.full((3, 1), 0.01)
    error, sd = trust.left_out(components, errors, variances, n=5)
    np.testing.assert_allclose(error, [-0.5 * (1.1**2 - 1), -0.5 * (2.2**2 - 4)])
    np.testing.assert_allclose(sd, [trust.local.sd(c, [], [0.01]) for c in ([1.1], [-2.2])])
    assert trust.left_out(components[1:2], *np.ones((2, 1, 1)), n=5).shape == (2, 0)


def test_scale_settles_where_each_point_is_predicted_with_that_of_those_before(trust):
    trust.calibrate([], [])
    for _ in range(1000):
        trust.learn(0.3, 0.1 * trust.scale)
    assert 2.9 < trust.scale <= 3
