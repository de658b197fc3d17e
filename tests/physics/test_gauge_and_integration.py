"""The same physics in both gauges, whatever the integrator does at the jumps of w."""

import numpy as np
from spectra import EDE, W10, K, Z, compute

# How far the released code's own LambdaCDM differs between gauges.
STOCK = {"tt": 2e-4, "ee": 3e-4, "pp": 1.2e-3, "pk": 2e-3}


def test_gauges_agree_as_for_lcdm(classy, lcdm, ede_w10):
    floor = compute(classy, gauge="newtonian").worst(lcdm)
    worst = compute(classy, **EDE, **W10, gauge="newtonian").worst(ede_w10)
    for name, allowed in STOCK.items():
        assert floor[name] < allowed
        assert worst[name] < 1.5 * allowed, name


def test_default_tolerance_holds_over_the_jumps(classy):
    """P(k) moves no more under a tight tolerance than LambdaCDM's, ten jumps of w or none."""

    def change(**parameters):
        default, tight = (
            power(classy, **parameters, **tolerance)
            for tolerance in ({}, {"tol_perturbations_integration": 1e-7})
        )
        return np.abs(default / tight - 1).max()

    floor = change()
    assert floor < 1e-4
    assert change(**W10) < 1.5 * floor
    assert change(**EDE, **W10) < 1.5 * floor


def power(classy, **parameters) -> np.ndarray:
    """Linear P(k), shape (len(Z), len(K))."""
    cosmo = classy.Class()
    cosmo.set(output="mPk", z_max_pk=2, **{"P_k_max_1/Mpc": 1.0}, **parameters)
    cosmo.compute()
    values = np.array([[cosmo.pk_lin(k, z) for k in K] for z in Z])
    cosmo.struct_cleanup()
    return values
