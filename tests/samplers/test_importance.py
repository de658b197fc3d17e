"""Importance sampling: a known density, from draws of a part of it."""

import numpy as np
import pytest

from ede_wbins.samplers import importance

# Two modes and a tail that no Gaussian has: x is normal, y of variance exp(x), and there is a copy.
SHIFT = 7.0


def log_density(p):
    x, y = p
    if abs(y) > 30:
        return -np.inf
    funnel = -0.5 * x**2 - 0.5 * y**2 * np.exp(-x) - 0.5 * x
    return np.logaddexp(funnel, np.log(0.5) - 0.5 * ((x - SHIFT) ** 2 + y**2))


def rough(rng):
    """Draws that are too narrow, of both modes in the wrong proportion."""
    x = np.concatenate([rng.normal(0, 0.7, 40), rng.normal(SHIFT, 0.7, 200)])
    return np.column_stack([x, rng.normal(0, 0.7, 240)])


def test_weights_make_draws_of_the_density():
    found = importance.sample(
        log_density, rough(np.random.default_rng(1)), np.random.default_rng(2)
    )
    assert found.n_effective > 3000
    x, y = found.points.T
    of_copy = found.weights @ (x > 4.5)
    mean = found.weights @ np.where(x < 4.5, x, 0) / (1 - of_copy)
    # Of independent draws as many as they are worth, four standard deviations.
    error = 4 / np.sqrt(found.n_effective)
    assert of_copy == pytest.approx(1 / 3, abs=error * np.sqrt(2) / 3)
    assert mean == pytest.approx(0, abs=error / np.sqrt(2 / 3))
    # E exp(x/2) x E|y/exp(x/2)|.
    size = found.weights @ np.where(x < 4.5, abs(y), 0) / (1 - of_copy)
    assert size == pytest.approx(np.exp(1 / 8) * np.sqrt(2 / np.pi), rel=2 * error)


def test_its_mixture_resembles_the_density():
    found = importance.sample(
        log_density, rough(np.random.default_rng(1)), np.random.default_rng(2)
    )
    x = found.mixture.sample(4000, np.random.default_rng(5))
    weights = np.exp([log_density(each) for each in x] - found.mixture.logpdf(x))
    assert weights.sum() ** 2 / np.sum(weights**2) > 0.5 * len(x)


def test_nothing_to_be_found_is_an_error():
    with pytest.raises(np.linalg.LinAlgError):
        importance.sample(
            lambda x: -np.inf, rough(np.random.default_rng(1)), np.random.default_rng(2)
        )
