"""Against an independent code: CAMB's EDE fluid and field, and its PPF with a tabulated w(a).

Both codes at their default accuracy: new physics may differ no more than LambdaCDM does.
"""

import pytest

pytest.importorskip("camb", reason="camb is not installed (pip install -e '.[test]')")

import camb
import numpy as np
from codes import BIN_POINTS, EDE_POINTS, Codes, Compared, bins_in_camb, largest
from lines import Line

from ede_wbins.model import WBins


def first(points: tuple) -> list:
    """All points, of which the quick tests take the first; `make validate` takes more."""
    return [points[0], *(pytest.param(point, marks=pytest.mark.slow) for point in points[1:])]


@pytest.fixture(scope="module")
def compared(classy) -> Compared:
    """With LambdaCDM's difference checked, so that a broken comparison is no high floor."""
    compared = Compared(Codes(classy))
    assert max(largest(compared.lcdm).values()) < 4e-3
    return compared


@pytest.mark.parametrize("point", first(EDE_POINTS[:3]))
def test_ede_fluid(compared, point):
    check(compared.fluid(point))


@pytest.mark.parametrize("point", first(EDE_POINTS[:3]))
def test_scalar_field(compared, point):
    check(compared.field(point))


@pytest.mark.parametrize(("w", "edges"), BIN_POINTS)
def test_bins_have_the_same_density_in_camb(w, edges):
    """In the middle of each bin, and beyond: else that table is what is compared."""
    inputs = camb.CAMBparams()
    inputs.set_cosmology(H0=67, ombh2=0.022, omch2=0.12)
    inputs.DarkEnergy = bins_in_camb(w, edges)
    z = np.add([0, *edges], [*edges, 9]) / 2
    density, _ = camb.get_background(inputs).get_dark_energy_rho_w(1 / (1 + z))
    assert density == pytest.approx(WBins(edges, w).density(z), rel=2e-8)


@pytest.mark.parametrize("point", first(BIN_POINTS[:2]))
def test_bins(compared, point):
    # The response is smaller than the codes' noise at default accuracy: `make validate` has it.
    check([line for line in compared.bins(*point) if "response" not in line.quantity])


def check(lines: list[Line]):
    assert lines
    assert not [line.cells() for line in lines if not line.holds]
