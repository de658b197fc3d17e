"""Mixtures of Gaussians to jump from: of draws, and of a density by importance sampling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cobaya import mpi
from scipy.special import logsumexp

from ede_wbins import mixture
from ede_wbins.mixture import Mixture
from ede_wbins.resample import evenly

_FIRST, _GROWTH, _MOST = 600, 1.4, 40_000
"""Points of the first round, growth of the rounds, and points after which it ends in any case."""
_ENOUGH = 3_000
"""Independent draws that the points are worth, after which it ends."""
_POINTS = 3_000
"""That a round's mixture is fitted to."""
_TRIED = 20_000
"""Draws that tell how much of a mixture lies within bounds."""
_FLOOR = 0.01
"""Of the Gaussians' variances, in units of the density's: chains rest for many steps."""
_WIDTHS, _SHARES = (1.1, 1.4), (0.7, 0.3)
"""Of each Gaussian, in units of that fitted, and how much of it: tails of Gaussians fall off faster
than most (defensive mixtures, Hesterberg 1995)."""


@dataclass(frozen=True)
class Bounded(Mixture):
    """
    A mixture within the bounds of a prior, beyond which a share of its own draws may lie.

    Attributes
    ----------
    bounds : ndarray, shape (d, 2)
    share : float
        Of the mixture within them.
    """

    bounds: np.ndarray
    share: float

    @classmethod
    def within(cls, whole: Mixture, bounds: np.ndarray, rng: np.random.Generator) -> "Bounded":
        """
        The part of a mixture within bounds.

        Raises
        ------
        LinAlgError
            If there is next to none.
        """
        share = np.mean(_inside(whole.sample(_TRIED, rng), bounds))
        if not share:
            raise np.linalg.LinAlgError("the mixture is out of bounds")
        return cls(whole.weights, whole.means, whole.roots, bounds, float(share))

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        """Log of the density at points of shape (n, d) within the bounds."""
        return super().logpdf(x) - np.log(self.share)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw `n` points, shape (n, d)."""
        found = np.empty((0, self.means.shape[1]))
        while len(found) < n:
            more = super().sample(int((n - len(found)) / self.share) + 1, rng)
            found = np.concatenate([found, more[_inside(more, self.bounds)]])
        return found[:n]


@dataclass(frozen=True)
class Sampled:
    """
    A density, as sampled.

    Attributes
    ----------
    mixture : Bounded
        Fitted to it.
    points : ndarray, shape (n, d)
    weights : ndarray, shape (n,)
        That make draws of the density from the points; they add up to 1.
    """

    mixture: Bounded
    points: np.ndarray
    weights: np.ndarray

    @property
    def n_effective(self) -> float:
        """Independent draws that the points are worth."""
        return float(1 / np.sum(self.weights**2))


def fit(
    seen: np.ndarray, unseen: np.ndarray, bounds: np.ndarray, rng: np.random.Generator
) -> Bounded:
    """
    The mixture of draws, shape (n, d), and of others, on which its number of Gaussians is chosen.

    It ends at `bounds`, shape (d, 2): most of a mixture may lie beyond them where data say little
    about many parameters. The main MPI process fits, for all.

    Raises
    ------
    LinAlgError
        If too few of them differ.
    """
    found = error = None
    if mpi.is_main_process():
        try:
            whole = _wider(mixture.fit(seen, unseen=unseen, floor=_FLOOR))
            found = Bounded.within(whole, bounds, rng)
        except np.linalg.LinAlgError as caught:
            error = caught
    found, error = mpi.share_mpi((found, error))
    if error:
        raise error
    return found


def sample(
    log_density: Callable[[np.ndarray], float],
    draws: np.ndarray,
    bounds: np.ndarray,
    rng: np.random.Generator,
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

    Raises
    ------
    LinAlgError
        If too few points have density.
    """
    at = rng.permutation(len(draws))
    now = fit(draws[at[::2]], draws[at[1::2]], bounds, rng)
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
        now = fit(*halves, bounds, rng)
        result = Sampled(now, points, weights)
        if result.n_effective > _ENOUGH or len(points) > _MOST:
            return result
        size *= _GROWTH


def _inside(points: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return np.all((points > bounds[:, 0]) & (points < bounds[:, 1]), axis=1)


def _wider(fitted: Mixture) -> Mixture:
    return Mixture(
        np.concatenate([share * fitted.weights for share in _SHARES]),
        np.tile(fitted.means, (len(_WIDTHS), 1)),
        np.concatenate([width * fitted.roots for width in _WIDTHS]),
    )


def _weights(values: np.ndarray, densities: np.ndarray, sizes: list[int]) -> np.ndarray:
    if not np.isfinite(values).any():
        raise np.linalg.LinAlgError("no point has density")
    n = len(values)
    log_weights = values - logsumexp(densities + np.log(np.array(sizes) / n), axis=1)
    weights = np.exp(log_weights - log_weights.max())
    weights = np.minimum(weights, np.sqrt(n) * weights.mean())
    return weights / weights.sum()
