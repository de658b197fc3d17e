"""How an error of the spectra becomes an error of ln L, for the likelihoods of the run."""

from collections.abc import Callable

import numpy as np


class LocalLikelihood:
    """
    The second-order expansion of ln L in components of the spectra and in nuisance parameters.

    Exact for Gaussian likelihoods, up to what nuisance parameters do beyond second order.

    Parameters
    ----------
    loglike : callable
        ln L of (components, nuisance).
    components : ndarray, shape (k,)
        Where to expand, in units of the noise.
    nuisance, steps : ndarray, shape (q,)
        The nuisance parameters there, and by how much to vary each.
    """

    def __init__(
        self,
        loglike: Callable[[np.ndarray, np.ndarray], float],
        components: np.ndarray,
        nuisance: np.ndarray,
        steps: np.ndarray,
    ):
        self._k = k = len(components)
        self._centre = np.concatenate([components, nuisance])
        step = np.concatenate([np.ones(k), steps])
        n = len(step)

        def at(*moved: tuple[int, float]) -> float:
            x = self._centre.copy()
            for i, sign in moved:
                x[i] += sign * step[i]
            return loglike(x[:k], x[k:])

        self.value = at()
        up = np.array([at((i, 1)) for i in range(n)])
        down = np.array([at((i, -1)) for i in range(n)])
        self._slope = (up - down) / (2 * step)
        curvature = np.diag(up + down - 2 * self.value)
        for i in range(n):
            for j in range(i + 1, n):
                both = at((i, 1), (j, 1)) - up[i] - up[j] + self.value
                curvature[i, j] = curvature[j, i] = both
        self._curvature = curvature / np.outer(step, step)

    def loglike(self, components: np.ndarray, nuisance: np.ndarray) -> float:
        """ln L of the expansion."""
        x = np.concatenate([components, nuisance]) - self._centre
        return float(self.value + x @ self._slope + 0.5 * x @ self._curvature @ x)

    def sd(self, components: np.ndarray, nuisance: np.ndarray, variances: np.ndarray) -> float:
        """
        Standard deviation of ln L at `components` whose errors are Gaussian with `variances`.

        To second order: var = g'Sg + tr(HSHS)/2.
        """
        x = np.concatenate([components, nuisance]) - self._centre
        slope = (self._slope + self._curvature @ x)[: self._k]
        inner = self._curvature[: self._k, : self._k]
        second = np.sum(inner**2 * np.outer(variances, variances)) / 2
        return float(np.sqrt(slope**2 @ variances + second))
