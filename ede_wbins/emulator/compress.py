"""Principal components of noise-weighted vectors."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Compression:
    """
    Vectors of length d as k coordinates, in each of which the noise has unit variance.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    noise : ndarray, shape (d,)
        Standard deviation of the noise in each entry.
    basis : ndarray, shape (k, d)
        Orthonormal rows: the principal components, in units of the noise.
    """

    mean: np.ndarray
    noise: np.ndarray
    basis: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "_rows", self.basis * self.noise)

    @classmethod
    def fit(cls, y: np.ndarray, noise: np.ndarray, n_max: int, floor: float) -> "Compression":
        """
        The leading components of the rows of `y`.

        Parameters
        ----------
        y : ndarray, shape (n, d)
        noise : ndarray, shape (d,)
            Standard deviations, positive.
        n_max : int
            At most so many components.
        floor : float
            Components that vary by less than this, rms in units of the noise, are dropped.
        """
        mean = y.mean(axis=0)
        _, size, rows = np.linalg.svd((y - mean) / noise, full_matrices=False)
        keep = max(1, min(n_max, int(np.sum(size > floor * np.sqrt(len(y))))))
        return cls(mean, noise, rows[:keep])

    def compress(self, y: np.ndarray) -> np.ndarray:
        """Coordinates, shape (..., k), of vectors `y`, shape (..., d)."""
        return ((y - self.mean) / self.noise) @ self.basis.T

    def expand(self, coordinates: np.ndarray) -> np.ndarray:
        """Vectors, shape (..., d), of `coordinates`, shape (..., k)."""
        return self.mean + coordinates @ self._rows
