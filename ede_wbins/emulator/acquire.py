"""Where to compute next: draws from a density, and the points whose errors matter most."""

from collections.abc import Callable

import numpy as np

# Sweeps after which it is looked whether walkers still climb, and how often at most.
_CLIMB, _CLIMBS = 20, 25


def draw(
    log_density: Callable[[np.ndarray], float],
    start: np.ndarray,
    n_steps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """
    Draws from an unnormalised density with differential evolution (ter Braak 2006).

    Parameters
    ----------
    log_density : callable
        Of one point, shape (d,); -inf where it vanishes.
    start : ndarray, shape (n, d)
        Where each of the n walkers starts; n of at least 4.
    n_steps : int
        Sweeps over all walkers, once they no longer climb.
    rng : Generator

    Returns
    -------
    points : ndarray, shape (n_steps * n, d)
        Every state of every walker after the climb, in random order; fewer while some have found
        no density.
    """
    walkers = start.copy()
    values = np.array([log_density(x) for x in walkers])
    height = -np.inf
    for _ in range(_CLIMBS):
        heights = [_sweep(log_density, walkers, values, rng) for _ in range(_CLIMB)]
        before, height = height, np.mean(heights[_CLIMB // 2 :])
        # A rise by less than the density's own scatter, which is of order 1.
        if height < before + 1:
            break
    kept = []
    for _ in range(n_steps):
        _sweep(log_density, walkers, values, rng)
        # Without those that have not yet left where there is no density.
        kept.append(walkers[np.isfinite(values)])
    return rng.permutation(np.concatenate(kept))


def _sweep(
    log_density: Callable[[np.ndarray], float],
    walkers: np.ndarray,
    values: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Move every walker once, in place; the median of their log densities after that."""
    n, d = walkers.shape
    for i in range(n):
        a, b = rng.choice(np.delete(np.arange(n), i), 2, replace=False)
        # Now and then a full jump from one mode to another; else a share of the inputs moves.
        move = rng.random(d) < (1.0 if rng.random() < 0.5 else 0.4)
        move[rng.integers(d)] = True
        reach = 1.0 if rng.random() < 0.05 else 2.38 / np.sqrt(2 * move.sum())
        jump = reach * (walkers[a] - walkers[b]) * (1 + 1e-3 * rng.normal(size=d))
        trial = walkers[i] + np.where(move, jump, 0)
        value = log_density(trial)
        if np.isfinite(value) and np.log(rng.random()) < value - values[i]:
            walkers[i], values[i] = trial, value
    return float(np.median(values))


def choose(sd: np.ndarray, correlation: np.ndarray, n: int, known: int = 0) -> np.ndarray:
    """
    The n points that one after the other have the largest error, given those before.

    Parameters
    ----------
    sd : ndarray, shape (m,)
        Predicted standard deviation at each candidate.
    correlation : ndarray, shape (m, m)
        Of the errors of the predictions.
    n : int
    known : int
        The first so many points are to be computed anyway.

    Returns
    -------
    indices : ndarray, shape (n,)
    """
    covariance = correlation * np.outer(sd, sd)
    chosen = []
    while len(chosen) < known + n:
        best = len(chosen) if len(chosen) < known else int(np.argmax(np.diag(covariance)))
        chosen.append(best)
        column = covariance[:, best].copy()
        # A point once computed has no error left, and takes that of its neighbours with it.
        covariance -= np.outer(column, column) / max(column[best], 1e-300)
    return np.array(chosen[known:])
