"""The component, or its results as linear functions of the parameters about one point."""

from collections.abc import Mapping

import numpy as np
from scipy.interpolate import RectBivariateSpline

from ede_wbins.theory.edewbins import EDEWBins

_LN_POWER = "ln P"


class Tangent(EDEWBins):
    """
    EDEWBins whose results can be replaced by their tangent at a point.

    `mark` keeps what CLASS has just computed, `touch` makes the tangent of such points: a base, and
    one more for each parameter. With `linear` set it then gives spectra, distances, ln P(k, z) and
    derived parameters linear in its inputs, at no cost.
    """

    linear = False

    def get_helper_theories(self):
        """None: points differ in slow parameters."""
        return {}

    def calculate(self, state, want_derived=True, **params_values_dict):
        """As the component does, or the tangent."""
        if not self.linear:
            return super().calculate(state, want_derived, **params_values_dict)
        values = self._base + self._slopes @ (self._vector(params_values_dict) - self._origin)
        state.update(self._unpack(values))
        return True

    def mark(self) -> tuple[np.ndarray, dict]:
        """Inputs and results of the point that has just been computed."""
        return self._vector(self.current_state["params"]), dict(self.current_state)

    def touch(self, base: tuple[np.ndarray, dict], others: list) -> None:
        """Put the tangent at `base`, with slopes towards `others`."""
        self._origin, state = base
        # CLASS's wavenumbers and redshifts differ between points: P(k, z) is kept at these.
        powers = {key: value for key, value in state.items() if isinstance(value, tuple)}
        self._grids = {key: value[:2] for key, value in powers.items()}
        self.move(base)
        inputs = np.transpose([vector - self._origin for vector, _ in others])
        results = np.transpose([self._pack(state) - self._base for _, state in others])
        # Each in its own unit, for the pseudo-inverse: A_s is 1e-9.
        self._unit = np.max(np.abs(inputs), axis=1)
        self._unit[self._unit == 0] = 1
        self._slopes = results @ np.linalg.pinv(inputs / self._unit[:, None]) / self._unit

    def move(self, base: tuple[np.ndarray, dict]) -> None:
        """Put the tangent at `base`, with the slopes of before."""
        self._origin, self._state = base
        self._base = self._pack(self._state)

    def learn(self, other: tuple[np.ndarray, dict]) -> None:
        """Change the slopes as little as makes them right towards `other` (Broyden's update)."""
        vector, state = other
        step = vector - self._origin
        if not np.any(step):
            return
        error = self._pack(state) - self._base - self._slopes @ step
        direction = step / self._unit**2
        self._slopes += np.outer(error, direction / (direction @ step))

    def _vector(self, point: Mapping[str, float]) -> np.ndarray:
        return np.array([point[name] for name in sorted(self.input_params)])

    def _arrays(self, state: Mapping) -> dict[tuple, np.ndarray]:
        """All that a state holds, by product and name in it; ln P(k, z) on one grid."""
        found = {}
        for product in (*self.collectors, "derived", "derived_extra"):
            value = state[product]
            if isinstance(value, tuple):
                found[product, _LN_POWER] = self._ln_power(product, *value)
            elif isinstance(value, Mapping):
                found |= {(product, name): np.asarray(array) for name, array in value.items()}
            else:
                found[product, None] = np.asarray(value)
        return found

    def _ln_power(self, product, k, z, power) -> np.ndarray:
        """ln P(k, z) where slopes are known."""
        k_grid, z_grid = self._grids[product]
        if np.array_equal(k, k_grid) and np.array_equal(z, z_grid):
            return np.log(power)
        order, back = np.argsort(z), np.argsort(z_grid)
        spline = RectBivariateSpline(z[order], np.log(k), np.log(power[order]))
        return spline(z_grid[back], np.log(k_grid))[np.argsort(back)]

    def _pack(self, state: Mapping) -> np.ndarray:
        return np.concatenate([array.ravel() for array in self._arrays(state).values()])

    def _unpack(self, values: np.ndarray) -> dict:
        found, start = {}, 0
        for (product, name), array in self._arrays(self._state).items():
            # Numbers as such, not as arrays without dimension.
            part = values[start : start + array.size].reshape(array.shape)[()]
            start += array.size
            if name is None:
                found[product] = part
            elif name == _LN_POWER:
                found[product] = (*self._grids[product], np.exp(part))
            else:
                found.setdefault(product, {})[name] = part
        return found
