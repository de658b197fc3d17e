"""Samplers that Cobaya lacks."""

from ede_wbins.samplers.mixture_mcmc import MixtureMCMC
from ede_wbins.samplers.nautilus import Nautilus

__all__ = ["MixtureMCMC", "Nautilus"]
