"""Tensions of distributions whose answers are known."""

from pathlib import Path

import numpy as np
import pytest
from cobaya.run import run as cobaya_run
from getdist import MCSamples
from scipy.stats import chi2, expon, norm

from ede_wbins.analysis import tension
from ede_wbins.analysis.measurements import MEASUREMENTS, Measurement
from ede_wbins.analysis.run import BestFit, Run, load_run
from ede_wbins.analysis.tension_report import report
from ede_wbins.errors import EDEWBinsError

N = 40_000
NAUTILUS = "ede_wbins.samplers.Nautilus"


def make(samples, names, best=None):
    samples = np.asarray(samples)
    chains = MCSamples(
        samples=np.array_split(samples, 2),
        loglikes=np.array_split(np.zeros(len(samples)), 2),
        names=names,
        ignore_rows=0,
        settings={"smooth_scale_1D": 0.3},
    )
    run = Run(Path("x"), chains, {"likelihood": {"one": None}, "sampler": {"mcmc": None}})
    if best is not None:
        run.__dict__["best"] = BestFit({}, {"one": best}, True)
    return run


def gaussian(mean, covariance, seed, n=N):
    """Samples with exactly this mean and covariance, so that the answer is known exactly."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, len(mean)))
    z -= z.mean(axis=0)
    z = np.linalg.solve(np.linalg.cholesky(np.cov(z.T).reshape(len(mean), -1)), z.T).T
    return mean + z @ np.linalg.cholesky(covariance).T


@pytest.mark.parametrize("n_sigma", [0.5, 1, 2, 3, 4, 5])
def test_gaussians_in_one_dimension(n_sigma):
    run = make(gaussian([68.0], [[0.8**2]], 1), ["H0"])
    measured = Measurement("H0", 68 + n_sigma * np.hypot(0.8, 1.04), 1.04, 1.04, "")
    assert tension.rule_of_thumb(run, measured, "H0") == pytest.approx(n_sigma, abs=1e-3)
    shift = tension.parameter_shift(run, measured, ["H0"])
    assert shift.n_sigma == pytest.approx(n_sigma, abs=0.05)
    assert shift.error < 0.1


@pytest.mark.parametrize("n_sigma", [1, 3, 5])
def test_gaussians_in_three_dimensions(n_sigma):
    first = np.diag([1.0, 2.0, 0.5]) + 0.3
    second = np.diag([0.5, 1.0, 0.5])
    distance = np.sqrt(chi2.isf(2 * norm.sf(n_sigma), 3))
    away = np.linalg.cholesky(first + second) @ (distance * np.array([0.6, 0.0, 0.8]))
    names = ["a", "b", "c"]
    pair = make(gaussian([0, 0, 0], first, 1), names), make(gaussian(away, second, 2), names)
    shift = tension.parameter_shift(*pair, names)
    assert shift.n_sigma == pytest.approx(n_sigma, abs=0.05)


@pytest.mark.parametrize("n_sigma", [1, 3])
def test_a_skewed_posterior(n_sigma):
    """A difference whose density falls as an exponential, smoothed a little: one-sided tail."""
    probability = 2 * norm.sf(n_sigma)
    away = expon.isf(probability)
    tail = expon.isf((np.arange(N) + 0.5) / N)
    run = make(np.random.default_rng(0).permutation(tail)[:, None], ["H0"])
    shift = tension.parameter_shift(run, Measurement("H0", away, 0.1, 0.1, ""), ["H0"])
    # Convolved with 0.1, the tail is e^(0.1^2/2) higher.
    expected = tension.to_sigma(np.log(probability) + 0.005)
    assert shift.n_sigma == pytest.approx(expected, abs=0.15)
    if n_sigma == 3:
        thumb = tension.rule_of_thumb(run, Measurement("H0", away, 0.1, 0.1, ""), "H0")
        assert thumb > 4


def test_asymmetric_errors_count_on_the_side_of_the_run():
    run = make(gaussian([0.80], [[0.01**2]], 1), ["S8"])
    kids = MEASUREMENTS["KiDS-1000"]
    expected = (0.80 - kids.mean) / np.hypot(0.01, kids.up)
    assert tension.rule_of_thumb(run, kids, "S8") == pytest.approx(expected, rel=1e-3)


def test_published_tension_of_planck_and_sh0es():
    """Planck 2018's H0 = 67.27 +- 0.60 against 73.04 +- 1.04 is quoted as 4.8 to 5 sigma."""
    run = make(gaussian([67.27], [[0.60**2]], 1), ["H0"])
    shift = tension.parameter_shift(run, MEASUREMENTS["SH0ES"], ["H0"])
    assert 4.75 < shift.n_sigma < 5.0


