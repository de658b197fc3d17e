"""A quick emulated model on the stand-in, outside pytest's fixtures."""

from pathlib import Path
from types import SimpleNamespace

from cobaya.model import get_model
from stand_in import LCDM, ComputationError, SevereError
from universe import Peaks, Universe

from ede_wbins import boltzmann
from ede_wbins.emulator import Board
from ede_wbins.theory import exchange, products, training

# Training with fewer points and steps than in earnest.
SMALL = {
    "N_START": 24,
    "N_ROUND": 8,
    "_WALKERS": 12,
    "_STEPS": 20,
    "_LAST_STEPS": 20,
    "_CANDIDATES": 60,
}


def quick_model(prefix: str, sampled: dict):
    """The model in one of two processes, which share the files at `prefix` without MPI."""
    training.mpi = SimpleNamespace(size=lambda: 2)
    boltzmann.load = lambda path=None: SimpleNamespace(
        Class=Universe,
        CosmoSevereError=SevereError,
        CosmoComputationError=ComputationError,
        __version__="3.4.1.0+ede_wbins.0123456789ab",
        ede_wbins_patch="0123456789ab",
        __file__="/packages/code/classy_ede_wbins/__init__.py",
    )
    for name, value in SMALL.items():
        setattr(training, name, value)
    products.L_MAX = 50

    class Shared(exchange.Exchange):
        def __init__(self, output):
            self._resuming = False
            self.file = Path(prefix + ".emulator.npz")
            self.board = Board(Path(prefix + ".emulator.board.json"))
            self.covariance = Path(prefix + ".emulator.covmat")
            self.forget()

    exchange.Exchange = Shared
    from ede_wbins.theory import emulated

    emulated.Exchange = Shared
    return get_model(
        {
            "theory": {"ede_wbins.EmulatedEDEWBins": {"ede": "none", "blind": 0}},
            "likelihood": {"peaks": Peaks},
            "params": {**LCDM, **sampled},
        }
    )
