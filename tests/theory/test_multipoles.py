import numpy as np

from ede_wbins.theory.multipoles import at_all, nodes, represented
from ede_wbins.theory.noise import Noise

ELL = np.arange(2, 2509)


def acoustic(phase):
    """C_l with peaks as wide as those of the CMB, and a damping tail."""
    shape = 1 + 0.7 * np.cos(ELL / 300 * 2 * np.pi + phase)
    return shape * np.exp(-((ELL / 1200) ** 1.3)) / (ELL * (ELL + 1.0))


def test_spectra_come_back_from_their_nodes():
    cl = np.array([acoustic(0.0), acoustic(1.0)])
    back = at_all(cl[:, nodes(2508) - 2], 2508)
    assert back.shape == cl.shape
    np.testing.assert_allclose(back, cl, rtol=2e-4)
    assert len(nodes(2508)) < 300


def test_every_multipole_is_represented():
    assert represented(2508).sum() == len(ELL)
    assert nodes(2508)[0] == 2
    assert nodes(2508)[-1] == 2508


def test_noise_of_a_likelihood_is_found_where_it_looks():
    """A Gaussian likelihood of TT between l = 100 and 1000, five times as noisy as ours."""
    cl = 1e-10 * acoustic(0.0)
    noise = Noise({("Cl", "tt"): cl, ("Cl", "pp"): cl})
    before = noise.at_nodes()
    sd = noise._each["Cl", "tt"]
    inside = slice(100 - 2, 1000 - 2)

    def loglike(key, shift):
        if key[1] != "tt":
            return 0.0
        return -0.5 * np.sum((shift[inside] / (5 * sd[inside])) ** 2)

    noise.measure(loglike)
    tt, pp = np.split(noise.at_nodes() / before, 2)
    looked = (nodes(2508) > 105) & (nodes(2508) < 990)
    np.testing.assert_allclose(tt[looked], 5, rtol=0.01)
    np.testing.assert_allclose(tt[nodes(2508) > 1100], 100)
    np.testing.assert_allclose(pp, 100)
