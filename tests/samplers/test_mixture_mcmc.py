"""Cobaya's MCMC with jumps: known posteriors, however good the mixture that it jumps from."""

from contextlib import contextmanager
from typing import ClassVar

import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.run import run
from cobaya.sampler import get_sampler
from cobaya.theory import Theory

from ede_wbins.convergence import BURN_IN
from ede_wbins.mixture import Mixture
from ede_wbins.samplers import MixtureMCMC
from ede_wbins.samplers.importance import Sampled
from ede_wbins.samplers.jumps import Jumps

NAME = "ede_wbins.samplers.MixtureMCMC"


def loglike(f, z):
    """As of a fraction at a scale: where there is little of it, its scale is free."""
    return -0.5 * (((f - 0.1) / 0.08) ** 2 + (f * (z - 3.5) / 0.004) ** 2)


# Exact cumulative distributions of f and z.
F, Z = np.linspace(0, 0.5, 4001), np.linspace(3, 4.3, 1301)
DENSITY = np.exp(loglike(F[:, None], Z))
TRUTH = {
    name: (grid, np.r_[0, c / c[-1]])
    for name, grid, c in (
        ("f", F, np.cumsum(DENSITY.sum(axis=1))[1:]),
        ("z", Z, np.cumsum(DENSITY.sum(axis=0))[1:]),
    )
}


INFO = {
    "likelihood": {"toy": loglike},
    "params": {
        "f": {"prior": [0, 0.5], "ref": 0.1, "proposal": 0.05},
        "z": {"prior": [3, 4.3], "ref": 3.5, "proposal": 0.1},
    },
}


POINTS = np.array([[0.3, 3.2], [0.4, 3.3]])


def sample(name=NAME, path=None, **options):
    """Samples of f and z, and the sampler."""
    options = {"max_samples": 3000, "Rminus1_stop": 0, "learn_every": 100, "seed": 1} | options
    info = INFO | {"sampler": {name: options}}
    _, sampler = run(info | ({"output": str(path), "resume": True} if path else {}))
    samples = sampler.products(skip_samples=0.4, to_getdist=True)["sample"]
    return samples, sampler


def distance(samples, name):
    """Largest difference of the cumulative distributions, in that of as many independent draws."""
    grid, truth = TRUTH[name]
    x, weights = samples[name], samples.weights
    order = np.argsort(x)
    found = np.cumsum(weights[order]) / weights.sum()
    independent = weights.sum() / max(samples.getCorrelationLength(name), 1)
    return np.max(np.abs(found - np.interp(x[order], grid, truth))) * np.sqrt(independent)


def test_posterior_that_no_gaussian_resembles_and_how_fast_it_is_crossed():
    jumping, sampler = sample()
    stepping, _ = sample("mcmc")
    assert len(sampler.jumps.leading.weights) > 2
    for name in TRUTH:
        # Kolmogorov's distribution: 1.95 leaves 0.1%.
        assert distance(jumping, name) < 1.95
    lengths = [run.getCorrelationLength("z") for run in (jumping, stepping)]
    assert lengths[0] < 0.4 * lengths[1]


def gaussian(mean, sd):
    return Mixture(np.ones(1), np.array([mean]), np.diag(sd)[None])


WRONG = {
    "together": (gaussian([0.2, 3.9], [0.15, 0.3]), gaussian([], []), np.empty((0, 2)), [1, 1]),
    "f leads": (gaussian([0.2], [0.15]), gaussian([3.0], [0.3]), np.array([[3.0]]), [1, 0]),
    "z leads": (gaussian([3.9], [0.3]), gaussian([0.9], [0.1]), np.array([[-0.2]]), [0, 1]),
}


def wrong(name):
    *parts, leads = WRONG[name]
    return Jumps(*parts, np.array(leads, dtype=bool), np.array([[0, 0.5], [3, 4.3]]))


