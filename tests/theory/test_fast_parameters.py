"""Steps in A_s and n_s alone: what is computed again, and what Cobaya makes of it."""

import time

import numpy as np
import pytest
from cobaya.sampler import get_sampler
from stand_in import EDE, LCDM, StandIn, component

PRIORS = {
    "n_s": {"prior": {"min": 0.9, "max": 1.0}},
    "omega_cdm": {"prior": {"min": 0.1, "max": 0.14}},
}
POINT = {"A_s": 2e-9, "n_s": 0.95, "omega_cdm": 0.12}


@pytest.fixture
def model(build):
    return build({**EDE, **PRIORS})


def perturbations():
    return StandIn.counts["perturbations"]


def at(model, **change):
    assert np.isfinite(model.logposterior(POINT | change).logpost)
    return component(model).classy.pars


def test_fast_step_leaves_the_perturbations_alone(model):
    at(model)
    assert perturbations() == 1
    assert at(model, A_s=2.1e-9)["A_s"] == 2.1e-9
    assert at(model, n_s=0.96)["n_s"] == 0.96
    assert perturbations() == 1
    assert at(model, omega_cdm=0.11)["omega_cdm"] == 0.11
    assert perturbations() == 2


def test_two_points_are_kept(model):
    # As dragging goes to and fro between the two ends of a slow step.
    for n_s in np.linspace(0.92, 0.98, 5):
        for omega_cdm in (0.115, 0.125):
            found = at(model, omega_cdm=omega_cdm, n_s=n_s)
            assert (found["omega_cdm"], found["n_s"]) == (omega_cdm, n_s)
    assert perturbations() == 2
    for omega_cdm in (0.13, 0.115, 0.125):
        assert at(model, omega_cdm=omega_cdm)["omega_cdm"] == omega_cdm
    assert perturbations() == 5


def test_fast_parameters_are_a_block_of_their_own(model):
    blocks, _ = model.get_param_blocking_for_sampler()
    assert sorted(map(sorted, blocks)) == [["A_s", "n_s"], ["omega_cdm"]]
    assert set(blocks[-1]) == {"A_s", "n_s"}


def test_unknown_slow_parameter_is_slow(build):
    # Cobaya gives it to the component alone, which nobody told what it does.
    model = build({**EDE, **PRIORS, "Omega_Lambda": {"prior": {"min": 0.6, "max": 0.8}}})
    for n_s in (0.95, 0.96):
        for Omega_Lambda in (0.68, 0.7):
            found = at(model, n_s=n_s, Omega_Lambda=Omega_Lambda)
            assert found["Omega_Lambda"] == Omega_Lambda
    assert perturbations() == 2


def test_point_that_fails_is_computed_and_counted_once(model, monkeypatch):
    def fail(self):
        self.counts["perturbations"] += 1
        raise component(model).classy_module.CosmoComputationError("f(L:1) :too much")

    monkeypatch.setattr(StandIn, "compute_perturbations", fail)
    assert model.logposterior(POINT).logpost == -np.inf
    assert perturbations() == 1
    assert component(model).rejected.counts.total() == 1
    monkeypatch.undo()


@pytest.mark.parametrize("args", [{"modes": "s,t"}, {"pk_eq": "yes"}, {"P_k_ini type": "cubic"}])
def test_what_does_not_split_is_computed_whole(build, args, monkeypatch):
    monkeypatch.setattr(StandIn, "inputs", StandIn.inputs | set(args))
    model = build({**EDE, **PRIORS}, extra_args=args)
    at(model)
    at(model, n_s=0.96)
    assert StandIn.counts == {"whole": 2}


def test_logarithm_of_the_amplitude_is_fast(build, monkeypatch):
    monkeypatch.delitem(LCDM, "A_s")
    model = build({**EDE, **PRIORS, "ln_A_s_1e10": {"prior": {"min": 2.9, "max": 3.1}}})
    for ln_A in (2.95, 3.0):
        model.logposterior({"n_s": 0.95, "omega_cdm": 0.12, "ln_A_s_1e10": ln_A})
        assert component(model).classy.pars["A_s"] == np.exp(ln_A) * 1e-10
    assert perturbations() == 1


def test_dragging_computes_each_slow_point_once(model, monkeypatch):
    compute = StandIn.compute_perturbations

    def slow(self):
        time.sleep(0.02)
        compute(self)

    monkeypatch.setattr(StandIn, "compute_perturbations", slow)
    sampler = get_sampler({"mcmc": {"drag": True, "max_samples": 5, "seed": 1}}, model)
    assert sampler.drag_interp_steps > 0
    component(model).classy.empty()
    StandIn.counts.clear()
    before = component(model).classy.runs
    sampler.run()
    assert perturbations() < 0.5 * (component(model).classy.runs - before)
