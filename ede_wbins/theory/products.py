"""From what CLASS computed to what is learned, and from what is predicted to what CLASS gives."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline

from ede_wbins.model.background import Background
from ede_wbins.model.tabulated import TabulatedBackground
from ede_wbins.theory.matter_power import Grid, label
from ede_wbins.theory.multipoles import nodes
from ede_wbins.theory.surrogate import Prediction
from ede_wbins.theory.training_set import HORIZON, TrainingSet

SPECTRA = ("Cl", "unlensed_Cl")
DISTANCES = ("Hubble", "angular_diameter_distance", "comoving_radial_distance")
GROWTH = ("sigma8_z", "fsigma8")
MATTER = ("Pk_grid", "sigma_R")
"""First entries of Cobaya's names of matter power spectra, and of their rms in spheres."""

GROWTH_Z = np.arange(16) * 0.2
"""Redshifts at which growth is learned; a cubic spline between them is good to 1e-4."""

ALWAYS_CL = ("tt", "te", "ee", "pp")
L_MAX = 2508
"""Spectra are learned to here whatever is asked for, so that other data can use the points."""

_ALWAYS_SCALARS = ("sigma8", "rs_drag", "age")
_EDE_SCALARS = ("f_ede_max", "z_ede_max")
_CLOSED_FORM = {"H0", "h", "Omega_m", "S8", "T_cmb"}


def complete(requirements: Mapping) -> dict:
    """
    Requirements with all that CLASS gives at no cost beside what is asked for.

    So that a file of computed points does not depend on the likelihoods of the run that made it.
    """
    found = dict(requirements)
    if "Cl" in found:
        asked = found["Cl"]
        l_max = max(L_MAX, *asked.values())
        found["Cl"] = dict.fromkeys((*ALWAYS_CL, *asked), l_max)
    if found.keys() & {"Cl", *GROWTH}:
        for name in GROWTH:
            found[name] = {"z": np.union1d(GROWTH_Z, found.get(name, {}).get("z", []))}
    return found