@pytest.mark.parametrize(
    ("name", "temperature"), [("together", 1), ("together", 2), ("f leads", 1), ("z leads", 2)]
)
def test_a_wrong_mixture_gives_the_same_posterior(monkeypatch, name, temperature):
    jumps = wrong(name)
    monkeypatch.setattr(MixtureMCMC, "_learn_mixture", lambda self: setattr(self, "jumps", jumps))
    # Most of its jumps lead nowhere: Cobaya would take the chain to be stuck.
    samples, _ = sample(temperature=temperature, max_tries=1000)
    samples.cool(temperature) if temperature != 1 else None
    for name in TRUTH:
        assert distance(samples, name) < 1.95


def test_a_resumed_run_jumps_at_once(tmp_path):
    path = tmp_path / "run"
    sample(path=path, max_samples=400)
    _, sampler = sample(path=path, max_samples=410)
    # Too few new points for a fit of their own.
    assert sampler.jumps is not None


def test_a_run_ends_when_all_that_is_analysed_agrees_too(monkeypatch, tmp_path):
    compared = []

    def disagree_twice(chains, n):
        (chain,) = chains
        compared.append((chain.samples[:, :n], chain.weights))
        return 0.2 if len(compared) < 3 else 0.05

    monkeypatch.setattr("ede_wbins.samplers.mixture_mcmc.gelman_rubin", disagree_twice)
    _, sampler = sample(Rminus1_stop=0.1, Rminus1_cl_stop=1, path=tmp_path / "run")
    assert len(compared) == 3
    assert sampler.converged
    # Once a check, whatever became of it.
    written = np.loadtxt(tmp_path / "run.progress", usecols=0)
    np.testing.assert_array_equal(written, sampler.progress["N"])
    kept = sampler.products(skip_samples=BURN_IN)["sample"]
    np.testing.assert_array_equal(compared[-1][0], kept[["f", "z"]])


@pytest.mark.parametrize(("drag", "share"), [(False, 1 / 6), (True, 1 / 2)])
def test_jumps_are_as_many_as_steps_of_the_slow_block(drag, share):
    """Four steps of the fast block for each of the slow one, or one after dragging them."""
    info = {
        "likelihood": {
            "slow": {"external": lambda x: -0.5 * x**2, "speed": 1},
            "fast": {"external": lambda x, y: -0.5 * (y - x) ** 2, "speed": 4},
        },
        "params": {n: {"prior": [-9, 9], "ref": 0, "proposal": 1} for n in ("x", "y")},
    }
    options = {"drag": drag, "oversample_power": 1, "measure_speeds": False, "seed": 1}
    options |= {"max_samples": 8000, "Rminus1_stop": 0, "learn_every": 100}
    sampler = get_sampler({NAME: options}, get_model(info))
    assert sampler._share == pytest.approx(share)
    sampler.run()
    samples = sampler.products(skip_samples=0.2, to_getdist=True)["sample"]
    covariance = samples.cov(["x", "y"])
    np.testing.assert_allclose(covariance, [[1, 1], [1, 2]], atol=0.15)


class Trained(Theory):
    """Has draws of the posterior, and is less exact, and quick, when asked to."""

    params: ClassVar = {"f": None, "z": None}
    draws = np.random.default_rng(3).uniform([0, 3.3], [0.2, 3.7], (60, 2))
    wrong = False

    def initialize(self):
        self.counts, self.doubts = {True: 0, False: 0}, []

    @contextmanager
    def always(self, mode):
        assert mode == "emulated"
        self.wrong = True
        yield
        self.wrong = False

    @contextmanager
    def deferring(self):
        self.doubts = []
        with self.always("emulated"):
            yield self.doubts

    def get_can_provide(self):
        return ["x"]

    def get_x(self):
        return self.current_state["x"]

    def calculate(self, state, want_derived=True, **params):
        self.counts[self.wrong] += 1
        self.doubts.append(self.wrong)
        state["x"] = loglike(**params) + self.wrong * 1.5 * (params["z"] - 3.5)


