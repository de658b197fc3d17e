import numpy as np
import pytest

from ede_wbins.emulator import Compression, GaussianProcess
from ede_wbins.emulator.regress import _cost


def smooth(x):
    """Three functions of four inputs, of which the last does nothing."""
    return np.stack(
        [
            3 * np.sin(x[:, 0]) + x[:, 1] ** 2,
            np.exp(x[:, 1] / 2) + x[:, 0] * x[:, 2],
            1e-3 * (x[:, 2] + np.cos(x[:, 0] + x[:, 1])),
        ],
        axis=1,
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_known_functions_are_learned(rng):
    x, new = rng.uniform(-2, 2, size=(80, 4)), rng.uniform(-2, 2, size=(300, 4))
    mean, variance = GaussianProcess.fit(x, smooth(x)).predict(new)
    error = mean - smooth(new)
    assert np.all(error.std(axis=0) < 0.03 * smooth(new).std(axis=0))
    assert np.all(variance >= 0)


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_predicted_errors_of_a_draw_of_the_process_are_honest(rng, noise):
    """The function is a Matern-5/2 process itself, plus noise: errors over sd must be 1."""
    x = rng.uniform(-2, 2, size=(400, 2))
    r = np.sqrt(5 * np.sum((x[:, None] - x) ** 2, axis=-1))
    kernel = (1 + r + r**2 / 3) * np.exp(-r)
    root = np.linalg.cholesky(kernel + 1e-9 * np.eye(len(x)))
    truth = root @ rng.normal(size=(len(x), 20)) + 50 * x[:, :1]
    noisy = truth + noise * rng.normal(size=truth.shape)
    mean, variance = GaussianProcess.fit(x[:100], noisy[:100]).predict(x[100:])
    ratio = (mean - noisy[100:]) / np.sqrt(variance)
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1, abs=0.15)


def test_points_left_out_are_predicted_by_generalised_least_squares(rng):
    x = rng.uniform(-2, 2, size=(40, 3))
    y = smooth(np.column_stack([x, x[:, 0]])) + 0.01 * rng.normal(size=(40, 3))
    # Long ones would leave matrices that the formulae below cannot invert well.
    process = GaussianProcess.fit(x, y, lengths=np.array([1.0, 1.5, 2.0]), refine=False)
    error, variance = process.left_out()
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    trend = np.column_stack([np.ones(40), standard])
    distance = np.linalg.norm((standard[:, None] - standard) / process.lengths, axis=-1)
    r = np.sqrt(5) * distance
    kernel = (1 + r + r**2 / 3) * np.exp(-r)
    for i in (0, 17, 39):
        rest = np.arange(40) != i
        for j in range(3):
            noisy = kernel + process._nugget[j] * np.eye(40)
            inverse, f = np.linalg.inv(noisy[rest][:, rest]), trend[rest]
            information = f.T @ inverse @ f
            beta = np.linalg.solve(information, f.T @ inverse @ y[rest, j])
            mean = trend[i] @ beta + kernel[i, rest] @ inverse @ (y[rest, j] - f @ beta)
            u = trend[i] - kernel[i, rest] @ inverse @ f
            unknown = 1 - kernel[i, rest] @ inverse @ kernel[rest, i] + process._nugget[j]
            unknown += u @ np.linalg.solve(information, u)
            assert error[i, j] == pytest.approx(mean - y[i, j], rel=1e-4, abs=1e-8)
            assert variance[i, j] == pytest.approx(process._amplitude2[j] * unknown, rel=1e-4)


def test_of_many_points_some_tell_the_length_scales_and_all_the_rest(rng):
    x = rng.uniform(-2, 2, size=(399, 4))
    found, half = GaussianProcess.fit(x, smooth(x)), GaussianProcess.fit(x[::2], smooth(x[::2]))
    # In units of the inputs, whose spread is that of the points that are given.
    scales = [process.lengths * some.std(axis=0) for process, some in ((found, x), (half, x[::2]))]
    np.testing.assert_allclose(scales[0][:2], scales[1][:2], rtol=0.05)
    new = rng.uniform(-2, 2, size=(300, 4))
    errors = [(process.mean(new) - smooth(new)).std(axis=0) for process in (found, half)]
    assert np.all(errors[0] < errors[1] / 1.5)


def test_linear_functions_are_exact_far_away(rng):
    x = rng.normal(size=(30, 3))
    slope = np.array([[2.0], [-1.0], [0.5]])
    far = 10 * rng.normal(size=(5, 3))
    mean, _ = GaussianProcess.fit(x, x @ slope + 7).predict(far)
    np.testing.assert_allclose(mean, far @ slope + 7, rtol=1e-6)


def test_errors_grow_away_from_the_points_and_vanish_on_them(rng):
    x = rng.normal(size=(60, 4))
    process = GaussianProcess.fit(x, smooth(x))
    on, near, far = (process.predict(c * x[:5])[1] for c in (1, 1.5, 6))
    assert np.all(on < near)
    assert np.all(near < far)


def test_input_that_does_not_vary_is_ignored(rng):
    x = rng.normal(size=(60, 4))
    with_constant = np.column_stack([x, np.full(60, 3.0)])
    new = rng.normal(size=(5, 4))
    mean = GaussianProcess.fit(x, smooth(x)).predict(new)[0]
    padded = np.column_stack([new, np.full(5, 3.0)])
    same = GaussianProcess.fit(with_constant, smooth(x)).predict(padded)[0]
    np.testing.assert_allclose(same, mean, rtol=1e-3, atol=1e-4)


def test_output_that_does_not_vary_is_predicted_without_error(rng):
    x = rng.normal(size=(60, 4))
    y = np.insert(smooth(x), 1, 42.0, axis=1)
    mean, variance = GaussianProcess.fit(x, y).predict(3 * x)
    np.testing.assert_allclose(mean[:, 1], 42, rtol=1e-12)
    assert np.all(variance[:, 1] == 0)
    without = GaussianProcess.fit(x, smooth(x)).predict(3 * x)[0]
    np.testing.assert_allclose(np.delete(mean, 1, axis=1), without, rtol=1e-5)


def test_gradient_is_the_slope_of_the_cost(rng):
    x = rng.normal(size=(30, 3))
    contrasts = np.linalg.svd(np.column_stack([np.ones(30), x]))[0][:, 4:]
    data = contrasts.T @ smooth(np.column_stack([x, x[:, 0]]))
    squares = [np.subtract.outer(column, column) ** 2 for column in x.T]
    rest = contrasts, data, squares
    at = np.log([1.0, 2.0, 5.0])
    steps = 1e-5 * np.eye(3)
    slope = [(_cost(at + s, *rest)[0] - _cost(at - s, *rest)[0]) / 2e-5 for s in steps]
    np.testing.assert_allclose(_cost(at, *rest)[1], slope, rtol=1e-5)


def test_compression_keeps_what_exceeds_the_noise(rng):
    noise = rng.uniform(0.5, 2, size=200)
    signal = 10 * rng.normal(size=(60, 3)) @ rng.normal(size=(3, 200))
    y = 5 + noise * (signal + 1e-4 * rng.normal(size=(60, 200)))
    compression = Compression.fit(y, noise, n_max=20, floor=0.01)
    assert len(compression.basis) == 3
    back = compression.expand(compression.compress(y))
    assert np.max(np.abs(back - y) / noise) < 1e-2
