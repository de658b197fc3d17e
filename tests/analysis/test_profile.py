"""Profiles and intervals with known answers."""

import json

import numpy as np
import pytest
from cobaya.input import update_info
from cobaya.model import get_model
from cobaya.yaml import yaml_load, yaml_load_file
from scipy.stats import multivariate_normal, norm
from synthetic import ROOT

from ede_wbins.analysis import profile as module
from ede_wbins.analysis.intervals import feldman_cousins, interval, parabola
from ede_wbins.analysis.profile import Log, Profiler, profile
from ede_wbins.cli import main
from ede_wbins.errors import EDEWBinsError

MEAN = np.array([0.05, 68.0, 0.3])
SD = np.array([0.04, 1.0, 0.02])
CORRELATION = np.array([[1, 0.8, 0.2], [0.8, 1, -0.3], [0.2, -0.3, 1]])
COVARIANCE = CORRELATION * np.outer(SD, SD)


def gaussian(f, H, m):
    off = np.array([f, H, m]) - MEAN
    return -0.5 * off @ np.linalg.solve(COVARIANCE, off)


def two_valleys(f, H, m):
    """Beside the Gaussian, a valley that is deeper by 3 in chi2 above f = 0.1."""
    other = np.array([0.15, 68.5, 0.3])
    off = (np.array([f, H, m]) - other) / np.array([0.03, 0.3, 0.02])
    return np.logaddexp(gaussian(f, H, m), 1.5 - 0.5 * off @ off)


@pytest.fixture
def make(tmp_path):
    def make(loglike=gaussian, covariance=COVARIANCE, centre=MEAN, **params):
        model = get_model(
            {
                "likelihood": {"toy": loglike, "half": {"external": lambda m: -0.5 * (m > 9)}},
                "params": {
                    "f": {"prior": [0.001, 0.5]},
                    "H": {"prior": [50, 90]},
                    "m": {"prior": [0.1, 0.5]},
                }
                | params,
            }
        )
        start = dict(zip("fHm", centre, strict=True))
        return Profiler(model, "f", start, covariance), Log(tmp_path / "toy", "f")

    return make


def test_gaussian_profile_to_one_per_cent(make):
    """From a bad start, with a covariance twice too wide and no correlations."""
    values = np.linspace(0, 0.2, 9)
    wrong = np.diag(4 * SD**2)
    found = profile(*_with(make(covariance=wrong, centre=[0.1, 66.0, 0.33]), values))
    expected = ((values - 0.05) / 0.04) ** 2
    assert [point.chi2 for point in found] == pytest.approx(expected, abs=0.01)
    best, low, high = interval(values, [point.chi2 for point in found], 0.6827)
    assert (best, low, high) == pytest.approx((0.05, 0.01, 0.09), abs=4e-4)
    for point in found:
        slope = COVARIANCE[1, 0] / COVARIANCE[0, 0]
        assert point.parameters["H"] == pytest.approx(68 + slope * (point.value - 0.05), abs=0.05)
        assert sum(point.by_likelihood.values()) == pytest.approx(point.chi2)
        assert list(point.by_likelihood) == ["toy", "half", "prior"]


def test_gaussian_priors_of_others_count(make):
    """A prior on H as wide as its posterior, one sigma away, pulls f."""
    profiler, log = make(H={"prior": {"dist": "norm", "loc": 69.0, "scale": 1.0}})
    values = np.linspace(0, 0.2, 9)
    chi2 = [point.chi2 for point in profile(profiler, values, log)]
    precision = np.linalg.inv(COVARIANCE) + np.diag([0, 1.0, 0])
    covariance = np.linalg.inv(precision)
    mean = covariance @ (np.linalg.inv(COVARIANCE) @ MEAN + np.array([0, 69.0, 0]))
    assert parabola(values, chi2) == pytest.approx((mean[0], covariance[0, 0] ** 0.5), rel=0.02)


