import numpy as np
import pytest

from ede_wbins.theory.coordinates import Coordinates
from ede_wbins.theory.noise import standard_deviations

FIXED = {"N_ur": 2.0308, "m_ncdm": (0.06,), "T_ncdm": 0.71611, "T_cmb": 2.7255}
LCDM = {"omega_b": 0.0224, "omega_cdm": 0.12, "A_s": 2.1e-9, "n_s": 0.966, "tau_reio": 0.054}
EDE = {"fEDE": 0.08, "log10z_c": 3.6, "thetai_ede": 2.7}
HORIZON = 144.0, 1089.0


def full(n_bins, **p):
    edges = tuple(3 * i / n_bins for i in range(1, n_bins + 1))
    coordinates = Coordinates(tuple(p), FIXED, edges, -1.0)
    return coordinates.full(p, coordinates.background(p, *HORIZON), *HORIZON)


@pytest.mark.parametrize("n_bins", [3, 5, 10])
def test_bins_enter_by_a_few_numbers(n_bins):
    w = {f"w{i}": -0.9 for i in range(1, n_bins + 1)}
    p = LCDM | EDE | w | {"theta_s_100": 1.0417}
    assert full(n_bins, **p).shape == (3 + 3 + 6 + 5,)
    split = full(3, **(LCDM | EDE | {f"w{i}": -0.9 for i in (1, 2, 3)} | {"theta_s_100": 1.0417}))
    np.testing.assert_allclose(full(n_bins, **p), split, rtol=1e-6)


def test_nothing_depends_on_early_dark_energy_that_is_not_there():
    base = LCDM | {"w1": -1.0, "theta_s_100": 1.0417}
    one = full(1, **base, fEDE=0.0, log10z_c=3.1, thetai_ede=0.3)
    other = full(1, **base, fEDE=0.0, log10z_c=4.2, thetai_ede=3.0)
    np.testing.assert_array_equal(one, other)


def test_angle_and_hubble_constant_are_the_same_point():
    p = LCDM | EDE | {"w1": -0.95}
    by_h = full(1, **p, H0=69.0)
    coordinates = Coordinates((*p, "H0"), FIXED, (3.0,), -1.0)
    background = coordinates.background({**p, "H0": 69.0}, *HORIZON)
    theta = 100 * HORIZON[0] / background.comoving_distance(np.array([HORIZON[1]]))[0]
    np.testing.assert_allclose(full(1, **p, theta_s_100=theta), by_h, rtol=1e-7)


def test_a_parameter_that_nobody_knows_is_an_input_itself():
    more = full(1, **LCDM, w1=-1.0, theta_s_100=1.0417, YHe=0.245)
    assert 0.245 in more


def test_noise_is_cosmic_variance_at_low_l_and_the_beam_at_high_l():
    ell = np.arange(2, 3001)
    tt = 1e-10 / (ell * (ell + 1))
    spectra = {"tt": tt, "te": 0 * tt, "ee": tt / 50, "pp": 1e-8 / ell**4.0}
    sd = standard_deviations(spectra)
    assert set(sd) == set(spectra)
    assert all(np.all(each > 0) for each in sd.values())
    variance = 2 / ((2 * ell + 1) * 0.7)
    np.testing.assert_allclose(sd["tt"][:50], (np.sqrt(variance) * tt)[:50], rtol=0.01)
    assert sd["tt"][-1] > 2 * np.sqrt(variance[-1]) * tt[-1]


def test_a_neutrino_mass_that_varies_changes_the_expansion():
    p = LCDM | {"w1": -1.0, "theta_s_100": 1.0417}
    light, heavy = (full(1, **p, m_ncdm=mass) for mass in (0.06, 0.3))
    assert light[-5] > heavy[-5] + 0.01
    np.testing.assert_allclose(full(1, **p)[-5:], light[-5:], rtol=1e-9)
