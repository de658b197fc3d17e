from types import SimpleNamespace

import pytest
from cobaya.model import get_model
from stand_in import LCDM, ComputationError, SevereError, StandIn

from ede_wbins import boltzmann


@pytest.fixture
def stand_in(monkeypatch):
    """Have `boltzmann.load` give a module with StandIn in it."""
    module = SimpleNamespace(
        Class=StandIn,
        CosmoSevereError=SevereError,
        CosmoComputationError=ComputationError,
        __version__="3.4.1.0+ede_wbins.0123456789ab",
        ede_wbins_patch="0123456789ab",
        __file__="/packages/code/classy_ede_wbins/__init__.py",
    )
    StandIn.counts.clear()
    monkeypatch.setattr(boltzmann, "load", lambda path=None: module)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return module


@pytest.fixture
def build(stand_in):
    """Build a Cobaya model with the component: build(params, likelihood, **options)."""

    def build(params=None, likelihood=None, **options):
        info = {
            "theory": {"ede_wbins.EDEWBins": {"stop_at_error": False, **options}},
            "likelihood": likelihood or {"one": None},
            "params": {**LCDM, **(params or {})},
        }
        return get_model(info)

    return build
