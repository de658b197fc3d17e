import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import Background, EDEFluid, WBins
from ede_wbins.model.tabulated import TabulatedBackground

MODEL = {
    "omega_b": 0.0224,
    "omega_cdm": 0.122,
    "late": WBins((1.0, 2.0, 3.0), (-0.9, -1.4, -0.5)),
    "ede": EDEFluid(0.08, 3.6, 2.7),
}


@pytest.mark.parametrize("m_ncdm", [(0.06,), (0.1, 0.3)])
def test_table_gives_the_closed_form(m_ncdm):
    z = np.expm1(np.linspace(0, 16, 777))
    quick = TabulatedBackground(68.0, **MODEL, m_ncdm=m_ncdm).hubble(z)
    exact = Background(68.0, **MODEL, m_ncdm=m_ncdm).hubble(z)
    np.testing.assert_allclose(quick, exact, rtol=1e-9)


def test_no_massive_neutrinos():
    late = WBins((1.0,), (-1.0,))
    empty = TabulatedBackground(68.0, 0.0224, 0.122, m_ncdm=(), late=late)
    massless = TabulatedBackground(68.0, 0.0224, 0.122, m_ncdm=(1e-9,), late=late)
    assert empty.hubble(10.0) < massless.hubble(10.0)


@pytest.mark.parametrize("H0", [40.0, 68.0, 95.0])
@pytest.mark.parametrize("ede", [None, MODEL["ede"], EDEFluid(0.45, 3.1, 2.0)])
def test_hubble_constant_inverts_the_angle(H0, ede):
    expected = TabulatedBackground(H0, **{**MODEL, "ede": ede, "omega_cdm": 0.1})
    theta = 142.0 / expected.comoving_distance(np.array([1089.0]))[0]
    other = TabulatedBackground(200.0, **{**MODEL, "ede": ede, "omega_cdm": 0.1})
    # What it knows of itself is not that of another Hubble constant.
    for universe in (other, expected):
        universe.Omega_m, universe.hubble(1.5), universe.log_growth(1.5)
    found = other.with_angle(theta, 142.0, 1089.0)
    np.testing.assert_allclose(found.H0, H0, rtol=1e-9)
    np.testing.assert_allclose(found.hubble(1.5), expected.hubble(1.5), rtol=1e-9)
    np.testing.assert_allclose(found.Omega_m, expected.Omega_m, rtol=1e-8)
    np.testing.assert_allclose(found.log_growth(1.5), expected.log_growth(1.5), rtol=1e-8)


@pytest.mark.parametrize("w", [(0.9, -0.3, -0.4), (1.0, 1.0, 1.0), (-3.0, -3.0, -3.0)])
def test_every_equation_of_state_has_a_hubble_constant(w):
    late = WBins((1.0, 2.0, 3.0), w)
    found = TabulatedBackground(68.0, **MODEL | {"late": late}).with_angle(0.01041, 142.0, 1089.0)
    distance = found.comoving_distance(np.array([1089.0]))[0]
    np.testing.assert_allclose(142.0 / distance, 0.01041, rtol=1e-9)


def test_impossible_angle_is_one_line():
    with pytest.raises(EDEWBinsError, match="theta_s") as error:
        TabulatedBackground(68.0, **MODEL).with_angle(0.001, 142.0, 1089.0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("late", [MODEL["late"], WBins((3.0,), (-1.0,)), WBins((3.0,), (-0.6,))])
def test_growth_is_that_of_the_differential_equation(late):
    universe = TabulatedBackground(68.0, 0.0224, 0.122, m_ncdm=(), N_ur=0.0, late=late)

    def change(n, y):
        # n = ln a; of the growth and its derivative.
        z = np.expm1(-n)
        rho = universe.densities(z)
        matter = rho["matter_radiation"] / (rho["matter_radiation"] + rho["late"])
        slope = universe.hubble(np.expm1(-n + np.array([1e-4, -1e-4])))
        friction = 2 + (slope[1] / slope[0] - 1) / 2e-4
        return [y[1], 1.5 * matter * y[0] - friction * y[1]]

    z = np.array([0.0, 0.4, 1.1, 2.5, 6.0])
    start = np.log(1 / 31)
    exact = solve_ivp(
        change, [start, 0], [1.0, 1.0], t_eval=np.sort(-np.log1p(z)), rtol=1e-8, atol=1e-12
    ).y[:, ::-1]
    growth, rate = universe.log_growth(z)
    early, _ = universe.log_growth(30.0)
    np.testing.assert_allclose(np.log(exact[0]), growth - early, atol=0.02)
    np.testing.assert_allclose(np.log(exact[1] / exact[0]), rate, atol=0.03)
