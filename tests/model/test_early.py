import numpy as np
import pytest

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import EDEFluid


def fluid(**changes):
    return EDEFluid(**{"fEDE": 0.1, "log10z_c": 3.55, "thetai_ede": 2.8} | changes)


@pytest.mark.parametrize(
    ("z_c", "thetai_ede", "varpi_0"),
    [(3646.5394692560767, 2.83, 2.04163e-4), (3548, 2.0, 9.83031e-5)],
)
def test_frequency_of_published_points(z_c, thetai_ede, varpi_0):
    # 1e-4: the published digits rest on other values of the constants.
    early = fluid(log10z_c=np.log10(z_c), thetai_ede=thetai_ede)
    assert early.varpi_0() == pytest.approx(varpi_0, rel=1e-4)


@pytest.mark.parametrize("n_ede", [2, 3, 4.5])
def test_density_and_w_obey_the_continuity_equation(n_ede):
    early = fluid(n_ede=n_ede)
    step = 1e-5
    for n in np.log1p(early.z_c) + np.array([-5, -1, 0, 1]):
        above, below = early.density(np.expm1([n + step, n - step]))
        slope = np.log(above / below) / (2 * step)
        assert slope == pytest.approx(3 * (1 + early.w_at(np.expm1(n))), rel=1e-6)


def test_adiabatic_sound_speed_follows_from_w():
    early = fluid()
    step = 1e-5
    for n in np.log1p(early.z_c) + np.array([-2, 0, 2]):
        w = early.w_at(np.expm1(n))
        above, below = early.w_at(np.expm1([n + step, n - step]))
        # w'/calH = -dw/dln(1+z)
        expected = w + (above - below) / (2 * step) / (3 * (1 + w))
        assert early.adiabatic_sound_speed2(np.expm1(n)) == pytest.approx(expected, rel=1e-6)


def test_limits_of_the_fluid():
    early = fluid()
    assert early.density(early.z_c) == pytest.approx(1)
    assert early.w_at(1e10) == pytest.approx(-1)
    assert early.w_at(0.0) == pytest.approx(0.5)
    assert early.adiabatic_sound_speed2(1e10) == pytest.approx(-2.5)


def test_limits_of_the_sound_speed():
    early = fluid()
    k = np.array([1e-4, 0.1, 10.0])
    # While the field oscillates faster than the mode, c_s^2 = w_n (n = 3: deep in the past too).
    np.testing.assert_allclose(early.sound_speed2(k[:2], 1e12, early.varpi_0()), 0.5, rtol=1e-6)
    np.testing.assert_array_equal(early.sound_speed2(k, 1e3, 0.0), 1.0)
    rising = early.sound_speed2(k, early.z_c / 30, early.varpi_0())
    assert np.all(np.diff(rising) > 0) and rising[0] >= 0.5 and rising[-1] <= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fEDE", 1.0),
        ("fEDE", -0.1),
        ("log10z_c", float("nan")),
        ("thetai_ede", 0.0),
        ("thetai_ede", 3.2),
        ("n_ede", 1),
    ],
)
def test_value_out_of_range_is_named(name, value):
    with pytest.raises(EDEWBinsError, match=f"{name} = "):
        fluid(**{name: value})