def test_a_second_valley_is_found_and_spread_by_neighbours(make):
    values = np.linspace(0.0, 0.2, 11)
    found = profile(*_with(make(two_valleys), values), starts=3)
    expected = np.where(values > 0.12, ((values - 0.15) / 0.03) ** 2 - 3, np.nan)
    for point, chi2 in zip(found, expected, strict=True):
        if not np.isnan(chi2):
            assert point.chi2 == pytest.approx(chi2, abs=0.15)


def test_prior_ends_of_others_hold(make):
    found = profile(*_with(make(m={"prior": [0.1, 0.29]}), np.array([0.0, 0.05, 0.1])), starts=1)
    assert all(point.parameters["m"] <= 0.29 for point in found)
    assert found[1].chi2 > 0.1


def test_resumes_where_it_stopped(make, monkeypatch):
    values = np.array([0.0, 0.05, 0.1])
    profiler, log = make()
    first = profile(profiler, values, log)
    with open(log.path, "a") as file:
        file.write('{"job": "cut o')
    monkeypatch.setattr(Profiler, "minimise", lambda *args: pytest.fail("done before"))
    assert profile(profiler, values, log) == first


def test_an_unknown_parameter_is_one_line(make):
    profiler, _ = make()
    with pytest.raises(EDEWBinsError, match="param = 'g': must be one that is sampled: f, H, m"):
        Profiler(profiler.model, "g", {}, COVARIANCE)


@pytest.mark.parametrize(
    ("x", "level", "expected"),
    [
        # Feldman and Cousins, physics/9711021, table X.
        (-3.0, 0.90, (0.00, 0.26)),
        (-1.0, 0.6827, (0.00, 0.27)),
        (0.0, 0.95, (0.00, 1.96)),
        (0.5, 0.6827, (0.02, 1.50)),
        (1.0, 0.6827, (0.24, 2.00)),
        (1.5, 0.90, (0.22, 3.14)),
        (2.0, 0.95, (0.35, 3.96)),
        (3.0, 0.90, (1.37, 4.64)),
    ],
)
def test_feldman_cousins_is_the_published_table(x, level, expected):
    assert feldman_cousins(x, level) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("mu", [0.5, 2.0])
def test_feldman_cousins_covers(mu):
    """Of measurements at even quantiles, 90% have the truth in their interval."""
    x = mu + norm.ppf((np.arange(100) + 0.5) / 100)
    inside = [low <= mu <= high for low, high in (feldman_cousins(each, 0.9) for each in x)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)


def test_bounded_interval_of_a_profile():
    """A parabola whose minimum is below 0 gives the table's one-sided interval."""
    values = np.linspace(0, 0.3, 16)
    chi2 = 12 + ((values + 0.05) / 0.05) ** 2
    best, low, high = interval(values, chi2, 0.95, lower_bound=0.0)
    assert (best, low) == (0.0, 0.0)
    assert high == pytest.approx(0.05 * 1.10, abs=5e-4)


def _with(pair, values):
    profiler, log = pair
    return profiler, values, log


def test_processes_share_the_work(make, monkeypatch):
    """Each of two processes takes half of the jobs, and no job is lost."""
    profiler, _ = make()
    jobs = list(module._first_jobs(profiler, np.array([0.0, 0.1, 0.2]), 2))
    halves = [jobs[rank::2] for rank in (0, 1)]
    assert len({job for half in halves for job, _ in half}) == 6


YAML = """
output: {output}
likelihood: {{toy: 'lambda fEDE, H: -0.5*(((fEDE-0.02)/0.05)**2 + ((H-68-30*fEDE)/0.8)**2)'}}
params:
  fEDE: {{prior: {{min: 0.001, max: 0.5}}, ref: 0.05, proposal: 0.02}}
  H: {{prior: {{min: 50, max: 90}}, ref: 70, proposal: 1}}
sampler: {{mcmc: null}}
"""


