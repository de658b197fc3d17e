"""Draws of equal weight, from points that have weights."""

import numpy as np


def evenly(weights: np.ndarray, n: int, offset: float = 0.5) -> np.ndarray:
    """Indices of `n` draws, spaced evenly through the weights, the first by `offset` of a space."""
    total = np.cumsum(weights)
    return np.searchsorted(total, total[-1] * (np.arange(n) + offset) / n)
