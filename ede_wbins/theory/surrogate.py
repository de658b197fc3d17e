"""What CLASS would give at a point, with its error, learned from points that it computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ede_wbins.ede_models import FIELD_DERIVED
from ede_wbins.emulator import GaussianProcess
from ede_wbins.model.tabulated import TabulatedBackground
from ede_wbins.theory.coordinates import ANGLE_HORIZON, Coordinates
from ede_wbins.theory.training_set import TrainingSet
from ede_wbins.theory.vectors import KINDS

_NOTHING = 1e-300
_LN10 = np.log(10)
_EARLY = {"rs_rec", "z_rec", "rs_drag", "z_d", ANGLE_HORIZON, "f_ede_max", "z_ede_max"}
_EARLY |= {*FIELD_DERIVED}


@dataclass(frozen=True)
class Prediction:
    """
    What is predicted at a point.

    Attributes
    ----------
    components, variances : ndarray, shape (k,)
        Principal components of spectra and matter power, and their errors' variances.
    values : dict
        Scalars, and vectors that are not spectra.
    background : TabulatedBackground
    coordinates : ndarray, shape (d,)
    """

    components: np.ndarray
    variances: np.ndarray
    values: dict[str, float | np.ndarray]
    background: TabulatedBackground
    coordinates: np.ndarray


class Surrogate:
    """
    Predicts spectra, other vectors, and scalars.

    Parameters
    ----------
    coordinates : Coordinates
    training : TrainingSet
        More points than there are coordinates, by some.
    factors : mapping
        Of the noise of the likelihoods in the run, see `Noise.factors`; empty if not known.
    lengths : dict, optional
        Length scales of an earlier one, from which the search for new ones starts.
    refine : bool
        Whether to search at all.

    Attributes
    ----------
    components : ndarray, shape (n, k)
        Of the vectors at the training points.
    parts : dict of slice
        Which of the components are those of each kind of vectors, see `KINDS`.
    """

    def __init__(
        self,
        coordinates: Coordinates,
        training: TrainingSet,
        factors: Mapping[str, list[float]],
        lengths: Mapping[str, Sequence[float]] | None = None,
        refine: bool = True,
    ):
        self.coordinates = coordinates
        self._names = {
            "early": [name for name in training.scalars if name in _EARLY],
            "full": [name for name in training.scalars if name not in _EARLY],
        }
        self._arrays = training.arrays
        backgrounds = self._backgrounds(training)
        self._vectors = {
            kind: of_kind(training, backgrounds, factors)
            for kind, of_kind in KINDS.items()
            if getattr(training, kind)
        }
        self._learn(training, backgrounds, dict(lengths or {}), refine)

    def updated(self, training: TrainingSet) -> "Surrogate":
        """The same with other points: components and length scales stay what they are."""
        new = object.__new__(Surrogate)
        new.__dict__.update(self.__dict__)
        new._learn(training, self._backgrounds(training), self.lengths, refine=False)
        return new

    @property
    def lengths(self) -> dict[str, list[float]]:
        """Length scales of each regression."""
        return {name: process.lengths.tolist() for name, process in self._processes.items()}

    def predict(self, p: Mapping[str, float]) -> Prediction:
        """
        What CLASS would give at the parameters `p`.

        Raises
        ------
        EDEWBinsError
            If there is no such universe.
        """
        early = self._processes["early"].mean(self.coordinates.early(p)[None])[0].tolist()
        values = {
            name: _early_value(name, log, p)
            for name, log in zip(self._names["early"], early, strict=True)
        }
        horizon = [values[name] for name in self.coordinates.horizon]
        background = self.coordinates.background(p, *horizon)
        inputs = self.coordinates.full(p, background, *horizon)
        components = variances = np.empty(0)
        for kind in self._vectors:
            mean, variance = self._processes[kind].predict(self._of(kind, inputs[None]))
            components = np.append(components, mean[0])
            variances = np.append(variances, variance[0])
        others = self._processes["others"].mean(inputs[None])[0]
        at = len(self._names["full"])
        values |= dict(zip(self._names["full"], others[:at].tolist(), strict=True))
        for name, z in self._arrays.items():
            log = others[at : at + len(z)] + _growth(name, z, background)
            values[name] = np.exp(log)
            at += len(z)
        return Prediction(components, variances, values, background, inputs)

    def left_out(self) -> tuple[np.ndarray, np.ndarray]:
        """
        Errors of the components of each training point, as predicted by all the others, and their
        predicted variances, shape (n, k) each.
        """
        nothing = np.empty((2, len(self.components), 0))
        error, variance = np.concatenate(
            [nothing, *(self._processes[kind].left_out() for kind in self._vectors)], axis=-1
        )
        return error, variance

    def correlation(self, inputs: np.ndarray) -> np.ndarray:
        """Correlation of errors between points with these coordinates, shape (m, m)."""
        name = next(iter(self._vectors), "others")
        return self._processes[name].correlation(self._of(name, inputs))

    def expand(self, components: np.ndarray) -> dict[tuple, np.ndarray]:
        """
        Vectors by name: spectra from l = 0, zero below l = 2; ln P less its growth, see `Grid`.
        """
        found = {}
        for kind, vectors in self._vectors.items():
            found |= vectors.expand(components[self.parts[kind]])
        return found

    def _of(self, name: str, inputs: np.ndarray) -> np.ndarray:
        """Of the coordinates, shape (m, d), those on which a regression depends."""
        return inputs[:, self.coordinates.of_spectra] if name == "spectra" else inputs

    def _backgrounds(self, training: TrainingSet) -> list[TabulatedBackground]:
        return [
            self.coordinates.background(training.point(i), *horizon)
            for i, horizon in enumerate(self._horizons(training).tolist())
        ]

    def _horizons(self, training: TrainingSet) -> np.ndarray:
        """What takes the angle to an expansion history at each point, shape (n, 2)."""
        return np.hstack([training.rows[name] for name in self.coordinates.horizon])

    def _learn(
        self,
        training: TrainingSet,
        backgrounds: Sequence[TabulatedBackground],
        lengths: Mapping,
        refine: bool,
    ) -> None:
        rows, coordinates = training.rows, self.coordinates
        points = [training.point(i) for i in range(len(training))]
        # Those of the early universe are good to 1e-5 from four numbers; the rest needs them all.
        early = np.array([coordinates.early(p) for p in points])
        logs = [_early_log(name, rows[name][:, 0], points) for name in self._names["early"]]
        outputs = {"early": (early, np.array(logs).T)}
        horizons = self._horizons(training)
        inputs = np.array(
            [coordinates.full(*each) for each in zip(points, backgrounds, *horizons.T, strict=True)]
        )
        self.parts, first = {}, 0
        for kind, vectors in self._vectors.items():
            components = vectors.compress(training, backgrounds)
            outputs[kind] = self._of(kind, inputs), components
            self.parts[kind] = slice(first, first := first + components.shape[1])
        nothing = np.empty((len(points), 0))
        self.components = np.hstack([nothing, *(outputs[kind][1] for kind in self._vectors)])
        others = [nothing, *(rows[name] for name in self._names["full"])]
        for name, z in self._arrays.items():
            growth = [_growth(name, z, background) for background in backgrounds]
            others.append(np.log(rows[name]) - growth)
        outputs["others"] = inputs, np.hstack(others)
        # Each has length scales of its own: what is nearly linear would hide what is not.
        self._processes = {
            name: GaussianProcess.fit(x, y, _as_array(lengths.get(name)), refine)
            for name, (x, y) in outputs.items()
        }


def _as_array(lengths: Sequence[float] | None) -> np.ndarray | None:
    return None if lengths is None else np.array(lengths)


def _growth(name: str, z: np.ndarray, background: TabulatedBackground) -> np.ndarray:
    """The logarithm of what the closed form gives of an array that grows with structure."""
    growth, rate = background.log_growth(z)
    return growth + rate if name == "fsigma8" else growth


def _early_log(name: str, values: np.ndarray, points: Sequence[Mapping]) -> np.ndarray:
    """What is regressed: logarithms, with what is known of how they depend on fEDE and z_c."""
    # There is no peak without early dark energy.
    logs = _LN10 * values if name in FIELD_DERIVED else np.log(np.maximum(values, _NOTHING))
    return logs - [_reference(name, p) for p in points]


def _early_value(name: str, log: float, p: Mapping[str, float]) -> float:
    log += _reference(name, p)
    return float(log / _LN10 if name in FIELD_DERIVED else np.exp(log))


def _reference(name: str, p: Mapping[str, float]) -> float:
    if name == "z_ede_max":
        return _LN10 * p.get("log10z_c", 0.0)
    if name == "f_ede_max":
        return np.log(max(p.get("fEDE", 1.0), _NOTHING))
    # The density is that of the decay constant squared.
    return 0.5 * np.log(max(p.get("fEDE", 1.0), _NOTHING)) if name == "log10f_ede" else 0.0
