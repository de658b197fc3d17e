"""A density as a mixture of Gaussians, as many as the samples ask for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.cluster.vq import kmeans2

_MOST = 6
_ITERATIONS = 150
_STARTS = 2
_TOLERANCE = 3e-5


@dataclass(frozen=True)
class Mixture:
    """
    Weighted sum of Gaussians.

    Attributes
    ----------
    weights : array, shape (k,)
        Add up to 1.
    means : array, shape (k, d)
    roots : array, shape (k, d, d)
        Lower Cholesky factors of the covariances.
    """

    weights: np.ndarray
    means: np.ndarray
    roots: np.ndarray

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        """Log of the density at points of shape (n, d)."""
        return _log_sum(self.log_parts(x))

    def log_parts(self, x: np.ndarray) -> np.ndarray:
        """Logs of what each Gaussian adds to the density, shape (n, k)."""
        whiten, log_peaks = self._whitening
        z = (x - self.means[:, None]) @ whiten
        return log_peaks - 0.5 * np.sum(z**2, axis=2).T

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw `n` points, shape (n, d)."""
        which = rng.choice(len(self.weights), n, p=self.weights)
        z = rng.standard_normal((n, self.means.shape[1]))
        return self.means[which] + np.einsum("nij,nj->ni", self.roots[which], z)

    @cached_property
    def _whitening(self) -> tuple[np.ndarray, np.ndarray]:
        """What takes points to unit Gaussians, and the logs of the Gaussians at their means."""
        norms = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        norms += self.means.shape[1] / 2 * np.log(2 * np.pi)
        return np.linalg.inv(self.roots).transpose(0, 2, 1), np.log(self.weights) - norms

    def widened(self, factor: float) -> "Mixture":
        """The same with each Gaussian `factor` times as wide."""
        return Mixture(self.weights, self.means, factor * self.roots)


def fit(
    x: np.ndarray,
    n_effective: float | None = None,
    unseen: np.ndarray | None = None,
    seed: int = 0,
    floor: float = 1e-3,
) -> Mixture:
    """
    Fit points of shape (n, d), by expectation maximisation in whitened coordinates.

    The number of Gaussians is that of the lowest Bayesian information criterion, for as many
    independent points as `n_effective` says; or that which makes `unseen` points most likely, to
    all of which it is then fitted. `floor` is added to variances, in units of the whole's: no
    Gaussian shrinks to where a chain has rested.
    """
    if unseen is not None:
        x = np.concatenate([x, unseen])
    mean, covariance = x.mean(axis=0), np.atleast_2d(np.cov(x.T))
    root = np.linalg.cholesky(covariance)
    z = np.linalg.solve(root, (x - mean).T).T
    n, d = z.shape
    n_seen = n if unseen is None else n - len(unseen)
    rng = np.random.default_rng(seed)
    best, lowest = None, np.inf

    def criterion(loglike: float, found: tuple) -> float:
        if unseen is not None:
            return -Mixture(*found).logpdf(z[n_seen:]).sum()
        free = len(found[0]) * (1 + d + d * (d + 1) / 2) - 1
        return -2 * loglike * n_effective / n + free * np.log(n_effective)

    for k in range(1, _MOST + 1):
        tries = [_maximise(z[:n_seen], k, floor, rng) for _ in range(_STARTS)]
        for each in tries:
            if (value := criterion(*each)) < lowest:
                best, lowest = each[1], value
        # The starts for one number may all have been bad.
        if len(best[0]) < k - 1:
            break
    if unseen is not None:
        best = _climb(z, floor, *best)[1]
    weights, means, roots = best
    return Mixture(weights, mean + means @ root.T, root @ roots)


def _log_sum(parts: np.ndarray) -> np.ndarray:
    # For the few points of a jump SciPy's takes as long as a tenth of a step.
    return np.logaddexp.reduce(parts, axis=1)


def _maximise(z: np.ndarray, k: int, floor: float, rng: np.random.Generator):
    """(ln L, (weights, means, roots)) of k Gaussians, from random points far from each other."""
    means, _ = kmeans2(z, k, iter=1, minit="++", rng=rng)
    roots = np.repeat(np.eye(z.shape[1])[None], k, axis=0)
    return _climb(z, floor, np.full(k, 1 / k), means, roots)


def _climb(z: np.ndarray, floor: float, weights: np.ndarray, means: np.ndarray, roots: np.ndarray):
    """(ln L, (weights, means, roots)) where expectation maximisation ends."""
    (n, d), before = z.shape, -np.inf
    for _ in range(_ITERATIONS):
        parts = Mixture(weights, means, roots).log_parts(z)
        total = _log_sum(parts)
        if (loglike := float(total.sum())) - before < _TOLERANCE * n:
            break
        before = loglike
        share = np.exp(parts - total[:, None])
        size = share.sum(axis=0) + 1e-10
        weights, means = size / size.sum(), (share.T @ z) / size[:, None]
        roots = roots.copy()
        for j in range(len(means)):
            off = z - means[j]
            covariance = (share[:, j, None] * off).T @ off / size[j] + floor * np.eye(d)
            roots[j] = np.linalg.cholesky(covariance)
    return before, (weights, means, roots)
