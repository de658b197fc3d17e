import json

import numpy as np
import pytest
from cobaya.run import run
from stand_in import LCDM
from test_emulated import SAMPLED, emulate  # noqa: F401
from universe import Peaks

from ede_wbins.theory.exact_check import statistics, verdict


def results(n, slope, noise=0.0):
    """Draws of a unit Gaussian, and errors of ln L that shift its mean by -slope."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 2))
    error = slope * x[:, 0] + noise * rng.normal(size=n)
    return [
        {"x": row.tolist(), "error": e, "sd": 0.2} for row, e in zip(x, error.tolist(), strict=True)
    ]


def test_error_that_moves_a_mean_is_seen():
    found = statistics(results(20000, slope=0.3))
    assert found["shift"] == pytest.approx(0.3, abs=0.03)
    assert found["scatter"] == pytest.approx(0.3, rel=0.03)
    assert found["ratio"] == pytest.approx(1.5, rel=0.03)
    # Importance weights of variance exp(s^2) - 1.
    assert found["fraction"] == pytest.approx(np.exp(-(0.3**2)), rel=0.03)


def test_random_errors_bias_nothing():
    found = statistics(results(20000, slope=0.0, noise=0.15))
    assert found["shift"] < 0.02
    assert found["width"] < 0.02
    assert found["fraction"] > 0.97


def test_verdict_is_one_line():
    assert "\n" not in verdict(results(24, slope=0.1))


def test_run_checks_its_own_chain_at_its_end(emulate, tmp_path, caplog):  # noqa: F811
    info = {
        "theory": {"ede_wbins.EmulatedEDEWBins": {"ede": "none", "check": 6}},
        "likelihood": {"peaks": Peaks},
        "params": {**LCDM, **SAMPLED},
        "sampler": {"mcmc": {"max_samples": 150, "covmat": "auto", "seed": 1}},
        "output": str(tmp_path / "run"),
    }
    with caplog.at_level("INFO"):
        run(info)
    assert "Check: 6 points of the chain" in caplog.text
    assert "expected shift of any mean" in caplog.text
    found = json.loads((tmp_path / "run.exact_check.json").read_text())
    assert found["verdict"] in caplog.text
    assert len(found["points"]) == 6
    assert np.all(np.abs([each["error"] for each in found["points"]]) < 1)
    assert (tmp_path / "run.emulator.npz").exists()
