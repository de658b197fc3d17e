import json

import numpy as np
import pytest
from cobaya.run import run
from stand_in import LCDM
from test_emulated import SAMPLED, emulate  # noqa: F401
from universe import Peaks

from ede_wbins.theory.exact_check import ExactCheck, statistics, verdict


def results(n, slope, noise=0.0):
    """Draws of a unit Gaussian, and errors of ln L that shift its mean by -slope, and half now."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 2))
    error = slope * x[:, 0] + noise * rng.normal(size=n)
    return [
        {"x": row.tolist(), "error": e, "now": e / 2, "sd": 0.2}
        for row, e in zip(x, error.tolist(), strict=True)
    ]


def test_error_that_moves_a_mean_is_seen():
    found = statistics(results(20000, slope=0.3))
    assert found["shift"] == pytest.approx(0.3, abs=0.03)
    assert found["scatter"] == pytest.approx(0.3, rel=0.03)
    assert found["ratio"] == pytest.approx(0.75, rel=0.03)
    # Importance weights of variance exp(s^2) - 1.
    assert found["fraction"] == pytest.approx(np.exp(-(0.3**2)), rel=0.03)


def test_random_errors_bias_nothing():
    found = statistics(results(20000, slope=0.0, noise=0.15))
    assert found["shift"] < 0.02
    assert found["width"] < 0.02
    assert found["fraction"] > 0.97


def test_verdict_is_one_line():
    assert "\n" not in verdict(results(24, slope=0.1))


def test_what_class_rejects_is_no_part_of_the_exact_posterior():
    found = results(20000, slope=0.0)
    assert "rejected" not in verdict(found)
    cut = [each | {"error": None} if each["x"][0] > 0 else each for each in found]
    seen = statistics(cut)
    assert seen["rejected"] == pytest.approx(10000, rel=0.03)
    assert seen["fraction"] == pytest.approx(0.5, rel=0.03)
    assert seen["shift"] == pytest.approx(np.sqrt(2 / np.pi), rel=0.03)
    assert "(1 rejected by CLASS)" in verdict([*found[:9], found[9] | {"error": None}])
    assert "rejected all" in verdict([found[0] | {"error": None}])


def chain(tmp_path, check):
    return {
        "theory": {"ede_wbins.EmulatedEDEWBins": {"ede": "none", "check": check}},
        "likelihood": {"peaks": Peaks},
        "params": {**LCDM, **SAMPLED},
        "sampler": {"mcmc": {"max_samples": 150, "covmat": "auto", "seed": 1}},
        "output": str(tmp_path / "run"),
        "resume": True,
    }


def test_run_checks_its_own_chain_at_its_end(emulate, tmp_path, caplog):  # noqa: F811
    info = chain(tmp_path, check=6)
    with caplog.at_level("INFO"):
        run(info)
    assert "Check: 6 points of the chain" in caplog.text
    assert "expected shift of any mean" in caplog.text
    found = json.loads((tmp_path / "run.exact_check.json").read_text())
    assert found["verdict"] in caplog.text
    assert len(found["points"]) == 6
    assert np.all(np.abs([each["error"] for each in found["points"]]) < 1)
    assert (tmp_path / "run.emulator.npz").exists()


def test_a_run_that_was_stopped_during_its_check_goes_on_with_it(emulate, tmp_path, monkeypatch):  # noqa: F811
    info, file = chain(tmp_path, check=6), tmp_path / "run.exact_check.json"
    add = ExactCheck._add

    def killed(self, result):
        if len(self.results()) == 3:
            raise KeyboardInterrupt
        add(self, result)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ExactCheck, "_add", killed)
        run(info)
    first = json.loads(file.read_text())["points"]
    samples = (tmp_path / "run.1.txt").read_text()
    assert len(first) == 3
    run(info)
    points = json.loads(file.read_text())["points"]
    assert points[:3] == first
    assert len(points) == 6
    assert (tmp_path / "run.1.txt").read_text() == samples
