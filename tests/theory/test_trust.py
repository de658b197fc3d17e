import numpy as np
import pytest

from ede_wbins.theory.trust import LocalLikelihood

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


def test_sd_is_that_of_sampled_errors(quadratic):
    rng = np.random.default_rng(4)
    local = LocalLikelihood(quadratic, np.ones(K), np.zeros(Q), np.full(Q, 0.01))
    x, nuisance = rng.normal(size=K), rng.normal(size=Q)
    sd = np.array([0.2, 0.5, 0.01, 0.3])
    sampled = [quadratic(x + sd * rng.normal(size=K), nuisance) for _ in range(20000)]
    assert local.sd(x, nuisance, sd**2) == pytest.approx(np.std(sampled), rel=0.03)
