"""The patched CLASS's background against the closed forms, over the whole prior."""

from dataclasses import replace

import pytest
from closed_forms import ALLOWED, random_universe, worst_of

from ede_wbins.model import WBins


@pytest.mark.parametrize("seed", range(200))
def test_background(classy, seed):
    check(worst_of(classy, random_universe(seed)))


def test_smooth_bins(classy):
    universe = replace(random_universe(1), late=WBins((0.7, 1.4, 3), (-0.8, -1.3, -0.6), width=0.1))
    check(worst_of(classy, universe))


def check(worst: dict[str, float]):
    assert {"H(z)", "D_M(z)"} <= set(worst)
    for name, difference in worst.items():
        assert difference < ALLOWED[name], name
