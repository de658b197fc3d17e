"""Prior-only runs."""

import numpy as np
import pytest

from ede_wbins import prior_run
from ede_wbins.analysis import load_run
from ede_wbins.analysis.figures import KINDS
from ede_wbins.errors import EDEWBinsError
from ede_wbins.priors import late_from_normal

RUN = """
output: {output}
theory:
  ede_wbins.EDEWBins: {{n_bins: 2}}
likelihood: {{one: null}}
params:
  omega_b: {{prior: {{min: 0.02, max: 0.03}}}}
  omega_cdm: 0.12
  H0: {{prior: {{dist: norm, loc: 68, scale: 1}}}}
  log: {{prior: {{min: 2, max: 4}}, drop: true}}
  A_s: {{value: 'lambda log: 1e-10*np.exp(log)'}}
prior:
  late: 'import_module("ede_wbins.priors").late(n_bins=2, scale=20)'
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(prior_run, "_MOST", 8000)
    (tmp_path / "x.yaml").write_text(RUN.format(output=tmp_path / "x"))
    return tmp_path / "x.yaml"


def test_samples_what_is_sampled_with_all_priors(path):
    prefix = prior_run.sample_prior(path)
    assert prefix == path.with_name("x_prior")
    run = load_run(prefix)
    assert run.has("fEDE", "log10z_c", "thetai_ede", "w1", "w2", "omega_b", "log")
    assert not run.has("sigma8")
    assert run.samples.mean("H0") == pytest.approx(68, abs=0.3)
    assert run.samples.mean("log10z_c") == pytest.approx(3.65, abs=0.12)
    # The functional prior draws w to -1, where a flat one has a width of 1.15.
    assert np.abs(run.samples.mean("w1") + 1) < 0.1
    assert run.samples.std("w1") < 0.6
    KINDS["triangle"]([run], ["w1", "w2"])


def test_functions_of_what_is_sampled_are_there(path, monkeypatch):
    """As the w of a functional prior, which are functions of normal variables."""
    monkeypatch.setattr(prior_run, "_MOST", 500)
    text = path.read_text().replace("\nprior:", "\nprior: # ")
    params = """params:
  v1: {prior: {dist: norm, loc: 0, scale: 1}, drop: true}
  v2: {prior: {dist: norm, loc: 0, scale: 1}, drop: true}
"""
    for i in (1, 2):
        to_w = 'lambda v1, v2: import_module("ede_wbins.priors").late_from_normal(2, scale=20)'
        params += f"  w{i}: {{value: '{to_w}(v1, v2)[{i - 1}]', latex: w_{i}}}\n"
    text = text.replace("params:\n", params, 1)
    path.write_text(text[: text.index("\nprior: #")])
    run = load_run(prior_run.sample_prior(path))
    assert run.has("v1", "w1", "w2", "A_s") and run.label("w2") == "w_2"
    v, w = (np.stack([run.samples[f"{x}{i}"] for i in (1, 2)], axis=1) for x in "vw")
    assert len(v) > 20
    to_w = late_from_normal(2, scale=20)
    assert w == pytest.approx(np.array([to_w(*each) for each in v]), abs=1e-5)


def test_what_is_no_run_is_one_line(tmp_path):
    with pytest.raises(EDEWBinsError, match="No such file"):
        prior_run.sample_prior(tmp_path / "none.yaml")
    (tmp_path / "x.yaml").write_text("a: 1")
    with pytest.raises(EDEWBinsError, match="not a Cobaya run's"):
        prior_run.sample_prior(tmp_path / "x.yaml")
