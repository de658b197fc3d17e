"""Samplers that Cobaya lacks."""

from ede_wbins.samplers.nautilus import Nautilus

__all__ = ["Nautilus"]