def test_command_writes_numbers_and_figure(tmp_path, capsys):
    path = tmp_path / "toy.yaml"
    path.write_text(YAML.format(output=tmp_path / "toy"))
    arguments = ["profile", str(path), "--param", "fEDE", "--range", "0:0.2", "--points", "9"]
    assert main(arguments) == 0
    out = capsys.readouterr().out.splitlines()
    (best,) = [line for line in out if line.startswith("fEDE: best")]
    assert float(best.split()[2].rstrip(",")) == pytest.approx(0.02, abs=1e-3)
    (limit,) = [line for line in out if line.startswith("95%: <")]
    assert float(limit.split()[-1]) == pytest.approx(0.05 * feldman_cousins(0.4, 0.95)[1], rel=0.01)
    points = json.loads((tmp_path / "toy.profile_fEDE.json").read_text())
    assert points[0]["value"] == 0.0
    assert points[4]["parameters"]["H"] == pytest.approx(71, abs=0.05)
    assert (tmp_path / "toy.profile_fEDE.pdf").stat().st_size > 5000
    assert main([*arguments, "--resume"]) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--range", "0.3:0"], "range = 0.3:0: must increase"),
        (["--range", "all"], "range = 'all': must be LOW:HIGH"),
        (["--param", "H0"], "param = 'H0': must be one that is sampled: fEDE, H"),
        (["--points", "2"], "points = 2, starts = 2: at least 5"),
    ],
)
def test_bad_arguments_are_one_line(tmp_path, capsys, change, reason):
    path = tmp_path / "toy.yaml"
    path.write_text(YAML.format(output=tmp_path / "toy"))
    given = ["profile", str(path), "--param", "fEDE", "--range", "0:0.2"]
    assert main([*given, *change]) == 1
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_run_of_the_published_profile_has_all_that_it_needs():
    info = update_info(yaml_load_file(str(ROOT / "benchmarks" / "ede_profile.yaml")))
    assert {"fEDE", "log10z_c", "thetai_ede", "theta_s_100"} <= info["params"].keys()
    assert len(info["likelihood"]) == 5


LCDM = """
theory:
  ede_wbins.EDEWBins: {{ede: none, path: {path}}}
likelihood:
  ede_wbins.likelihoods.bao_compressed.BAOCompressed: {{table: desi_dr2}}
params:
  H0: {{prior: {{min: 50, max: 90}}}}
  omega_cdm: {{prior: {{min: 0.05, max: 0.2}}}}
  omega_b: {{prior: {{dist: norm, loc: 0.02218, scale: 0.00055}}}}
  A_s: 2.1e-9
  n_s: 0.965
  tau_reio: 0.055
  sigma8: {{derived: false}}
  S8: {{derived: false}}
"""


@pytest.mark.slow
def test_H0_of_lcdm_is_that_of_its_posterior(classy, tmp_path):
    """DESI DR2 with omega_b of nucleosynthesis: H0 = 68.51 +- 0.58 (2503.14738)."""
    model = get_model(yaml_load(LCDM.format(path=classy.__path__[0])))
    centre = np.array([68.5, 0.1177, 0.02218])
    sd = np.array([0.58, 0.0042, 0.00055])
    covariance = np.outer(sd, sd) * [[1, 0.75, 0.6], [0.75, 1, 0.15], [0.6, 0.15, 1]]
    profiler = Profiler(model, "H0", dict(zip(model.prior.params, centre, strict=True)), covariance)
    values = 68.5 + 0.58 * np.linspace(-1.5, 1.5, 7)
    chi2 = [point.chi2 for point in profile(profiler, values, Log(tmp_path / "lcdm", "H0"), 1)]
    # The posterior by weights on draws of a wider Gaussian.
    wide = multivariate_normal(centre, 1.5 * covariance, seed=1)
    draws = wide.rvs(800)
    log_weight = [model.logpost(x) for x in draws] - wide.logpdf(draws)
    weight = np.exp(log_weight - np.max(log_weight))
    mean = np.average(draws[:, 0], weights=weight)
    width = np.average((draws[:, 0] - mean) ** 2, weights=weight) ** 0.5
    assert (mean, width) == pytest.approx((68.51, 0.58), abs=0.12)
    best, spread = parabola(values, chi2)
    assert best == pytest.approx(mean, abs=0.15 * width)
    assert spread == pytest.approx(width, rel=0.1)
