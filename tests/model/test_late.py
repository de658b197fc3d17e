import numpy as np
import pytest
from scipy.integrate import quad

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import WBins, default_edges

PATTERN = WBins((0.7, 1.4, 3.0), (-0.8, -1.3, -0.6))


def test_density_of_published_pattern():
    expected = [
        1.2754245006257907,
        1.1878083829158255,
        1.161091087560164,
        1.8608088550317479,
        1.8608088550317479,
    ]
    np.testing.assert_allclose(PATTERN.density([0.5, 1.0, 1.7, 3.0, 10.0]), expected, rtol=1e-14)


def test_a_bin_holds_its_lower_edge_and_not_its_upper_one():
    z = [0, 0.7 - 1e-12, 0.7, 1.4, 3.0 - 1e-12, 3.0, 1e4]
    np.testing.assert_array_equal(PATTERN.w_at(z), [-0.8, -0.8, -1.3, -0.6, -0.6, -1, -1])


def test_density_is_continuous_across_edges():
    edges = np.array(PATTERN.z_edges)
    np.testing.assert_allclose(PATTERN.density(edges - 1e-13), PATTERN.density(edges), rtol=1e-12)


def test_cosmological_constant_is_exactly_constant():
    bins = WBins(default_edges(10), [-1.0] * 10)
    assert np.all(bins.density(np.geomspace(1e-3, 1e14, 50)) == 1.0)


def test_equal_bins_are_one_constant_w():
    bins = WBins(default_edges(5), [-0.9] * 5, w_beyond=-0.9)
    z = np.array([0.0, 0.3, 0.6, 2.0, 50.0])
    np.testing.assert_allclose(bins.density(z), (1 + z) ** 0.3, rtol=1e-14)


@pytest.mark.parametrize("width", [0.01, 0.1])
def test_smooth_density_integrates_its_own_w(width):
    bins = WBins((0.7, 1.4, 3.0), (-0.8, -1.3, -0.6), width=width)
    for z in (0.3, 0.7, 1.0, 5.0):
        kinks = [n for n in np.log1p(bins.breakpoints()) if n < np.log1p(z)]
        exponent = quad(
            lambda n: 3 * (1 + bins.w_at(np.expm1(n))), 0, np.log1p(z), points=kinks, limit=500
        )[0]
        assert bins.density(z) == pytest.approx(np.exp(exponent), rel=1e-10)


def test_smooth_bins_approach_sharp_ones():
    narrow = WBins(PATTERN.z_edges, PATTERN.w, width=1e-7)
    z = np.linspace(0, 5, 101)
    np.testing.assert_allclose(narrow.density(z), PATTERN.density(z), rtol=1e-6)


def test_shape_follows_z():
    z = np.ones((2, 3))
    assert PATTERN.w_at(z).shape == PATTERN.density(z).shape == (2, 3)
    assert np.shape(PATTERN.density(1.0)) == ()


def test_default_edges():
    assert default_edges(3) == (1.0, 2.0, 3.0)
    assert default_edges(5) == pytest.approx((0.6, 1.2, 1.8, 2.4, 3.0))
    assert default_edges(10)[0] == pytest.approx(0.3)


@pytest.mark.parametrize("n_bins", [0, -1, 2.5, "3", True, None])
def test_bin_count_must_be_whole(n_bins):
    with pytest.raises(EDEWBinsError, match="n_bins"):
        default_edges(n_bins)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (dict(z_edges=(1.0, 0.5), w=(-1, -1)), "z_edges"),
        (dict(z_edges=(0.0, 0.5), w=(-1, -1)), "z_edges"),
        (dict(z_edges=(), w=()), "z_edges"),
        (dict(z_edges=(1.0, np.inf), w=(-1, -1)), "z_edges"),
        (dict(z_edges="high", w=(-1,)), "z_edges"),
        (dict(z_edges=(1.0, 2.0), w=(-1,)), "w = "),
        (dict(z_edges=(1.0,), w=(np.nan,)), "w = "),
        (dict(z_edges=(1.0,), w=(-1,), w_beyond=0.0), "w_beyond"),
        (dict(z_edges=(1.0,), w=(-1,), w_beyond="low"), "w_beyond"),
        (dict(z_edges=(1.0,), w=(-1,), width=-0.1), "width"),
    ],
)
def test_bad_input_is_one_line(arguments, named):
    with pytest.raises(EDEWBinsError, match=named) as error:
        WBins(**arguments)
    assert "\n" not in str(error.value)