def of_theory(_self=None):
    return _self.provider.get_x()


def trained(**options):
    """The sampler of the same posterior, from a theory that has been trained."""
    likelihood = {"toy": {"external": of_theory, "requires": ["x"]}}
    info = INFO | {"theory": {"trained": Trained}, "likelihood": likelihood}
    return get_sampler({NAME: {"seed": 1, "learn_every": 100} | options}, get_model(info))


def test_a_run_with_a_trained_theory_jumps_from_its_first_step():
    sampler = trained(max_samples=4000, Rminus1_stop=0)
    assert sampler._share > 0.5
    assert len(sampler.jumps.leading.weights) > 2
    start = sampler.current_point
    assert start.logpost == sampler.model.logposterior(start.values).logpost
    sampler.run()
    samples = sampler.products(skip_samples=0.1, to_getdist=True)["sample"]
    # Of the exact posterior, of which it asks less than once a step.
    for name in TRUTH:
        assert distance(samples, name) < 1.95
    assert samples.getCorrelationLength("z") < 10
    steps = sampler.collection["weight"].sum()
    assert sampler.model.theory["trained"].counts[False] < 0.8 * steps


@pytest.mark.parametrize("jumps", [False, True])
def test_points_tried_with_the_emulator_are_in_balance(jumps):
    """As many there as back, of the exact posterior, wherever the emulator is wrong."""
    sampler = trained()
    probabilities = []

    def certain(there, here):
        probabilities.append(min(1.0, np.exp(there - here)))
        return True

    sampler.metropolis_accept = certain

    def flow(here, there):
        exact = sampler.model.logposterior(here)
        sampler._off = sampler._emulated(here).logpost - exact.logpost
        sampler.current_point.add(here, exact)
        probabilities.clear()
        q = sampler.jumps.logpdf(np.array([here, there])) if jumps else np.zeros(2)
        assert sampler._try(there, q[0] - q[1])
        first, second = probabilities
        return first * second * np.exp(exact.logpost + q[1])

    points = np.random.default_rng(4).uniform([0.01, 3.2], [0.2, 4.1], (20, 2))
    for here, there in zip(points[::2], points[1::2], strict=True):
        assert flow(here, there) == pytest.approx(flow(there, here), rel=1e-9)


def test_without_a_trained_theory_a_chain_starts_from_its_reference():
    model = get_model(INFO)
    sampler = get_sampler({NAME: {"seed": 1}}, model)
    assert sampler.importance is None
    start = sampler.current_point
    assert start.values[0] == 0.1
    assert start.logpost == model.logposterior(start.values).logpost


def test_chains_start_from_different_draws():
    first, second = (trained(seed=seed).current_point.values for seed in (1, 2))
    assert np.all(first != second)


def test_a_few_good_points_start_a_chain_but_make_no_mixture(monkeypatch):
    weights = np.array([0.9, 0.1])
    found = Sampled(wrong("together"), POINTS, weights)
    monkeypatch.setattr("ede_wbins.samplers.importance.sample", lambda *_: found)
    sampler = trained()
    assert sampler.jumps is None
    assert sampler.current_point.values.tolist() in POINTS.tolist()


def test_chains_soon_replace_a_mixture_that_rests_on_few_draws(monkeypatch):
    """Many importance samples that are worth as little as 60 draws: their mixture is a poor one."""
    points = np.random.default_rng(1).uniform([0.01, 3.1], [0.4, 4.2], (5000, 2))
    weights = np.r_[np.full(60, 1.0), np.full(4940, 1e-9)]
    found = Sampled(wrong("together"), points, weights / weights.sum())
    monkeypatch.setattr("ede_wbins.samplers.importance.sample", lambda *_: found)
    # Most of its jumps lead nowhere: Cobaya would take the chain to be stuck.
    sampler = trained(max_samples=1000, Rminus1_stop=0, max_tries=1000)
    assert sampler.jumps is found.jumps
    sampler.run()
    assert sampler.jumps is not found.jumps
