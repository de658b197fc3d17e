"""The same physics in both gauges, whatever the integrator does at the jumps of w."""

import numpy as np
import pytest
from spectra import EDE, W10, K, Z, compute

# How far the released code's own LambdaCDM differs between gauges.
STOCK = {"tt": 2e-4, "ee": 3e-4, "pp": 1.2e-3, "pk": 2e-3}


def test_gauges_agree_as_for_lcdm(classy, lcdm, ede_w10):
    floor = compute(classy, gauge="newtonian").worst(lcdm)
    worst = compute(classy, **EDE, **W10, gauge="newtonian").worst(ede_w10)
    for name, allowed in STOCK.items():
        assert floor[name] < allowed
        assert worst[name] < 1.5 * allowed, name


@pytest.mark.slow
def test_default_tolerance_holds_over_the_jumps(classy):
    def power(**parameters):
        cosmo = classy.Class()
        cosmo.set(output="mPk", z_max_pk=2, **{"P_k_max_1/Mpc": 1.0}, **W10, **parameters)
        cosmo.compute()
        values = np.array([[cosmo.pk_lin(k, z) for k in K] for z in Z])
        cosmo.struct_cleanup()
        return values

    tight = power(tol_perturbations_integration=1e-7)
    assert abs(power() / tight - 1).max() < 2e-5
