"""Points that CLASS cannot compute: counted, explained, and never mistaken for wrong input."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.output import get_output
from cobaya.run import run
from stand_in import EDE, LCDM, ComputationError, Needs, StandIn, component, sent

from ede_wbins.theory.rejected import RejectedPoints, reason, root_cause

CHAIN = (
    "\n\nError in Class: perturbations_init(L:811) :error in perturbations_solve(ppr,pba);\n"
    "=>perturbations_solve(L:3306) :condition (x > 1) is true;  A_s = 2.6e-09\nis too large"
)


def test_reason_is_the_root_cause_without_numbers():
    cause = "A_s = 2.6e-09 is too large"
    assert root_cause(Exception(CHAIN)) == cause
    assert reason(Exception(CHAIN)) == "A_s = # is too large"
    assert reason(Exception("step 1.5 at k=-3 is nan")) == "step # at k=# is #"
    assert root_cause(Exception("=>f(L:1) :condition (x) is true")) == "condition (x) is true"
    assert reason(Exception("")) == ""


def test_rejected_point_is_counted_by_reason(build, caplog):
    caplog.set_level("INFO")
    model = build(EDE)
    for A_s in (2.6e-9, 2.7e-9, 2.1e-9):
        finite = np.isfinite(model.logposterior({"A_s": A_s}).logpost)
        assert finite == (A_s < 2.5e-9)
    assert component(model).rejected.counts == {"A_s = # is too large; at k=#": 2}
    assert caplog.text.count("A point was rejected: A_s = 2.600000e-09 is too large") == 1
    model.close()
    assert "2 point(s) rejected: 2 x A_s = # is too large; at k=#" in caplog.text


def test_run_may_stop_at_the_first_rejected_point(build):
    model = build(EDE, stop_at_error=True)
    with pytest.raises(LoggedError, match=r"A_s = 2\.6") as error:
        model.logposterior({"A_s": 2.6e-9})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"omga_b": 0.022}, "does not accept its input: .*omga_b"),
        ({"sigm8": None}, "asked of it: sigm8"),
    ],
)
def test_mistyped_parameter_stops_the_run(build, params, message):
    model = build({**EDE, **params})
    with pytest.raises(LoggedError, match=message) as error:
        model.logposterior({"A_s": 2.1e-9})
    assert "\n" not in str(error.value)
    assert component(model).rejected.counts == {}


def test_result_that_cannot_be_given_is_a_rejected_point_once_others_could(build):
    likelihood = {"needs": {"class": Needs, "needs": {"Hubble": {"z": [1100.0]}}}}
    model = build(EDE, likelihood)
    with pytest.raises(LoggedError, match="out of range"):
        model.logposterior({"A_s": 2.3e-9})
    sent(model, A_s=2.1e-9)
    assert model.logposterior({"A_s": 2.35e-9}).logpost == -np.inf
    assert component(model).rejected.counts == {"out of range z = #": 1}


def test_other_errors_while_collecting_are_counted(build, monkeypatch):
    def fail(self, z):
        raise ValueError("array must not contain infs or NaNs")

    likelihood = {"needs": {"class": Needs, "needs": {"Hubble": {"z": [1.0]}}}}
    model = build(EDE, likelihood)
    monkeypatch.setattr(StandIn, "Hubble", fail)
    assert model.logposterior({"A_s": 2.1e-9}).logpost == -np.inf
    assert component(model).rejected.counts.total() == 1


def test_class_computes_once_a_point(build):
    model = build(EDE)
    sent(model)
    assert component(model).classy.runs == 1


def test_counts_survive_a_resumption_and_nothing_else(tmp_path, caplog):
    caplog.set_level("INFO")
    log = SimpleNamespace(info=lambda *args: messages.append(args[0] % args[1:]))
    messages = []
    prefix = str(tmp_path / "chain")
    output = get_output(prefix=prefix)
    first = RejectedPoints(log, output)
    for _ in range(3):
        first.add(ComputationError("too large: 3"))
    (file,) = tmp_path.glob("*rejected*")
    assert file.name == "chain.rejected.1.json"
    assert json.loads(file.read_text()) == {"too large: #": 3}

    output.set_resuming(True)
    resumed = RejectedPoints(log, output)
    assert messages[-1].endswith("3 point(s) rejected: 3 x too large: #")
    resumed.add(ComputationError("too large: 4"))
    assert json.loads(file.read_text()) == {"too large: #": 4}

    output.set_resuming(False)
    assert not RejectedPoints(log, output).counts
    assert not file.exists()


def test_run_finds_where_to_keep_the_counts(stand_in, tmp_path, caplog):
    caplog.set_level("INFO")
    info = {
        "theory": {"ede_wbins.EDEWBins": {"stop_at_error": False}},
        "likelihood": {"like": "lambda A_s: -0.5 * ((A_s - 2.4e-9) / 2e-10) ** 2"},
        "params": {**LCDM, **EDE},
        "sampler": {"mcmc": {"max_samples": 20, "seed": 1}},
        "output": str(tmp_path / "chain"),
    }
    info["params"]["A_s"] = {
        "prior": {"min": 1e-9, "max": 3e-9},
        "ref": 2.4e-9,
        "proposal": 2e-10,
    }
    run(info)
    counts = json.loads((tmp_path / "chain.rejected.1.json").read_text())
    (number,) = counts.values()
    assert number > 0
    assert f"In all: {number} point(s)" in caplog.text
    caplog.clear()
    info["sampler"]["mcmc"]["max_samples"] = 25
    run(info, resume=True)
    assert f"Before this resumption: {number} point(s)" in caplog.text
