"""Against an independent code: CAMB's EDE fluid and field, and its PPF with a tabulated w(a).

Both codes at their default accuracy: new physics may differ no more than LambdaCDM does.
"""

import pytest

pytest.importorskip("camb", reason="camb is not installed (pip install -e '.[test]')")

from codes import BIN_POINTS, EDE_POINTS, Codes, Compared, largest
from lines import Line


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


@pytest.mark.parametrize("point", first(BIN_POINTS[:2]))
def test_bins(compared, point):
    # The response is smaller than the codes' noise at default accuracy: `make validate` has it.
    check([line for line in compared.bins(*point) if "response" not in line.quantity])


def check(lines: list[Line]):
    assert lines
    assert not [line.cells() for line in lines if not line.holds]
