"""How far Markov chains have converged."""

from collections.abc import Sequence

import numpy as np
from getdist.chains import WeightedSamples

CONVERGED = 0.01
"""R-1 of the means below which a run counts as converged."""

BURN_IN = 0.3
"""Share of each chain that is cut at its start."""

_BATCHES = 5


def gelman_rubin(chains: Sequence[WeightedSamples], n: int) -> float:
    """
    R-1 of the means of the first `n` parameters in their worst direction.

    Between chains, or between the halves of a single chain (Gelman and Rubin 1992; Brooks and
    Gelman 1998). NaN if the chains are too short to tell.
    """
    if len(chains) == 1:
        chains = _pieces(chains[0], 2)
    if len(chains) < 2 or min(len(chain.weights) for chain in chains) <= n:
        return np.nan
    means = np.array([np.average(c.samples[:, :n], axis=0, weights=c.weights) for c in chains])
    within = sum(
        np.atleast_2d(np.cov(c.samples[:, :n].T, aweights=c.weights, bias=True)) for c in chains
    )
    within = within / len(chains)
    between = np.atleast_2d(np.cov(means.T))
    scale = np.sqrt(np.diag(within))
    if not np.all(scale > 0):
        return np.nan
    try:
        root = np.linalg.inv(np.linalg.cholesky(within / np.outer(scale, scale)))
    except np.linalg.LinAlgError:
        return np.nan
    return float(np.linalg.eigvalsh(root @ (between / np.outer(scale, scale)) @ root.T)[-1])


def running(chains: Sequence[WeightedSamples], n: int, burn_in: float, points: int = 40):
    """
    R-1 as it fell while the chains grew, the first `burn_in` of each cut at each point anew.

    Returns
    -------
    steps, R_minus_1 : arrays, shape (points,)
        Steps of the shortest chain, and R-1 there.
    """
    totals = [np.cumsum(chain.weights) for chain in chains]
    length = min(total[-1] for total in totals)
    at = np.linspace(length / points, length, points)
    found = []
    for end in at:
        parts = []
        for chain, total in zip(chains, totals, strict=True):
            first = end * burn_in if burn_in < 1 else total[min(int(burn_in), len(total) - 1)]
            rows = (total > first) & (total <= end)
            parts.append(WeightedSamples(samples=chain.samples[rows], weights=chain.weights[rows]))
        found.append(gelman_rubin(parts, n) if all(len(p.weights) for p in parts) else np.nan)
    return at, np.array(found)


def effective_samples(chains: Sequence[WeightedSamples], n: int) -> float:
    """
    Number of independent samples that the worst-mixed of the first `n` parameters is worth.

    From the scatter of batch means (Flegal and Jones 2010), between chains included: unlike an
    autocorrelation length it notices that chains are too short to have mixed.
    """
    batches = [batch for chain in chains for batch in _pieces(chain, _BATCHES)]
    means = [np.average(b.samples[:, :n], axis=0, weights=b.weights) for b in batches]
    scatter = np.var(means, axis=0, ddof=1)
    values = np.concatenate([chain.samples[:, :n] for chain in chains])
    weights = np.concatenate([chain.weights for chain in chains])
    variance = np.average((values - np.average(values, axis=0, weights=weights)) ** 2, 0, weights)
    with np.errstate(divide="ignore"):
        return float(min(len(batches) * min(variance / scatter), len(weights)))


def _pieces(chain: WeightedSamples, number: int) -> list[WeightedSamples]:
    """Consecutive pieces of a chain, of about the same weight; fewer where a single row has it."""
    total = np.cumsum(chain.weights)
    cuts = np.searchsorted(total, total[-1] * np.arange(1, number) / number)
    parts = zip(np.split(chain.samples, cuts), np.split(chain.weights, cuts), strict=True)
    return [WeightedSamples(samples=rows, weights=weights) for rows, weights in parts if len(rows)]
