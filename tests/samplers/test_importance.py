"""Importance sampling: a known density, from draws of a part of it."""

import numpy as np
import pytest

from ede_wbins.samplers import importance

# Two modes and a tail that no Gaussian has: x is normal, y of variance exp(x), and there is a copy.
SHIFT = 7.0
BOUNDS = np.array([[-20, 30], [-30, 30]])


def log_density(p):
    x, y = p
    assert abs(y) < 30
    funnel = -0.5 * x**2 - 0.5 * y**2 * np.exp(-x) - 0.5 * x
    return np.logaddexp(funnel, np.log(0.5) - 0.5 * ((x - SHIFT) ** 2 + y**2))


def rough(rng):
    """Draws that are too narrow, of both modes in the wrong proportion."""
    x = np.concatenate([rng.normal(0, 0.7, 40), rng.normal(SHIFT, 0.7, 200)])
    return np.column_stack([x, rng.normal(0, 0.7, 240)])


def sampled(log_density, draws, bounds):
    leads = np.ones(len(bounds), dtype=bool)
    return importance.sample(log_density, draws, bounds, np.random.default_rng(2), leads)


@pytest.fixture(scope="module")
def found():
    return sampled(log_density, rough(np.random.default_rng(1)), BOUNDS)


def test_weights_make_draws_of_the_density(found):
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


def share(found, log_density):
    """Of draws of its mixture that are left when they are weighted to the density."""
    x = found.jumps.sample(4000, np.random.default_rng(5))
    weights = np.exp([log_density(each) for each in x] - found.jumps.logpdf(x))
    return weights.sum() ** 2 / np.sum(weights**2) / len(x)


def test_its_mixture_resembles_the_density(found):
    assert share(found, log_density) > 0.5


def test_a_mixture_ends_at_the_bounds():
    """Of parameters of which data say next to nothing, Gaussians would mostly lie beyond them."""

    def nearly_flat(x):
        return -0.5 * (x[0] - 0.3 * x[1]) ** 2 / 0.1**2

    bounds = np.array([[-1.0, 1.0]] * 8)
    rng = np.random.default_rng(3)
    draws = rng.uniform(-1, 1, (400, 8))
    draws[:, 0] = 0.3 * draws[:, 1] + 0.1 * rng.normal(size=400)
    found = sampled(nearly_flat, draws, bounds)
    assert np.all(np.abs(found.points) < 1)
    assert found.jumps.share < 0.5
    assert share(found, nearly_flat) > 0.4
    # Its density is that of its draws: it integrates to 1 over where they are.
    x = rng.uniform(-1, 1, (400_000, 8))
    density = np.exp(found.jumps.logpdf(x)) * 2**8
    assert density.mean() == pytest.approx(1, abs=5 * density.std() / np.sqrt(len(x)) + 0.02)


def test_nothing_to_be_found_is_an_error():
    with pytest.raises(np.linalg.LinAlgError):
        sampled(lambda x: -np.inf, rough(np.random.default_rng(1)), BOUNDS)
