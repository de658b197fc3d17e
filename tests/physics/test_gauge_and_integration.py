"""The same physics in both gauges, whatever the integrator does at the jumps of w."""

import comparisons
import pytest
from conservation import conservation
from lines import Line
from spectra import COARSE


def check(lines: list[Line]):
    assert lines
    assert not [line.cells() for line in lines if not line.holds]


def test_gauges_agree_as_for_lcdm(classy):
    check(comparisons.gauges(classy))


def test_default_tolerance_holds_over_the_jumps(classy):
    check(comparisons.power_at_default_tolerance(classy))


def test_averaging_late_oscillations_of_the_fluid_changes_little(classy):
    check(comparisons.late_averaging(classy, 4.3))


def test_steps_of_the_late_sources_lie_between_two_times(classy):
    check(comparisons.late_times(classy, **COARSE))


def test_power_between_times_is_right_at_edges_too(classy):
    check(comparisons.power_between_times(classy))


@pytest.mark.slow
def test_convergence_under_precision_parameters(classy):
    check(comparisons.convergence(classy))


@pytest.mark.parametrize("model", ["fluid", "fluid_matched", "scalar"])
def test_energy_and_momentum_are_conserved(classy, model):
    check(conservation(classy, ede_model=model))