class Products:
    """
    What one run needs of each point.

    Parameters
    ----------
    asked : mapping
        Cobaya's collectors of the component: what likelihoods can get.
    l_max : int
        Highest multipole of the spectra.
    spectra : mapping
        Names of the spectra, by product.
    powers : mapping
        What is asked of matter power, with "z" and "k_max", by Cobaya's name of it.
    derived : set of str
        CLASS's names of the derived parameters that the run wants.
    has_ede : bool
    horizon : sequence of str
        Names of the scalars that take an angle to an expansion history, see `Coordinates`.
    """

    def __init__(
        self,
        asked: Mapping,
        l_max: int,
        spectra: Mapping[str, Sequence[str]],
        powers: Mapping[tuple, Mapping],
        derived: set[str],
        has_ede: bool,
        horizon: Sequence[str],
    ):
        self._asked = asked
        self.spectra = {
            (product, name): l_max for product in SPECTRA for name in sorted(spectra[product])
        }
        self.powers = {
            key: Grid(float(wanted["k_max"]), float(np.max(wanted["z"])))
            for key, wanted in powers.items()
        }
        self.arrays = {name: GROWTH_Z for name in GROWTH if name in asked}
        scalars = {*derived, "sigma8"} if "S8" in derived else set(derived)
        if self.arrays:
            scalars.update(_ALWAYS_SCALARS, _EDE_SCALARS if has_ede else ())
        self._sigma_R = {}
        for key in asked:
            if isinstance(key, tuple) and key[0] == MATTER[1]:
                R, z = (np.asarray(each, dtype=float) for each in asked[key].args)
                self._sigma_R[" ".join(key)] = key, z, R
                self.arrays[" ".join(key)] = np.repeat(z, len(R))
        scalars.update(horizon)
        self.scalars = (*HORIZON, *sorted(scalars - {*HORIZON, *_CLOSED_FORM}))

    def training_set(self, names: tuple[str, ...]) -> TrainingSet:
        """An empty training set with room for this."""
        return TrainingSet(names, self.spectra, self.powers, self.arrays, self.scalars)

    @property
    def asked(self) -> dict:
        """Where products of matter are learned, of plain JSON values; empty if there are none."""
        found = {label(key): [grid.k_max, grid.z_max] for key, grid in self.powers.items()}
        return found | {k: [z.tolist(), R.tolist()] for k, (_, z, R) in self._sigma_R.items()}

    def row(
        self, training: TrainingSet, point: Mapping[str, float], state: Mapping, scalars: Mapping
    ) -> dict[str, np.ndarray]:
        """
        What is kept of a point that CLASS has just computed.

        Parameters
        ----------
        training : TrainingSet
        point : mapping
            Its parameters.
        state : mapping
            What Cobaya collected.
        scalars : mapping
            The scalars, from CLASS.
        """
        found = {"points": np.array([point[name] for name in training.names])}
        for (product, name), l_max in self.spectra.items():
            found[f"{product} {name}"] = state[product][name][nodes(l_max)]
        for key, grid in self.powers.items():
            found[label(key)] = grid.put(*state[key])
        for name in self.arrays:
            if name in self._sigma_R:
                value = state[self._sigma_R[name][0]][2].ravel()
            else:
                z = np.asarray(self._asked[name].z_pool.values)
                value = state[name][np.searchsorted(z, GROWTH_Z)]
            # Their logarithms are regressed.
            found[name] = np.where(value > 0, value, np.nan)
        return found | {name: np.array([scalars[name]], dtype=float) for name in self.scalars}

    def fill(self, state: dict, prediction: Prediction, vectors: Mapping) -> None:
        """Put what is predicted where CLASS's results would be."""
        state.update(self.by_product(vectors, prediction.background))
        for product in DISTANCES:
            if product in self._asked:
                z = np.asarray(self._asked[product].z_pool.values, dtype=float)
                state[product] = _distance(product, prediction.background, z)
        for name in self.arrays:
            value = prediction.values[name]
            if name in self._sigma_R:
                key, z, R = self._sigma_R[name]
                state[key] = z, R, value.reshape(len(z), len(R))
            else:
                z = self._asked[name].z_pool.values
                state[name] = _growth_matrix(tuple(z)) @ value

    def by_product(self, vectors: Mapping, background: TabulatedBackground) -> dict:
        """Vectors as predicted, in the way that Cobaya keeps them."""
        found = {}
        for key, vector in vectors.items():
            if grid := self.powers.get(key):
                found[key] = grid.take(vector + grid.growth(background))
            else:
                product, name = key
                found.setdefault(product, {"ell": np.arange(len(vector))})[name] = vector
        return found


@lru_cache(maxsize=8)
def _growth_matrix(z: tuple[float, ...]) -> np.ndarray:
    """Takes values at the redshifts of growth to cubic splines through them at `z`."""
    return CubicSpline(GROWTH_Z, np.eye(len(GROWTH_Z)))(z)


def derived_values(prediction: Prediction) -> dict[str, float]:
    """Derived parameters by CLASS's names: those that are learned, and the closed forms."""
    background = prediction.background
    h = background.H0 / 100
    values = {"H0": 100 * h, "h": h, "Omega_m": background.Omega_m, "T_cmb": background.T_cmb}
    if "sigma8" in prediction.values:
        values["S8"] = prediction.values["sigma8"] * np.sqrt(background.Omega_m / 0.3)
    return prediction.values | {name: float(value) for name, value in values.items()}


def _distance(product: str, background: Background, z: np.ndarray) -> np.ndarray:
    """H(z) in 1/Mpc, or a distance in Mpc."""
    if product == "Hubble":
        return background.hubble(z)
    chi = background.comoving_distance(z)
    return chi / (1 + z) if product == "angular_diameter_distance" else chi
