"""R-1 and effective samples."""

import numpy as np
import pytest
from getdist.chains import WeightedSamples

from ede_wbins.convergence import effective_samples, gelman_rubin, running


def chains(n=4000, n_chains=4, correlation=0.0, apart=0.0, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n_chains):
        x = rng.standard_normal((n, 3))
        for j in range(1, n):
            x[j] = correlation * x[j - 1] + np.sqrt(1 - correlation**2) * x[j]
        x[:, 0] += apart * i
        found.append(WeightedSamples(samples=x, weights=rng.geometric(0.5, n)))
    return found


def test_chains_apart_have_not_converged():
    assert gelman_rubin(chains(), 3) < 0.01
    # Variance of 0, 1, 2, 3 over that within.
    assert gelman_rubin(chains(apart=1.0), 3) == pytest.approx(5 / 3, rel=0.05)


def test_effective_samples_of_a_correlated_chain():
    """An autoregression of correlation r has (1-r)/(1+r) of its steps."""
    correlation, n = 0.9, 20_000
    found = [effective_samples(chains(n, 4, correlation, seed=i), 1) for i in range(4)]
    weighted = 4 * n * 0.1 / 1.9 / 1.03
    assert np.median(found) == pytest.approx(weighted, rel=0.35)


def test_running_convergence_falls_and_ends_at_that_of_the_run():
    parts = chains(correlation=0.8)
    steps, R_minus_1 = running(parts, 3, 0.3)
    assert steps[-1] == min(part.weights.sum() for part in parts)
    assert np.nanmedian(R_minus_1[:10]) > 2 * np.nanmedian(R_minus_1[-10:])
    assert 0 < R_minus_1[-1] < 0.02
