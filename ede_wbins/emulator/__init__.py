"""Learns maps from parameters to vectors with errors. Knows neither Cobaya nor CLASS."""

from ede_wbins.emulator.acquire import choose, draw
from ede_wbins.emulator.board import Board
from ede_wbins.emulator.compress import Compression
from ede_wbins.emulator.regress import GaussianProcess
from ede_wbins.emulator.store import StoreError, load, locked, replacing, save

__all__ = [
    "Board",
    "Compression",
    "GaussianProcess",
    "StoreError",
    "choose",
    "draw",
    "load",
    "locked",
    "replacing",
    "save",
]
