"""Importance samples of a density, and jumps fitted to them, from draws that are roughly of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cobaya import mpi
from scipy.special import logsumexp

from ede_wbins.resample import evenly
from ede_wbins.samplers.jumps import Jumps, fit

_FIRST, _GROWTH, _MOST = 600, 1.4, 40_000
"""Points of the first round, growth of the rounds, and points after which it ends in any case."""
_ENOUGH = 3_000
"""Independent draws that the points are worth, after which it ends."""
_POINTS = 3_000
"""That a round's mixture is fitted to."""


@dataclass(frozen=True)
class Sampled:
    """
    A density, as sampled.

    Attributes
    ----------
    jumps : Jumps
        Fitted to it.
    points : ndarray, shape (n, d)
    weights : ndarray, shape (n,)
        That make draws of the density from the points; they add up to 1.
    """

    jumps: Jumps
    points: np.ndarray
    weights: np.ndarray

    @property
    def n_effective(self) -> float:
        """Independent draws that the points are worth."""
        return float(1 / np.sum(self.weights**2))


def sample(
    log_density: Callable[[np.ndarray], float],
    draws: np.ndarray,
    bounds: np.ndarray,
    rng: np.random.Generator,
    leads: np.ndarray,
) -> Sampled:
    """
    Adaptive multiple importance sampling (Cornuet et al. 2012, arXiv:0907.1254).

    Each round draws from a mixture that is fitted to all points so far. These are weighted by the
    density over all rounds' mixtures together, with the largest weights cut (Ionides 2008).

    Parameters
    ----------
    log_density : callable
        Of one point, shape (d,), not normalised; -inf where it vanishes.
    draws : ndarray, shape (n, d)
        Of the density, roughly.
    bounds : ndarray, shape (d, 2)
        Beyond which there is none.
    rng : Generator
        Of this MPI process, all of which take part.
    leads : ndarray of bool, shape (d,)
        Which parameters lead the others (see `Jumps`).

    Raises
    ------
    LinAlgError
        If too few points have density.
    """
    at = rng.permutation(len(draws))
    now = fit(draws[at[::2]], draws[at[1::2]], bounds, rng, leads)
    proposals, sizes, size = [], [], float(_FIRST)
    points, values, densities = np.empty((0, draws.shape[1])), np.empty(0), np.empty((0, 0))
    while True:
        mine = now.sample(int(np.ceil(size / mpi.size())), rng)
        found = mpi.allgather((mine, np.array([log_density(x) for x in mine])))
        fresh = np.concatenate([x for x, _ in found])
        values = np.concatenate([values, *(y for _, y in found)])
        proposals.append(now)
        sizes.append(len(fresh))
        # Of each point, a row, in each mixture, a column.
        densities = np.column_stack([densities, now.logpdf(points)])
        densities = np.vstack([densities, np.column_stack([m.logpdf(fresh) for m in proposals])])
        points = np.concatenate([points, fresh])
        weights = _weights(values, densities, sizes)
        # Halves of the points, not of draws: no point is both seen and unseen.
        half = np.arange(len(points)) % 2
        halves = (
            points[evenly(np.where(half == i, weights, 0), _POINTS // 2, rng.random())]
            for i in (0, 1)
        )
        now = fit(*halves, bounds, rng, leads)
        result = Sampled(now, points, weights)
        if result.n_effective > _ENOUGH or len(points) > _MOST:
            return result
        size *= _GROWTH


def _weights(values: np.ndarray, densities: np.ndarray, sizes: list[int]) -> np.ndarray:
    if not np.isfinite(values).any():
        raise np.linalg.LinAlgError("no point has density")
    n = len(values)
    log_weights = values - logsumexp(densities + np.log(np.array(sizes) / n), axis=1)
    weights = np.exp(log_weights - log_weights.max())
    weights = np.minimum(weights, np.sqrt(n) * weights.mean())
    return weights / weights.sum()
