"""Mixtures of Gaussians, fitted to samples."""

import numpy as np
import pytest

from ede_wbins import mixture


@pytest.mark.parametrize("seed", range(5))
def test_as_many_gaussians_as_there_are(seed):
    rng = np.random.default_rng(7)
    # A square of four: three of them are hardly better than two.
    centres = 8.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    seen, unseen = (centres[rng.integers(4, size=1000)] + rng.normal(size=(1000, 3)) for _ in "ab")
    found = mixture.fit(seen, unseen=unseen, seed=seed)
    truth = mixture.Mixture(np.full(4, 0.25), centres, np.repeat(np.eye(3)[None], 4, axis=0))
    fresh = truth.sample(4000, rng)
    # Kullback and Leibler's distance from the truth.
    assert np.mean(truth.logpdf(fresh) - found.logpdf(fresh)) < 0.05


def test_no_gaussian_shrinks_to_where_a_chain_has_rested():
    rng = np.random.default_rng(7)
    chain = rng.normal(size=(2000, 5))
    chain[300:420] = chain[300]
    for seed in range(5):
        found = mixture.fit(chain[::2], unseen=chain[1::2], seed=seed, floor=0.01)
        assert np.diagonal(found.roots, axis1=1, axis2=2).min() > 0.09
