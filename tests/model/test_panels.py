import numpy as np
import pytest

from ede_wbins.model.panels import Panels, reaching


@pytest.mark.parametrize("kinks", [(), (0.05, 0.31, 1.1, 9.0)])
def test_integrals_of_polynomials_are_exact_to_anywhere(kinks):
    n = np.array([0.0, 1e-9, 0.2, 0.31, 0.77, 1.1, 1.3])
    panels = Panels.up_to(1.3, kinks)
    x = np.log1p(panels.z)
    for power in range(10):
        # Of d(n + n^(power+1))/dz.
        found = panels.weights(n) @ ((1 + (power + 1) * x**power) / (1 + panels.z))
        np.testing.assert_allclose(found, n + n ** (power + 1), rtol=1e-12)


def test_a_bend_at_a_kink_costs_nothing():
    z = (0.5, 2.0, 5.0)
    panels, weights = reaching(z, (float(np.log1p(0.7)),))
    found = weights @ (np.maximum(panels.z, 0.7) / (1 + panels.z))
    expected = [0.7 * np.log1p(min(x, 0.7)) + max(x - 0.7 - np.log((1 + x) / 1.7), 0) for x in z]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
