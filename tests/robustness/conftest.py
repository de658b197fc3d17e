"""Runs as a person starts them, with the real CLASS and likelihoods that need no perturbations."""

import copy

import pytest
from cobaya.run import run
from cobaya.yaml import yaml_load

THEORY = "ede_wbins.EDEWBins"
RUN = yaml_load(
    """
    theory:
      ede_wbins.EDEWBins: {n_bins: 3}
    likelihood:
      ede_wbins.likelihoods.bao_compressed.BAOCompressed:
    params:
      omega_b: 0.0224
      omega_cdm: {prior: {min: 0.1, max: 0.14}, ref: 0.12, proposal: 0.001}
      H0: 67.5
      sigma8: {derived: false}
      S8: {derived: false}
    sampler: {evaluate: {N: 1}}
    """
)


@pytest.fixture
def start(classy):
    """Start a run after some changes: start(section={...}); a section's entries are merged."""
    packages = classy.__file__.split("/code/")[0]

    def start(options=None, params=None, **sections):
        info = copy.deepcopy(RUN)
        info["theory"][THEORY].update(options or {})
        info["params"].update(params or {})
        for name in [name for name, value in info["params"].items() if value == "absent"]:
            del info["params"][name]
        return run({**info, **sections}, packages_path=packages)

    return start
