"""The component on the compiled CLASS."""

from pathlib import Path

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from stand_in import EDE, LCDM, component

from ede_wbins.model import Background, EDEFluid, WBins
from ede_wbins.model.species import KM_S_MPC
from ede_wbins.theory.coordinates import Coordinates

POINT = {"A_s": 2.1e-9}
NO_SPECTRA = {"sigma8": {"derived": False}, "S8": {"derived": False}}


@pytest.fixture
def build(classy, monkeypatch):
    """Build a Cobaya model on the compiled CLASS: build(params, **options)."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def build(params=None, **options):
        theory = {"path": str(Path(classy.__file__).parent), **options}
        return get_model(
            {
                "theory": {"ede_wbins.EDEWBins": theory},
                "likelihood": {"one": None},
                "params": {**LCDM, **(params or {})},
            }
        )

    return build


def test_lcdm_is_what_class_gives_by_itself(classy, build):
    model = build(ede="none", precision=None)
    model.add_requirements({"Cl": {"tt": 1000, "ee": 1000}})
    derived = model.logposterior(POINT, as_dict=True)["derived"]
    spectra = model.provider.get_Cl(units="1")
    cosmo = classy.Class()
    lcdm = {name: value for name, value in LCDM.items() if name != "A_s"} | POINT
    cosmo.set(lcdm | {"N_ncdm": 1, "m_ncdm": 0.06, "N_ur": 2.0308, "P_k_max_1/Mpc": 1})
    cosmo.set(output="tCl pCl lCl mPk", lensing="yes", l_max_scalars=1000, non_linear="halofit")
    cosmo.compute()
    direct = cosmo.lensed_cl(1000)
    for name in ("tt", "ee"):
        np.testing.assert_array_equal(spectra[name], direct[name])
    assert derived["S8"] == cosmo.sigma8() * np.sqrt(cosmo.Omega_m() / 0.3)


def test_growth_where_h_is_above_one(build):
    w = {"w1": -3.0, "w2": -1.0, "w3": -1.0}
    model = build(w | {"H0": 145.0, "sigma8": {"derived": True}}, ede="none", n_bins=3)
    model.add_requirements({"fsigma8": {"z": [0.5]}, "sigma8_z": {"z": [0.0]}})
    derived = model.logposterior(POINT, as_dict=True)["derived"]
    assert model.provider.get_sigma8_z(0.0)[0] == pytest.approx(derived["sigma8"], rel=1e-6)


def test_bins_and_early_dark_energy_reach_the_background(build):
    w = {"w1": -0.8, "w2": -1.3, "w3": -0.6}
    edges = [0.7, 1.4, 3.0]
    params = {**EDE, **w, **NO_SPECTRA}
    model = build(params, z_edges=edges, w_beyond=-0.9, extra_args={"tol_ncdm_bg": 1e-10})
    z = np.array([0.0, 0.5, 1.0, 2.0, 5.0, 3000.0])
    model.add_requirements({"Hubble": {"z": z}})
    derived = model.logposterior(POINT, as_dict=True)["derived"]
    expected = Background(
        H0=LCDM["H0"],
        omega_b=LCDM["omega_b"],
        omega_cdm=LCDM["omega_cdm"],
        late=WBins(edges, list(w.values()), w_beyond=-0.9),
        ede=EDEFluid(**EDE),
    )
    hubble = model.provider.get_Hubble(z, units="1/Mpc")
    np.testing.assert_allclose(hubble, expected.hubble(z), rtol=1e-8)
    assert hubble[0] == pytest.approx(LCDM["H0"] * KM_S_MPC)
    peak = (derived["f_ede_max"], derived["z_ede_max"])
    np.testing.assert_allclose(peak, expected.ede_peak(), rtol=1e-7)


def test_scalar_field_with_bins(build):
    params = {**EDE, "w1": -0.8, "w2": -1.3, **NO_SPECTRA}
    model = build(params, ede="scalar", n_bins=2)
    derived = model.logposterior(POINT, as_dict=True)["derived"]
    peak = (derived["f_ede_max"], np.log10(derived["z_ede_max"]))
    np.testing.assert_allclose(peak, (EDE["fEDE"], EDE["log10z_c"]), rtol=1e-6)
    assert -30 < derived["log10m_ede"] < -25
    assert 26 < derived["log10f_ede"] < 28


@pytest.mark.parametrize(
    "early",
    [
        EDE,
        {"fEDE": 0.1, "log10z_c": 3.1, "thetai_ede": 2.8},
        {"fEDE": 0.1, "log10z_c": 4.2, "thetai_ede": 0.3},
        {"fEDE": 0.2, "log10z_c": 3.3, "thetai_ede": 1.5},
        {"fEDE": 1e-7, "log10z_c": 3.5, "thetai_ede": 3.0},
    ],
)
@pytest.mark.parametrize("model", [{"ede": "scalar"}, {"extra_args": {"ede_definition": "peak"}}])
def test_closed_forms_know_what_is_left_of_early_dark_energy_with_a_horizon(build, early, model):
    z = np.array([0.0, 0.5, 1.0, 3.0])
    theory = component(build({**early, "w1": -0.9, **NO_SPECTRA}, z_edges=[1.0], **model))
    params = {name: value for name, value in LCDM.items() if name != "A_s"} | POINT | early
    theory.set(params | {"w1": -0.9})
    theory.classy.compute()
    derived = theory.classy.get_current_derived_parameters(["rs_rec", "z_rec", "theta_s_100"])
    z_rec, theta_s_100 = derived["z_rec"], derived["theta_s_100"]
    fixed = {"N_ur": 2.0308, "m_ncdm": (0.06,), "T_ncdm": 0.71611, "T_cmb": 2.7255}
    coordinates = Coordinates((), fixed, (1.0,), -1.0, at_peak=True)
    point = {name: value for name, value in params.items() if name != "H0"} | {"w1": -0.9}
    horizon = coordinates.angle_horizon(point, LCDM["H0"], theta_s_100, z_rec)
    # By as much as the closed forms miss of the way to recombination.
    assert horizon == pytest.approx(derived["rs_rec"], rel=2e-3)
    found = coordinates.background(point | {"theta_s_100": theta_s_100}, horizon, z_rec)
    hubble = [theory.classy.Hubble(each) for each in z]
    np.testing.assert_allclose(found.hubble(z), hubble, rtol=1e-5)
    distance = [theory.classy.angular_distance(each) * (1 + each) for each in z]
    np.testing.assert_allclose(found.comoving_distance(z), distance, rtol=1e-5)


@pytest.mark.parametrize("n_bins", [None, 3])
def test_no_early_dark_energy_is_accepted(build, n_bins):
    still = {f"w{i}": -1 for i in range(1, 1 + (n_bins or 0))}
    nothing = {**EDE, "fEDE": 0, **still, **NO_SPECTRA}
    without = build(nothing, n_bins=n_bins).logposterior(POINT, as_dict=True)["derived"]
    lcdm = build(NO_SPECTRA, ede="none").logposterior(POINT, as_dict=True)["derived"]
    assert without["f_ede_max"] == 0
    assert {name: without[name] for name in ("rs_drag", "age", "Omega_m")}.items() <= lcdm.items()


def test_mistyped_parameter_is_named(build):
    model = build({**EDE, "omga_b": 0.022})
    with pytest.raises(LoggedError, match="omga_b") as error:
        model.logposterior(POINT)
    assert "\n" not in str(error.value)


def test_extreme_point_is_rejected_with_its_reason(build):
    # An optical depth for which reionisation would have to start too early.
    model = build({**EDE, **NO_SPECTRA, "tau_reio": 5})
    assert model.logposterior(POINT).logpost == -np.inf
    (cause,) = component(model).rejected.counts
    assert "reionization" in cause
    assert np.isfinite(build({**EDE, **NO_SPECTRA}).logposterior(POINT).logpost)
