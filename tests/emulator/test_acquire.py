import numpy as np
import pytest

from ede_wbins.emulator import choose, draw


def test_draws_have_the_moments_of_a_correlated_gaussian():
    covariance = np.array([[1.0, 1.8], [1.8, 4.0]])
    inverse = np.linalg.inv(covariance)
    rng = np.random.default_rng(3)
    start = 5 + rng.normal(size=(24, 2))
    points = draw(lambda x: -0.5 * x @ inverse @ x, start, 600, rng)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.15)
    np.testing.assert_allclose(np.cov(points.T), covariance, rtol=0.15)


@pytest.mark.filterwarnings("error")
def test_draws_stay_where_the_density_is():
    rng = np.random.default_rng(3)
    # Some start outside.
    start = rng.uniform(-0.1, 1.1, size=(12, 2))
    points = draw(lambda x: 0.0 if np.all((x > 0) & (x < 1)) else -np.inf, start, 200, rng)
    assert points.min() > 0
    assert points.max() < 1
    np.testing.assert_allclose(points.mean(axis=0), 0.5, atol=0.05)


def test_neighbours_of_a_chosen_point_are_not_chosen():
    x = np.array([0.0, 0.01, 0.02, 3.0, 6.0])
    correlation = np.exp(-(np.subtract.outer(x, x) ** 2))
    chosen = choose(np.array([5.0, 4.9, 4.8, 1.0, 2.0]), correlation, 3)
    assert chosen.tolist() == [0, 4, 3]
    # Nor are those of a point that is computed anyway.
    chosen = choose(np.array([4.9, 5.0, 4.8, 1.0, 2.0]), correlation, 2, known=1)
    assert chosen.tolist() == [4, 3]
