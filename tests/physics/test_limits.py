"""Where the new physics must vanish, or become something that CLASS knows."""

import comparisons
import numpy as np
import pytest
from lines import Line
from spectra import COARSE, EDE, bins, compute


def check(lines: list[Line]):
    assert lines
    assert not [line.cells() for line in lines if not line.holds]


def test_lcdm_is_the_released_class_bit_by_bit(classy, stock):
    check(comparisons.released_class(classy, stock, **COARSE))


def test_no_dark_energy_is_lcdm_bit_by_bit(classy, lcdm):
    check(comparisons.no_dark_energy(classy, lcdm, **COARSE))


def test_equal_bins_are_constant_w_bit_by_bit(classy):
    check(comparisons.equal_bins(classy, **COARSE))


@pytest.mark.slow
def test_nearly_equal_bins_are_constant_w(classy):
    check(comparisons.nearly_equal_bins(classy))


def test_splitting_a_bin_changes_no_digit(classy):
    three = compute(classy, **bins(-0.9, -1.2, -0.8), **COARSE)
    six = compute(classy, **bins(-0.9, -0.9, -1.2, -1.2, -0.8, -0.8), **COARSE)
    check([comparisons.identical("six bins", "three", six, three)])


def test_large_n_has_unit_sound_speed(classy):
    check(comparisons.large_n(classy, **COARSE))


def test_sharp_bins_are_the_limit_of_smooth_ones(classy):
    check(comparisons.smooth_bins(classy, **COARSE))


def test_frequency_matters(classy, ede):
    """Its two definitions differ by some 0.3% in TT, and both from c_s^2 = 1 by more than 1%."""
    full = compute(classy, **EDE, varpi_ede="full", **COARSE).worst(ede)
    assert 1e-3 < full["tt"] < 2e-2
    assert compute(classy, **EDE, varpi_ede=0, **COARSE).worst(ede)["tt"] > 1e-2


@pytest.mark.parametrize("log10z_c", [3.1, 3.55, 4.2])
def test_peak_definition_puts_the_maximum_where_it_says(classy, log10z_c):
    cosmo = classy.Class()
    cosmo.set(fEDE=0.122, log10z_c=log10z_c, thetai_ede=2.83, ede_definition="peak")
    cosmo.compute(["background"])
    derived = cosmo.get_current_derived_parameters(["f_ede_max", "z_ede_max"])
    expected = [0.122, 10**log10z_c]
    np.testing.assert_allclose([derived["f_ede_max"], derived["z_ede_max"]], expected, rtol=1e-5)
    cosmo.struct_cleanup()
