"""The model as closed forms in NumPy: no Cobaya, no CLASS."""

from ede_wbins.model.background import Background
from ede_wbins.model.early import EDEFluid
from ede_wbins.model.late import WBins, default_edges

__all__ = ["Background", "EDEFluid", "WBins", "default_edges"]
