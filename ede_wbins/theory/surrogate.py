"""What CLASS would give at a point, with its error, learned from points that it computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ede_wbins.emulator import Compression, GaussianProcess
from ede_wbins.model.tabulated import TabulatedBackground
from ede_wbins.theory.coordinates import Coordinates
from ede_wbins.theory.multipoles import at_all
from ede_wbins.theory.noise import Noise
from ede_wbins.theory.training_set import TrainingSet

N_COMPONENTS = 40
"""At most so many principal components of all spectra together."""

FLOOR = 0.02
"""Components below this, in units of the noise, are left out."""

_NOTHING = 1e-300
_EDE_PEAK = {"f_ede_max": "fEDE", "z_ede_max": "log10z_c"}


@dataclass(frozen=True)
class Prediction:
    """
    What is predicted at a point.

    Attributes
    ----------
    components, variances : ndarray, shape (k,)
        Principal components of the spectra, and their errors' variances.
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
        self._spectra = training.spectra
        self._names = {
            "early": [name for name in training.scalars if _is_early(name)],
            "full": [name for name in training.scalars if not _is_early(name)],
        }
        self._arrays = training.arrays
        self.compression = self._compression(training, factors) if self._spectra else None
        self._learn(training, dict(lengths or {}), refine)

    def updated(self, training: TrainingSet) -> "Surrogate":
        """The same with other points: components and length scales stay what they are."""
        new = object.__new__(Surrogate)
        new.__dict__.update(self.__dict__)
        new._learn(training, self.lengths, refine=False)
        return new

    @property
    def lengths(self) -> dict[str, list[float]]:
        """Length scales."""
        return {"early": self._early.lengths.tolist(), "full": self._full.lengths.tolist()}

    def predict(self, p: Mapping[str, float]) -> Prediction:
        """
        What CLASS would give at the parameters `p`.

        Raises
        ------
        EDEWBinsError
            If there is no such universe.
        """
        early = self._early.mean(self.coordinates.early(p)[None])[0].tolist()
        values = {
            name: _early_value(name, log, p)
            for name, log in zip(self._names["early"], early, strict=True)
        }
        horizon = values["rs_rec"], values["z_rec"]
        background = self.coordinates.background(p, *horizon)
        inputs = self.coordinates.full(p, background, *horizon)
        mean, variance = (each[0] for each in self._full.predict(inputs[None]))
        k, at = self.n_components, self.n_components + len(self._names["full"])
        values |= dict(zip(self._names["full"], mean[k:at].tolist(), strict=True))
        for name, width in self._arrays.items():
            values[name] = mean[at : at + width]
            at += width
        return Prediction(mean[:k], variance[:k], values, background, inputs)

    def correlation(self, inputs: np.ndarray) -> np.ndarray:
        """Correlation of errors between points with these coordinates, shape (m, m)."""
        return self._full.correlation(inputs)

    def expand(self, components: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        """Spectra from l = 0 (zero below l = 2), by (product, name)."""
        if self.compression is None:
            return {}
        all_spectra = self._mean_at_all + components @ self._basis_at_all
        return {key: all_spectra[part] for key, part in self._parts.items()}

    def _compression(self, training: TrainingSet, factors: Mapping) -> Compression:
        rows = {key: training.rows[" ".join(key)] for key in self._spectra}
        means = {key: at_all(rows[key].mean(axis=0), n) for key, n in self._spectra.items()}
        noise = Noise(means)
        noise.factors = dict(factors)
        spectra = np.hstack(list(rows.values()))
        found = Compression.fit(spectra, noise.at_nodes(), N_COMPONENTS, FLOOR)
        ends = np.cumsum([row.shape[1] for row in rows.values()])[:-1]
        # Interpolation is linear: that of the components is done once and for all.
        self._mean_at_all = _from_zero(np.split(found.mean, ends), self._spectra.values())
        scaled = np.split(found.basis * found.noise, ends, axis=1)
        self._basis_at_all = _from_zero(scaled, self._spectra.values())
        first, self._parts = 0, {}
        for key, l_max in self._spectra.items():
            self._parts[key] = slice(first, first + l_max + 1)
            first += l_max + 1
        return found

    def _learn(self, training: TrainingSet, lengths: Mapping, refine: bool) -> None:
        rows, coordinates = training.rows, self.coordinates
        points = [training.point(i) for i in range(len(training))]
        # Those of the early universe are good to 1e-5 from four numbers; the rest needs them all.
        early = np.array([coordinates.early(p) for p in points])
        logs = [_early_log(name, rows[name][:, 0], points) for name in self._names["early"]]
        self._early = GaussianProcess.fit(
            early, np.array(logs).T, _as_array(lengths.get("early")), refine
        )
        full = []
        for p, rs_rec, z_rec in zip(points, rows["rs_rec"][:, 0], rows["z_rec"][:, 0], strict=True):
            background = coordinates.background(p, rs_rec, z_rec)
            full.append(coordinates.full(p, background, rs_rec, z_rec))
        self.inputs = np.array(full)
        self.components = np.empty((len(points), 0))
        if self.compression is not None:
            spectra = np.hstack([rows[" ".join(key)] for key in self._spectra])
            self.components = self.compression.compress(spectra)
        self.n_components = self.components.shape[1]
        others = [rows[name] for name in (*self._names["full"], *self._arrays)]
        self._full = GaussianProcess.fit(
            self.inputs,
            np.hstack([self.components, *others]),
            _as_array(lengths.get("full")),
            refine,
        )


def _as_array(lengths: Sequence[float] | None) -> np.ndarray | None:
    return None if lengths is None else np.array(lengths)


def _from_zero(parts: Sequence[np.ndarray], l_max: Sequence[int]) -> np.ndarray:
    """From nodes to all multipoles from l = 0, one spectrum after the other."""
    filled = []
    for part, top in zip(parts, l_max, strict=True):
        spectra = at_all(part, top)
        filled.append(np.concatenate([np.zeros((*spectra.shape[:-1], 2)), spectra], axis=-1))
    return np.concatenate(filled, axis=-1)


def _is_early(name: str) -> bool:
    return name in ("rs_rec", "z_rec", "rs_drag", "z_d", *_EDE_PEAK)


def _early_log(name: str, values: np.ndarray, points: Sequence[Mapping]) -> np.ndarray:
    """What is regressed: logarithms, of the peak of early dark energy in units of fEDE and z_c."""
    # There is no peak without early dark energy.
    return np.log(np.maximum(values, _NOTHING)) - [_reference(name, p) for p in points]


def _early_value(name: str, log: float, p: Mapping[str, float]) -> float:
    return float(np.exp(log + _reference(name, p)))


def _reference(name: str, p: Mapping[str, float]) -> float:
    parameter = _EDE_PEAK.get(name)
    if parameter not in p:
        return 0.0
    return np.log(max(p["fEDE"], _NOTHING)) if parameter == "fEDE" else np.log(10) * p[parameter]
