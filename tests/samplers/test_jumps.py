"""Jumps: their density is that of their draws, and as many lead there as back."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from ede_wbins.samplers.jumps import fit

LEADS = np.array([False, True, True, False])
WIDE = np.array([[-50.0, 50.0]] * 4)


def draws(rng, n):
    """Two leading parameters in two modes, the others linear in them up to noise."""
    leading = rng.normal(size=(n, 2)) + 4 * rng.integers(2, size=(n, 1))
    others = leading @ np.array([[1.0, 0.5], [-1.0, 2.0]]) + 0.3 * rng.normal(size=(n, 2))
    return np.column_stack([others[:, 0], leading, others[:, 1]])


@pytest.fixture(scope="module")
def jumps():
    rng = np.random.default_rng(1)
    return fit(draws(rng, 2000), draws(rng, 2000), WIDE, rng, LEADS)


def test_its_density_is_that_of_its_draws(jumps):
    x = jumps.sample(200_000, np.random.default_rng(2))
    # Against another density, whose integral is known.
    other = multivariate_normal(x.mean(axis=0), 0.5 * np.cov(x.T))
    ratio = np.exp(other.logpdf(x) - jumps.logpdf(x))
    assert ratio.mean() == pytest.approx(1, abs=5 * ratio.std() / np.sqrt(len(x)))


def test_draws_are_like_those_that_it_was_fitted_to(jumps):
    x = jumps.sample(100_000, np.random.default_rng(3))
    np.testing.assert_allclose(x.mean(axis=0), [0, 2, 2, 5], atol=0.2)
    # Wider by its own choice.
    like = np.cov(draws(np.random.default_rng(4), 100_000).T)
    assert 1.2 < np.trace(np.linalg.solve(like, np.cov(x.T))) / 4 < 1.6


def test_a_jump_says_how_much_more_often_it_leads_there(jumps):
    """The density is a product, of whose factors each jump changes one."""
    rng = np.random.default_rng(5)
    offs = []
    for x in draws(rng, 500):
        there, log_ratio = jumps.propose(x, rng)
        if np.any(there[LEADS] != x[LEADS]):
            left = [p[~LEADS] - jumps.slope @ p[LEADS] for p in (there, x)]
            np.testing.assert_allclose(*left, atol=1e-9)
        density = jumps.logpdf(np.array([there, x]))
        offs.append(log_ratio - (density[0] - density[1]))
    np.testing.assert_allclose(offs, 0, atol=1e-8)


def test_nothing_within_bounds_is_an_error():
    rng = np.random.default_rng(6)
    with pytest.raises(np.linalg.LinAlgError, match="out of bounds"):
        fit(draws(rng, 500), draws(rng, 500), WIDE + 200, rng, LEADS)
