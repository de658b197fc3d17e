"""The patched CLASS: fetched, verified, patched, compiled, tested, put in place, and loaded."""

from ede_wbins.boltzmann.installer import install, is_installed, patch_id
from ede_wbins.boltzmann.loader import load

__all__ = ["install", "is_installed", "load", "patch_id"]
