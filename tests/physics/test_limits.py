"""Where the new physics must vanish, or become something that CLASS knows."""

from dataclasses import astuple

import numpy as np
import pytest
from spectra import EDE, bins, compute


def identical(one, other) -> bool:
    return all(map(np.array_equal, astuple(one), astuple(other)))


def test_lcdm_is_the_released_class_bit_by_bit(stock, lcdm):
    assert identical(lcdm, compute(stock))


@pytest.mark.parametrize(
    "parameters",
    [
        {**EDE, "fEDE": 0},
        bins(-1.0, -1.0, -1.0),
        bins(*[-1.0] * 10, fEDE=0, log10z_c=3.5, n_ede=3),
    ],
    ids=["no EDE", "w = -1", "both"],
)
def test_no_dark_energy_is_lcdm_bit_by_bit(classy, lcdm, parameters):
    assert identical(compute(classy, **parameters), lcdm)


def test_equal_bins_are_constant_w_bit_by_bit(classy):
    equal = compute(classy, **bins(-0.9, -0.9, -0.9, wbins_w_beyond=-0.9))
    assert identical(equal, compute(classy, Omega_Lambda=0, w0_fld=-0.9))


def test_nearly_equal_bins_are_constant_w(classy):
    """At a tolerance below the integrator's own noise, which is 3e-5 in TT by default."""
    tight = {"tol_perturbations_integration": 1e-7, "tol_background_integration": 1e-12}
    nearly = compute(classy, **bins(-0.9 + 1e-9, -0.9, -0.9, wbins_w_beyond=-0.9), **tight)
    constant = compute(classy, Omega_Lambda=0, w0_fld=-0.9, **tight)
    assert max(nearly.worst(constant).values()) < 1e-6


def test_splitting_a_bin_changes_no_digit(classy):
    three = compute(classy, **bins(-0.9, -1.2, -0.8))
    six = compute(classy, **bins(-0.9, -0.9, -1.2, -1.2, -0.8, -0.8))
    assert identical(three, six)


def test_large_n_has_unit_sound_speed(classy):
    """For n -> infinity w_n -> 1 and c_s^2 -> 1, whatever the frequency."""
    large = compute(classy, **EDE, n_ede=1e5)
    unit = compute(classy, **EDE, n_ede=1e5, varpi_ede=0)
    assert max(large.worst(unit).values()) < 1e-6


def test_frequency_matters(classy, ede):
    """Its two definitions differ by some 0.3% in TT, and both from c_s^2 = 1 by more than 1%."""
    full = compute(classy, **EDE, varpi_ede="full").worst(ede)
    assert 1e-3 < full["tt"] < 2e-2
    assert compute(classy, **EDE, varpi_ede=0).worst(ede)["tt"] > 1e-2


@pytest.mark.parametrize("log10z_c", [3.1, 3.55, 4.2])
def test_peak_definition_puts_the_maximum_where_it_says(classy, log10z_c):
    cosmo = classy.Class()
    cosmo.set(fEDE=0.122, log10z_c=log10z_c, thetai_ede=2.83, ede_definition="peak")
    cosmo.compute(["background"])
    derived = cosmo.get_current_derived_parameters(["f_ede_max", "z_ede_max"])
    expected = [0.122, 10**log10z_c]
    np.testing.assert_allclose([derived["f_ede_max"], derived["z_ede_max"]], expected, rtol=1e-5)
    cosmo.struct_cleanup()
