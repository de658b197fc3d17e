"""Where to compute next: draws from a density, and the points whose errors matter most."""

from collections.abc import Callable

import numpy as np


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
        Sweeps over all walkers; the first third is dropped.
    rng : Generator

    Returns
    -------
    points : ndarray, shape (m, d)
        Every state of every walker after the first third, in random order.
    """
    walkers = start.copy()
    n, d = walkers.shape
    values = np.array([log_density(x) for x in walkers])
    kept = []
    for step in range(n_steps):
        for i in range(n):
            a, b = rng.choice(np.delete(np.arange(n), i), 2, replace=False)
            # Now and then a full jump from one mode to another; else a share of the inputs moves.
            move = rng.random(d) < (1.0 if rng.random() < 0.5 else 0.4)
            move[rng.integers(d)] = True
            reach = 1.0 if rng.random() < 0.05 else 2.38 / np.sqrt(2 * move.sum())
            jump = reach * (walkers[a] - walkers[b]) * (1 + 1e-3 * rng.normal(size=d))
            trial = walkers[i] + np.where(move, jump, 0)
            value = log_density(trial)
            if np.log(rng.random()) < value - values[i]:
                walkers[i], values[i] = trial, value
        if step >= n_steps // 3:
            kept.append(walkers.copy())
    return rng.permutation(np.concatenate(kept))


def choose(sd: np.ndarray, correlation: np.ndarray, n: int) -> np.ndarray:
    """
    The n points that one after the other have the largest error, given those before.

    Parameters
    ----------
    sd : ndarray, shape (m,)
        Predicted standard deviation at each candidate.
    correlation : ndarray, shape (m, m)
        Of the errors of the predictions.
    n : int

    Returns
    -------
    indices : ndarray, shape (n,)
    """
    covariance = correlation * np.outer(sd, sd)
    chosen = []
    for _ in range(n):
        best = int(np.argmax(np.diag(covariance)))
        chosen.append(best)
        column = covariance[:, best].copy()
        # A point once computed has no error left, and takes that of its neighbours with it.
        covariance -= np.outer(column, column) / max(column[best], 1e-300)
    return np.array(chosen)
