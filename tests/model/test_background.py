import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import Background, EDEFluid, WBins
from ede_wbins.model.species import KM_S_MPC, massive_neutrino, photon_density

COSMOLOGY = dict(H0=67.32, omega_b=0.022383, omega_cdm=0.12011)
EARLY = EDEFluid(fEDE=0.1, log10z_c=np.log10(3548), thetai_ede=2.8)
LATE = WBins((0.7, 1.4, 3.0), (-0.8, -1.3, -0.6))


@pytest.mark.parametrize("late", [LATE, WBins((2e4,), (-0.4,), w_beyond=-0.1)])
def test_closure(late):
    universe = Background(**COSMOLOGY, late=late, ede=EARLY)
    assert universe.hubble(0.0) / KM_S_MPC == pytest.approx(67.32, rel=1e-14)
    assert universe.f_ede(EARLY.z_c) == pytest.approx(0.1, rel=1e-12)


def test_peak_is_where_the_project_says():
    f_max, z_max = Background(**COSMOLOGY, ede=EARLY).ede_peak()
    assert f_max == pytest.approx(0.115, abs=5e-4)
    assert z_max == pytest.approx(0.77 * 3548, rel=5e-3)


@pytest.mark.parametrize("n_ede", [1.5, 2, 3, 6])
def test_peak_is_a_maximum(n_ede):
    early = EDEFluid(fEDE=0.2, log10z_c=3.2, thetai_ede=1.0, n_ede=n_ede)
    universe = Background(**COSMOLOGY, late=LATE, ede=early)
    f_max, z_max = universe.ede_peak()
    everywhere = universe.f_ede(np.geomspace(1, 1e6, 20001))
    assert f_max >= everywhere.max()
    assert f_max == pytest.approx(everywhere.max(), rel=1e-6)
    assert universe.f_ede(z_max * np.array([0.999, 1.001])).max() < f_max


def test_no_early_dark_energy():
    lcdm = Background(**COSMOLOGY)
    assert lcdm.ede_peak() == (0.0, 0.0)
    nothing = Background(**COSMOLOGY, ede=EDEFluid(0.0, 3.5, 2.8))
    z = np.geomspace(0.1, 1e5, 20)
    np.testing.assert_array_equal(nothing.hubble(z), lcdm.hubble(z))
    assert nothing.ede_peak()[0] == 0


def test_photons_and_neutrinos():
    # 2.7255 K is omega_gamma = 2.4728e-5, a 0.06 eV neutrino is 0.06/93.14 in omega.
    unit = (100 * KM_S_MPC) ** 2
    assert photon_density(2.7255) / unit == pytest.approx(2.4728e-5, rel=1e-4)
    density, _ = massive_neutrino(0.0, 0.06, 0.71611, 2.7255)
    assert density / unit == pytest.approx(0.06 / 93.14, rel=1e-3)


@pytest.mark.parametrize("z", [0.0, 10.0, 1100.0, 1e5])
@pytest.mark.parametrize("mass", [1e-5, 1e-3, 0.06, 1.0])
def test_massive_neutrino_quadrature(mass, z):
    # The same integrals by adaptive quadrature, relative to the massless ones (7 pi^4/120).
    y = mass / (8.617343e-5 * 0.71611 * 2.7255) / (1 + z)

    def integral(f):
        options = dict(points=[min(y, 50), 3], limit=500, epsabs=0, epsrel=1e-13)
        return quad(lambda q: f(q, np.hypot(q, y)) / (np.exp(q) + 1), 0, 60, **options)[0]

    massless, _ = massive_neutrino(z, 0.0, 0.71611, 2.7255)
    density, pressure = massive_neutrino(z, mass, 0.71611, 2.7255)
    unit = massless / (7 * np.pi**4 / 120)
    # 1e-6: the mass over temperature above has rounded constants.
    assert density / unit == pytest.approx(integral(lambda q, e: q**2 * e), rel=1e-6)
    assert pressure / density == pytest.approx(
        integral(lambda q, e: q**4 / e / 3) / integral(lambda q, e: q**2 * e), rel=1e-6
    )


@pytest.mark.parametrize("width", [0.0, 0.01])
def test_distance_against_adaptive_quadrature(width):
    late = WBins(LATE.z_edges, LATE.w, width=width)
    universe = Background(**COSMOLOGY, late=late, ede=EARLY)
    z = np.array([1e-8, 0.5, 0.7 - 1e-8, 0.7, 0.7 + 1e-8, 2.0, 3.0, 10.0, 1100.0])
    stops = np.unique(np.concatenate([[0, 30, 100, 300], z, late.breakpoints()]))
    stops = stops[stops <= z[-1]]
    pieces = [
        quad(lambda x: 1 / universe.hubble(x), low, high, epsabs=0, epsrel=1e-12)[0]
        for low, high in itertools.pairwise(stops)
    ]
    expected = np.interp(z, stops[1:], np.cumsum(pieces))
    np.testing.assert_allclose(universe.comoving_distance(z), expected, rtol=1e-10)


def test_distance_keeps_order_and_shape():
    universe = Background(**COSMOLOGY, late=LATE)
    z = np.array([[2.0, 0.0], [1.0, 2.0]])
    distance = universe.comoving_distance(z)
    assert distance.shape == (2, 2)
    assert distance[0, 1] == 0 and distance[0, 0] == distance[1, 1] > distance[1, 0]
    assert universe.comoving_distance(1.0) == pytest.approx(distance[1, 0], rel=1e-12)


def test_overfull_universe_is_refused():
    with pytest.raises(EDEWBinsError, match=r"omega_cdm = 0\.9"):
        Background(H0=67.0, omega_b=0.022, omega_cdm=0.9)
