"""The examples of `contributing`: a likelihood and a late dark energy model."""

import sys

import numpy as np
import pytest
from blocks import ROOT
from cobaya.model import get_model

EXAMPLES = ROOT / "docs" / "examples"
UNIVERSE = {"omega_b": 0.0224, "omega_cdm": 0.12, "H0": 67.5, "A_s": 2.1e-9, "n_s": 0.96}
UNIVERSE |= {"tau_reio": 0.055, "sigma8": {"derived": False}, "S8": {"derived": False}}
Z = np.linspace(0, 12, 60)


@pytest.fixture
def make(classy, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    folder = classy.__path__[0]

    def make(theory, options, **params):
        return get_model(
            {
                "theory": {theory: {"ede": "none", "path": folder, **options}},
                "likelihood": {"chronometers.Chronometers": {"python_path": str(EXAMPLES)}},
                "params": UNIVERSE | params,
            }
        )

    yield make
    for name in ("chronometers", "smooth_w"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_is_short(path):
    assert len(path.read_text().splitlines()) < 60


def test_likelihood_is_chi2_of_the_theorys_expansion(make):
    model = make("ede_wbins.EDEWBins", {})
    (loglike,) = model.logposterior({}).loglikes
    z, H, error = model.likelihood["chronometers.Chronometers"].z, *_data()
    expected = model.provider.get_Hubble(z, units="km/s/Mpc")
    assert loglike == pytest.approx(-0.5 * np.sum(((expected - H) / error) ** 2))
    assert -5 < loglike < 0


def test_model_is_the_fluid_that_it_stands_for(make):
    ours = make("smooth_w.SmoothW", {"python_path": str(EXAMPLES)}, w0=-0.8, wa=-0.6)
    options = {"extra_args": {"Omega_Lambda": 0}}
    fluid = make("ede_wbins.EDEWBins", options, w0_fld=-0.8, wa_fld=-0.6)
    H = []
    for model in (ours, fluid):
        model.add_requirements({"Hubble": {"z": Z}})
        model.logposterior({})
        H.append(model.provider.get_Hubble(Z))
    assert H[0] == pytest.approx(H[1], rel=2e-4)


@pytest.mark.slow
def test_spectra_of_the_model_are_those_of_the_fluid(make):
    ours = make("smooth_w.SmoothW", {"python_path": str(EXAMPLES)}, w0=-0.8, wa=-0.6)
    options = {"extra_args": {"Omega_Lambda": 0}}
    fluid = make("ede_wbins.EDEWBins", options, w0_fld=-0.8, wa_fld=-0.6)
    spectra = []
    for model in (ours, fluid):
        model.add_requirements({"Cl": {"tt": 2000}})
        model.logposterior({})
        spectra.append(model.provider.get_Cl()["tt"][30:2000])
    assert spectra[0] == pytest.approx(spectra[1], rel=1e-3)


def test_model_offers_its_parameters(make):
    model = make("smooth_w.SmoothW", {"python_path": str(EXAMPLES)})
    assert list(model.parameterization.sampled_params()) == ["w0", "wa"]
    assert not any(name.startswith("w4") for name in model.parameterization.derived_params())


def _data():
    from chronometers import TABLE

    return TABLE[:, 1], TABLE[:, 2]