def test_published_tension_of_planck_and_kids():
    """Planck 2018's S8 = 0.834 +- 0.016 and KiDS-1000's 0.766 are 3 sigma apart (2007.15632)."""
    run = make(gaussian([0.834], [[0.016**2]], 1), ["S8"])
    shift = tension.parameter_shift(run, MEASUREMENTS["KiDS-1000"], ["S8"])
    assert round(shift.n_sigma) == 3


def test_difference_at_best_fits():
    """Two Gaussian measurements of three parameters: the rise is a chi2 of three."""
    names = ["a", "b", "c"]
    runs = [
        make(gaussian([0, 0, 0], np.eye(3), i, 500), names, best)
        for i, best in enumerate((21.0, 5.0, 4.0))
    ]
    shift = tension.difference_at_best(*runs)
    assert shift.probability == pytest.approx(chi2.sf(12, 3))
    assert shift.n_sigma == pytest.approx(norm.isf(chi2.sf(12, 3) / 2))


def test_information_criteria_and_evidence(tmp_path):
    run = make(gaussian([0, 0], np.eye(2), 0, 500), ["a", "b"], 10.0)
    criteria = tension.information_criteria(run, 100)
    assert criteria == {"AIC": 14.0, "BIC": pytest.approx(10 + 2 * np.log(100))}
    assert tension.log_evidence(run) is None
    (tmp_path / "x.logZ").write_text("logZ: -12.5\nlogZstd: 0.2\n")
    nested = Run(tmp_path / "x", run.samples, run.info)
    assert tension.log_evidence(nested) == (-12.5, 0.2)


def test_ratio_of_evidences_of_nested_runs(tmp_path):
    """A Gaussian of width 0.1 in flat priors twice as wide as each other: a ratio of 2."""
    pytest.importorskip("nautilus", reason="needs nautilus: pip install 'ede-wbins[nautilus]'")
    runs = []
    for name, half in (("narrow", 1), ("wide", 2)):
        info = {
            "likelihood": {"one": {"external": "lambda x, y: -50 * (x**2 + y**2)"}},
            "params": {"x": {"prior": [-1, 1]}, "y": {"prior": [-half, half]}},
            "sampler": {NAUTILUS: {"n_live": 100, "n_eff": 500, "n_networks": 0, "seed": 1}},
            "output": str(tmp_path / name),
        }
        cobaya_run(info)
        runs.append(load_run(tmp_path / name))
        assert runs[-1].samples.sampler == "nested" and runs[-1].burn_in == 0
        log_z, error = tension.log_evidence(runs[-1])
        assert log_z == pytest.approx(np.log(2 * np.pi * 0.01 / (4 * half)), abs=4 * error)
    (line,) = [line for line in report(runs).splitlines() if line.startswith("ln(Z/Z)")]
    ratio, error = (float(line.split()[i]) for i in (-3, -1))
    assert 0.01 < error < 0.1
    assert ratio == pytest.approx(np.log(2), abs=4 * error)


def test_a_parameter_that_was_not_measured_is_one_line():
    run = make(gaussian([0, 0], np.eye(2), 0, 500), ["H0", "S8"])
    with pytest.raises(EDEWBinsError, match="parameter = S8: the measurement is of H0"):
        tension.parameter_shift(run, MEASUREMENTS["SH0ES"], ["S8"])
