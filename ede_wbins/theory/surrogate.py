"""What CLASS would give at a point, with its error, learned from points that it computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ede_wbins.emulator import Compression, GaussianProcess, StoreError
from ede_wbins.model.tabulated import TabulatedBackground
from ede_wbins.theory.coordinates import Coordinates
from ede_wbins.theory.noise import standard_deviations

N_COMPONENTS = 40
"""At most so many principal components of all spectra together."""

FLOOR = 0.02
"""Components below this, in units of the noise, are left out."""

_NOTHING = 1e-300
_EDE_PEAK = {"f_ede_max": "fEDE", "z_ede_max": "log10z_c"}


@dataclass
class TrainingSet:
    """
    Points that CLASS computed.

    Attributes
    ----------
    names : tuple of str
        The parameters that vary.
    spectra : dict
        Number of multipoles from l = 2 on of each spectrum, by (product, name), as
        ("Cl", "tt").
    scalars : tuple of str
        Other numbers: first the sound horizon and redshift of recombination.
    rows : dict
        "points" (n, p), "spectra" (n, d) and "scalars" (n, s).
    """

    names: tuple[str, ...]
    spectra: dict[tuple[str, str], int]
    scalars: tuple[str, ...]
    rows: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        widths = (len(self.names), sum(self.spectra.values()), len(self.scalars))
        for name, width in zip(("points", "spectra", "scalars"), widths, strict=True):
            self.rows.setdefault(name, np.empty((0, width)))

    def __len__(self) -> int:
        return len(self.rows["points"])

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Take up one row, or several; points that are there already are left out."""
        rows = {name: np.atleast_2d(value) for name, value in rows.items()}
        known = {point.tobytes() for point in self.rows["points"]}
        new = [i for i, point in enumerate(rows["points"]) if point.tobytes() not in known]
        for name, value in rows.items():
            self.rows[name] = np.vstack([self.rows[name], value[new]])

    def checked(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """
        `rows` as read from a file.

        Raises
        ------
        StoreError
            If they are not what this training set is made of.
        """
        n = len(rows.get("points", ()))
        shapes = {name: (n, value.shape[1]) for name, value in self.rows.items()}
        if {name: value.shape for name, value in rows.items()} != shapes:
            raise StoreError(f"the file of computed points does not hold {shapes}")
        return dict(rows)

    def values(self, i: int) -> dict[str, float]:
        """The parameters of point i, by name."""
        return dict(zip(self.names, self.rows["points"][i].tolist(), strict=True))


@dataclass(frozen=True)
class Prediction:
    """
    What is predicted at a point.

    Attributes
    ----------
    components, variances : ndarray, shape (k,)
        Principal components of the spectra, and their errors' variances.
    scalars : dict of float
    background : TabulatedBackground
    coordinates : ndarray, shape (d,)
    """

    components: np.ndarray
    variances: np.ndarray
    scalars: dict[str, float]
    background: TabulatedBackground
    coordinates: np.ndarray


class Surrogate:
    """
    Predicts spectra and scalars.

    Parameters
    ----------
    coordinates : Coordinates
    training : TrainingSet
        More points than there are coordinates, by some.
    before : Surrogate, optional
        An earlier one, whose length scales are the start of the search for new ones.
    """

    def __init__(
        self, coordinates: Coordinates, training: TrainingSet, before: "Surrogate | None" = None
    ):
        self.coordinates = coordinates
        self.spectra = training.spectra
        points = [training.values(i) for i in range(len(training))]
        scalars = dict(zip(training.scalars, training.rows["scalars"].T, strict=True))
        # Those of the early universe are good to 1e-5 from four numbers; the rest needs them all.
        self._early_names = [name for name in scalars if _is_early(name)]
        self._scalar_names = [name for name in scalars if not _is_early(name)]
        early = np.array([coordinates.early(p) for p in points])
        logs = np.array([_early_log(name, scalars[name], points) for name in self._early_names])
        self._early = GaussianProcess.fit(early, logs.T, before and before._early.lengths)
        full = []
        for i, p in enumerate(points):
            horizon = scalars["rs_rec"][i], scalars["z_rec"][i]
            full.append(coordinates.full(p, coordinates.background(p, *horizon), *horizon))
        self.inputs = np.array(full)
        targets = [scalars[name][:, None] for name in self._scalar_names]
        self.compression = None
        if training.spectra:
            spectra = training.rows["spectra"]
            self.compression = Compression.fit(
                spectra, _noise(spectra.mean(axis=0), training.spectra), N_COMPONENTS, FLOOR
            )
            targets = [self.compression.compress(spectra), *targets]
        self.n_components = targets[0].shape[1] if training.spectra else 0
        self.components = targets[0] if training.spectra else np.empty((len(points), 0))
        y = np.hstack(targets) if targets else np.empty((len(points), 0))
        self._full = GaussianProcess.fit(self.inputs, y, before and before._full.lengths)

    def predict(self, p: Mapping[str, float]) -> Prediction:
        """
        What CLASS would give at the parameters `p`.

        Raises
        ------
        EDEWBinsError
            If there is no such universe.
        """
        early = self._early.predict(self.coordinates.early(p)[None])[0][0]
        scalars = {
            name: _early_value(name, log, p)
            for name, log in zip(self._early_names, early, strict=True)
        }
        horizon = scalars["rs_rec"], scalars["z_rec"]
        background = self.coordinates.background(p, *horizon)
        inputs = self.coordinates.full(p, background, *horizon)
        mean, variance = (each[0] for each in self._full.predict(inputs[None]))
        k = self.n_components
        scalars |= dict(zip(self._scalar_names, mean[k:].tolist(), strict=True))
        return Prediction(mean[:k], variance[:k], scalars, background, inputs)

    def correlation(self, inputs: np.ndarray) -> np.ndarray:
        """Correlation of errors between points with these coordinates, shape (m, m)."""
        return self._full.correlation(inputs)

    def expand(self, components: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        """Spectra from l = 0 (zero below l = 2), by (product, name)."""
        if self.compression is None:
            return {}
        ends = np.cumsum(list(self.spectra.values()))[:-1]
        parts = np.split(self.compression.expand(components), ends)
        return {
            key: np.concatenate([[0.0, 0.0], part])
            for key, part in zip(self.spectra, parts, strict=True)
        }


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


def _noise(mean: np.ndarray, spectra: Mapping[tuple[str, str], int]) -> np.ndarray:
    """Noise of each entry of the concatenated spectra; lensed and unlensed ones apart."""
    parts = dict(zip(spectra, np.split(mean, np.cumsum(list(spectra.values()))[:-1]), strict=True))
    sd = {}
    for product in dict.fromkeys(product for product, _ in spectra):
        own = {name: cl for (each, name), cl in parts.items() if each == product}
        for name, noise in standard_deviations(own).items():
            sd[product, name] = noise
    return np.concatenate([sd[key] for key in spectra])
