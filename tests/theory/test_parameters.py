"""Which parameters the component offers, accepts, refuses, and hands to CLASS."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from stand_in import EDE, Needs, component, sent

DERIVED = {"H0", "Omega_m", "sigma8", "S8", "rs_drag", "age"}


def sampled(model):
    return set(model.parameterization.sampled_params())


def test_bare_component_samples_its_defaults(build):
    model = build(n_bins=3)
    assert sampled(model) == {"A_s", "fEDE", "log10z_c", "thetai_ede", "w1", "w2", "w3"}
    assert model.parameterization.constant_params()["n_ede"] == 3
    assert set(model.parameterization.derived_params()) == DERIVED | {"f_ede_max", "z_ede_max"}
    bounds = dict(zip(model.prior.params, model.prior.bounds().tolist(), strict=True))
    assert bounds["fEDE"] == [0.001, 0.5]
    assert bounds["log10z_c"] == [3, 4.3]
    assert bounds["thetai_ede"] == [0.1, 3.1]
    assert bounds["w3"] == [-3, 1]
    labels = model.parameterization.labels()
    assert (labels["fEDE"], labels["w2"]) == (r"f_\mathrm{EDE}", "w_{2}")


def test_reference_points_lie_in_the_priors(build):
    model = build(n_bins=10)
    for seed in range(5):
        point = model.prior.reference(random_state=np.random.default_rng(seed))
        assert np.isfinite(model.prior.logp(point))


@pytest.mark.parametrize("ede", ["scalar", "fluid_matched"])
def test_scalar_field_derives_its_mass_and_decay_constant(build, ede):
    model = build(EDE, ede=ede)
    scalar = {"log10m_ede", "log10f_ede"}
    assert scalar < set(model.parameterization.derived_params())
    assert sent(model)["ede_model"] == ede
    fluid = build(EDE)
    assert not scalar & set(fluid.parameterization.derived_params())
    assert "ede_model" not in sent(fluid)


def test_without_early_dark_energy_its_parameters_are_not_offered(build):
    model = build(ede="none")
    assert sampled(model) == {"A_s"}
    assert set(model.parameterization.derived_params()) == DERIVED


def test_own_parameters_win_over_defaults(build):
    params = {
        "fEDE": 0.05,
        "thetai_ede": {"prior": {"min": 1, "max": 2}},
        "n_ede": {"prior": {"min": 2, "max": 4}},
        "w1": {"prior": {"min": -2, "max": 0}, "latex": "w_a"},
        "w2": "lambda w1: w1",
        "w3": -0.9,
        "sigma8": {"derived": False},
        "S8": {"derived": False},
    }
    model = build(params, n_bins=3)
    assert sampled(model) == {"A_s", "log10z_c", "thetai_ede", "n_ede", "w1"}
    assert model.parameterization.labels()["w1"] == "w_a"
    assert not {"sigma8", "S8"} & set(model.parameterization.derived_params())
    pars = sent(model, w1=-1.25, thetai_ede=1.5)
    assert pars["wbins_w"] == "-1.25,-1.25,-0.9"
    assert (pars["fEDE"], pars["thetai_ede"], pars["n_ede"]) == (0.05, 1.5, 3)
    assert "mPk" not in pars["output"]


def test_bins_reach_class_as_one_list_with_all_digits(build):
    w = [-1 / 3, -1.1, np.nextafter(-1, 0)]
    model = build(EDE, z_edges=[0.7, 1.4, 3], w_beyond=-0.95)
    pars = sent(model, w1=w[0], w2=w[1], w3=w[2])
    assert [float(x) for x in pars["wbins_w"].split(",")] == w
    assert pars["wbins_z"] == "0.7,1.4,3.0"
    assert pars["wbins_w_beyond"] == -0.95
    assert pars["fluid_equation_of_state"] == "wbins"
    assert pars["Omega_Lambda"] == 0
    assert not {"w1", "w2", "w3"} & set(pars)


def test_bins_change_between_points(build):
    model = build(EDE, n_bins=2)
    assert sent(model, w1=-1, w2=-1.0)["wbins_w"] == "-1.0,-1.0"
    assert sent(model, w1=-1, w2=-0.5)["wbins_w"] == "-1.0,-0.5"
    assert component(model).classy.runs == 2


def test_without_bins_no_late_fluid(build):
    pars = sent(build(EDE))
    assert not any(name.startswith("wbins") or name == "Omega_Lambda" for name in pars)


def test_component_takes_any_parameter_of_class(build):
    params = {"H0": None, "theta_s_100": {"prior": {"min": 1.03, "max": 1.05}}}
    pars = sent(build(params | EDE, n_bins=1))
    assert pars["theta_s_100"] == pytest.approx(1.04)
    assert pars["omega_cdm"] == 0.1201
    assert "H0" not in pars


@pytest.mark.parametrize("name", ["omega_cdm", "omegach2", "fEDE", "w1"])
def test_input_required_by_a_likelihood_still_reaches_class(build, name):
    params = {"omega_cdm": {"derived": False}, "omegach2": 0.12} if name == "omegach2" else {}
    likelihood = {"needs": {"class": "stand_in.Needs", "needs": {name: None}}}
    model = build(params, likelihood, n_bins=1)
    pars = sent(model)
    assert "omega_cdm" in pars and "fEDE" in pars and "wbins_w" in pars


def test_renamed_input(build):
    renames = {"f_early": "fEDE", "wlow": "w1"}
    params = {
        "fEDE": {"derived": False},
        "w1": {"derived": False},
        "f_early": 0.07,
        "wlow": -0.8,
        "omegabh2": 0.022,
        "omega_b": {"derived": False},
    }
    pars = sent(build(params, n_bins=1, renames=renames))
    assert pars["fEDE"] == 0.07
    assert pars["wbins_w"] == "-0.8"
    assert pars["omega_b"] == 0.022, "the inherited names are still there"


def test_extra_args_add_to_the_defaults(build):
    model = build(EDE, extra_args={"N_ur": 1.5})
    assert {"N_ur": 1.5, "N_ncdm": 1, "m_ncdm": 0.06}.items() <= sent(model).items()
    model = build(EDE, extra_args={"N_ur": 3.044, "N_ncdm": 0, "m_ncdm": None})
    assert "m_ncdm" not in sent(model)


def test_sampled_neutrino_mass_replaces_the_default(build):
    model = build({**EDE, "m_ncdm": {"prior": {"min": 0, "max": 1}}})
    pars = sent(model, m_ncdm=0.2)
    assert (pars["m_ncdm"], pars["N_ncdm"]) == (0.2, 1)


@pytest.mark.parametrize(
    ("options", "params", "message"),
    [
        ({"n_bins": 3}, {"w2": {"derived": False}}, r"missing .*: w2 "),
        ({}, {"fEDE": {"derived": False}}, r"missing .*: fEDE "),
        ({"n_bins": 1, "extra_args": {"w1": -1}}, {"w1": {"derived": False}}, r"missing .*: w1 "),
        ({"n_bins": 3}, {"w4": -1, "w12": -1}, r"without a bin: w12, w4 .*3 bin"),
        ({}, {"w1": -1}, r"without a bin: w1 .*0 bin"),
        ({"ede": "none"}, {"fEDE": 0.1}, r"ede = 'none': fEDE "),
        ({"n_bins": 1, "extra_args": {"n_ede": 2}}, {}, r"n_ede"),
        ({}, {"tau": 0.06}, r"two names: tau_reio"),
    ],
)
def test_parameters_that_do_not_fit_are_named(build, options, params, message, caplog):
    with pytest.raises(LoggedError, match=message) as error:
        build(params, **options)
    assert "\n" not in str(error.value)
    assert str(error.value) in caplog.text


def test_early_dark_energy_may_be_fixed_in_extra_args(build):
    dropped = {name: {"derived": False} for name in (*EDE, "n_ede")}
    assert sent(build(dropped, extra_args=EDE))["fEDE"] == 0.1


def test_derived_parameters_are_python_floats(build):
    model = build(EDE, {"needs": {"class": Needs, "needs": {"S8": None, "rs_drag": None}}})
    point = model.logposterior({"A_s": 2.1e-9})
    derived = dict(zip(model.parameterization.derived_params(), point.derived, strict=True))
    assert derived["S8"] == 0.8 and derived["rs_drag"] == 147.1
    theory = component(model)
    assert {type(x) for x in theory.current_state["derived"].values()} == {float}
    assert {type(x) for x in theory.current_state["derived_extra"].values()} == {float}
    assert model.provider.get_param("S8") == 0.8


def test_s8_alone_brings_its_power_spectrum(build):
    params = {**EDE, "sigma8": {"derived": False}}
    assert "mPk" in sent(build(params))["output"]
    params["S8"] = {"derived": False}
    assert sent(build(params))["output"] == ""
    likelihood = {"needs": {"class": Needs, "needs": {"S8": None}}}
    assert "mPk" in sent(build(params, likelihood))["output"]
