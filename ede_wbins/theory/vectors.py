"""Vectors that are compressed together: spectra of the CMB, and those of matter."""

from collections.abc import Mapping, Sequence

import numpy as np

from ede_wbins.emulator import Compression
from ede_wbins.model.tabulated import TabulatedBackground
from ede_wbins.theory.matter_power import PowerNoise, label
from ede_wbins.theory.multipoles import at_all, nodes
from ede_wbins.theory.noise import Noise
from ede_wbins.theory.training_set import TrainingSet

N_COMPONENTS = 40
"""At most so many principal components of all vectors of a kind together."""

FLOOR = 0.005
"""
Components below this, in units of the noise, are left out.

Larger ones that are numerical noise of CLASS are of no use, but are predicted to be just that: left
out, they would be errors of ln L that nothing predicts, the largest where all else is known well.
"""

Backgrounds = Sequence[TabulatedBackground]


class Vectors:
    """
    All vectors of one kind as principal components.

    Parameters
    ----------
    training : TrainingSet
    backgrounds : sequence of TabulatedBackground
        At the points of the training set.
    factors : mapping
        Of the noise, see `Noise.factors` and `PowerNoise.factors`.
    """

    def __init__(self, training: TrainingSet, backgrounds: Backgrounds, factors: Mapping):
        rows = self.rows(training, backgrounds)
        noise = self._noise(training, factors)
        self._compression = found = Compression.fit(rows, noise, N_COMPONENTS, FLOOR)
        self._parts, first = {}, 0
        for key, width in self._widths(training).items():
            self._parts[key] = slice(first, first := first + width)
        # Interpolation is linear: that of the components is done once and for all.
        self._mean = self._interpolated(found.mean)
        self._basis = self._interpolated(found.basis * found.noise)

    def compress(self, training: TrainingSet, backgrounds: Backgrounds) -> np.ndarray:
        """Components at all points of a training set, shape (n, k)."""
        return self._compression.compress(self.rows(training, backgrounds))

    def expand(self, components: np.ndarray) -> dict[tuple, np.ndarray]:
        """The vectors, by name, from components of shape (k,)."""
        everything = self._mean + components @ self._basis
        return {key: everything[part] for key, part in self._parts.items()}

    @staticmethod
    def rows(training: TrainingSet, backgrounds: Backgrounds) -> np.ndarray:
        """What is compressed, shape (n, d)."""
        raise NotImplementedError

    @staticmethod
    def _noise(training: TrainingSet, factors: Mapping) -> np.ndarray:
        raise NotImplementedError

    @staticmethod
    def _widths(training: TrainingSet) -> dict[tuple, int]:
        raise NotImplementedError

    def _interpolated(self, vectors: np.ndarray) -> np.ndarray:
        return vectors


class Spectra(Vectors):
    """C_l, from l = 0 on with zeros below l = 2; kept at their nodes."""

    @staticmethod
    def rows(training: TrainingSet, backgrounds: Backgrounds) -> np.ndarray:
        return np.hstack([training.rows[" ".join(key)] for key in training.spectra])

    @staticmethod
    def _noise(training: TrainingSet, factors: Mapping) -> np.ndarray:
        means = {
            key: at_all(training.rows[" ".join(key)].mean(axis=0), l_max)
            for key, l_max in training.spectra.items()
        }
        noise = Noise(means)
        noise.factors = dict(factors)
        return noise.at_nodes()

    @staticmethod
    def _widths(training: TrainingSet) -> dict[tuple, int]:
        return {key: l_max + 1 for key, l_max in training.spectra.items()}

    def _interpolated(self, vectors: np.ndarray) -> np.ndarray:
        filled, first = [], 0
        for whole in self._parts.values():
            l_max = whole.stop - whole.start - 1
            part = vectors[..., first : (first := first + len(nodes(l_max)))]
            filled += [np.zeros((*part.shape[:-1], 2)), at_all(part, l_max)]
        return np.concatenate(filled, axis=-1)


class Powers(Vectors):
    """ln P(k, z) less the growth that the closed forms give, flat."""

    @staticmethod
    def rows(training: TrainingSet, backgrounds: Backgrounds) -> np.ndarray:
        parts = []
        for key, grid in training.powers.items():
            growth = [grid.growth(background) for background in backgrounds]
            parts.append(training.rows[label(key)] - np.array(growth))
        return np.hstack(parts)

    @staticmethod
    def _noise(training: TrainingSet, factors: Mapping) -> np.ndarray:
        noise = PowerNoise(training.powers)
        noise.factors = dict(factors)
        return noise.at_nodes()

    @staticmethod
    def _widths(training: TrainingSet) -> dict[tuple, int]:
        return {key: grid.size for key, grid in training.powers.items()}


KINDS = {"spectra": Spectra, "powers": Powers}
"""By the name of what a training set has of each kind."""
