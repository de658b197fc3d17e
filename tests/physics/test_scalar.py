"""Early dark energy as the exact scalar field."""

from dataclasses import astuple

import numpy as np
import pytest
from spectra import COARSE, EDE, L_MAX, LCDM, W10, bins, compute

SCALAR = {**EDE, "ede_model": "scalar"}
DERIVED = ["f_ede_max", "z_ede_max", "log10m_ede", "log10f_ede"]


@pytest.fixture(scope="module")
def scalar(classy):
    return compute(classy, **SCALAR, **COARSE)


def background(classy, **parameters):
    cosmo = classy.Class()
    cosmo.set(ede_model="scalar", **parameters)
    cosmo.compute(["background"])
    return cosmo


def test_published_reference_point(classy):
    cosmo = background(
        classy,
        fEDE=0.122,
        log10z_c=3.562,
        thetai_ede=2.83,
        h=0.7219,
        omega_b=0.02253,
        omega_cdm=0.1306,
        N_ncdm=1,
        m_ncdm=0.06,
        N_ur=2.0308,
    )
    derived = cosmo.get_current_derived_parameters(DERIVED)
    assert derived["log10m_ede"] == pytest.approx(-27.29, abs=0.01)
    assert derived["log10f_ede"] == pytest.approx(26.60, abs=0.01)
    assert derived["f_ede_max"] == pytest.approx(0.122, abs=1e-7)
    assert np.log10(derived["z_ede_max"]) == pytest.approx(3.562, abs=1e-7)


def check_draws(classy, n_draws: int, n_ede: float, failures: int):
    """Random draws from the prior find their peak, or are errors of the computation."""
    rng = np.random.default_rng(1)
    failed = []
    for _ in range(n_draws):
        fEDE, log10z_c = rng.uniform(0.001, 0.5), rng.uniform(3, 4.3)
        point = {
            "fEDE": fEDE,
            "log10z_c": log10z_c,
            "thetai_ede": rng.uniform(0.1, 3.1),
            "h": rng.uniform(0.6, 0.8),
            "omega_b": rng.uniform(0.02, 0.025),
            "omega_cdm": rng.uniform(0.1, 0.15),
        }
        try:
            cosmo = background(classy, n_ede=n_ede, **point)
        except classy.CosmoComputationError as error:
            failed.append((point, str(error)))
            continue
        derived = cosmo.get_current_derived_parameters(DERIVED)
        assert abs(derived["f_ede_max"] - fEDE) < 1e-4, point
        assert abs(np.log10(derived["z_ede_max"]) - log10z_c) < 1e-3, point
        cosmo.struct_cleanup()
    assert len(failed) <= failures, failed


def test_peak_is_found_over_the_prior(classy):
    check_draws(classy, 50, 3, failures=0)


@pytest.mark.slow
@pytest.mark.parametrize("n_ede", [2, 3, 4])
def test_peak_is_found_in_a_thousand_draws(classy, n_ede):
    check_draws(classy, 1000, n_ede, failures=5)


@pytest.mark.parametrize(("log10z_c", "thetai_ede"), [(3.1, 0.3), (3.55, 2.83), (4.2, 3.05)])
def test_energy_is_conserved(classy, log10z_c, thetai_ede):
    """d ln(rho)/d ln(a) = -3 (1+w), while oscillations are followed."""
    table = background(classy, fEDE=0.2, log10z_c=log10z_c, thetai_ede=thetai_ede).get_background()
    ln_a, ln_rho, w = -np.log1p(table["z"]), np.log(table["(.)rho_ede"]), table["(.)w_ede"]
    step = ln_a[1] - ln_a[0]
    slope = (ln_rho[:-4] - 8 * ln_rho[1:-3] + 8 * ln_rho[3:-1] - ln_rho[4:]) / (12 * step)
    followed = (table["f_ede"] > 2e-5)[2:-2] & (ln_a[2:-2] > -16)
    assert followed.sum() > 5000
    residual = np.abs(slope + 3 * (1 + w[2:-2]))[followed]
    # The stencil's own error is the phase per step to the fourth power.
    assert residual.max() < 1e-4


def test_budget_closes(classy):
    cosmo = background(classy, **EDE)
    assert cosmo.Hubble(0) == pytest.approx(cosmo.h() / 2997.92458, rel=1e-10)
    cosmo.struct_cleanup()


def test_budget_closes_beside_dark_energy_that_was_dense_early(classy):
    """Where it was, what is left of the field today must not depend on its phase at the end."""
    for seed in range(5):
        w = np.random.default_rng(seed).uniform(-0.5, 0.9, 10).tolist()
        cosmo = background(
            classy, **bins(*w), fEDE=0.4, log10z_c=3.3, thetai_ede=2.5, N_ncdm=1, m_ncdm=0.06
        )
        assert cosmo.Hubble(0) == pytest.approx(cosmo.h() / 2997.92458, rel=1e-10)
        cosmo.struct_cleanup()


def test_shooting_for_the_acoustic_scale(classy):
    cosmo = classy.Class()
    cosmo.set(**SCALAR, theta_s_100=1.0411)
    cosmo.compute(["thermodynamics"])
    derived = cosmo.get_current_derived_parameters(["100*theta_s", *DERIVED])
    assert derived["100*theta_s"] == pytest.approx(1.0411, rel=1e-4)
    assert derived["f_ede_max"] == pytest.approx(EDE["fEDE"], abs=1e-6)
    cosmo.struct_cleanup()


def test_what_has_no_solution_is_an_error_of_the_computation(classy):
    """For n near 1 the field dilutes like matter: its fraction has no maximum in the past."""
    with pytest.raises(classy.CosmoComputationError, match="the field needs more than"):
        background(classy, **{**EDE, "n_ede": 1.01})


def test_no_field_is_lcdm_bit_by_bit(classy, lcdm):
    none = compute(classy, **{**SCALAR, "fEDE": 0}, **COARSE)
    assert all(map(np.array_equal, astuple(none), astuple(lcdm)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        pytest.param({**SCALAR, **W10}, id="field"),
        pytest.param({**EDE, "ede_model": "fluid_matched"}, id="matched"),
    ],
)
def test_gauges_agree_as_for_lcdm(classy, model):
    """By rms: CLASS's Newtonian gauge has 5e-4 of noise at l = 2 for modes that start early."""
    early = {"start_small_k_at_tau_c_over_tau_h": 1e-4}
    floor, found = (
        compute(classy, **each, **early, gauge="newtonian").rms(compute(classy, **each, **early))
        for each in ({}, model)
    )
    for name, allowed in floor.items():
        assert found[name] < 1.5 * allowed, name


def test_fluids_are_approximations_of_the_field(classy, scalar):
    """In cosmic-variance sigmas: at equal peaks the cycle average is several off, and less than
    half a sigma where it goes on for the field."""
    sigma = np.sqrt(2 / (2 * np.arange(2, L_MAX + 1) + 1))

    def worst(**model) -> float:
        over = compute(classy, **EDE, **model, **COARSE).over(scalar)
        return max(np.abs(over[name] / sigma).max() for name in ("tt", "ee"))

    assert 2 < worst(ede_definition="peak") < 8
    assert 0.01 < worst(ede_model="fluid_matched") < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("ede_model", ["scalar", "fluid_matched"])
def test_field_far_before_equality_is_started_in_time(classy, ede_model):
    """Small wavenumbers start earlier than CLASS's own do, which is at z = 6e4."""
    model = {**EDE, "log10z_c": 5.5, "ede_model": ede_model}
    earlier = compute(classy, **model, start_small_k_at_tau_c_over_tau_h=1e-6)
    assert max(compute(classy, **model).worst(earlier).values()) < 2e-3


@pytest.mark.slow
def test_averaging_leaves_the_largest_scales_alone(classy):
    """Little is left of a field this early, and late potentials decay as they do without it."""
    options = {"output": "tCl", "l_max_scalars": 60, "k_step_super": 0.001, "q_linstep": 0.2}
    field = {"fEDE": 0.05, "log10z_c": 4.3, "thetai_ede": 0.3, "ede_model": "scalar"}

    def tt(**parameters):
        cosmo = classy.Class()
        cosmo.set({**LCDM, **options, **parameters})
        cosmo.compute()
        return cosmo.raw_cl(6)["tt"][2:]

    ratio = tt(**field) / tt()
    assert np.ptp(ratio) < 5e-4


@pytest.mark.parametrize("log10z_c", [3.1, 3.55, 4.2])
def test_averaging_late_oscillations_changes_little(classy, log10z_c):
    """Within the horizon the field is averaged once radiation streams: here much later."""
    late = {"radiation_streaming_trigger_tau_over_tau_k": 240}
    model = {**SCALAR, "log10z_c": log10z_c}
    worst = compute(classy, **model).worst(compute(classy, **model, **late))
    floor = compute(classy).worst(compute(classy, **late))
    for name, allowed in floor.items():
        assert worst[name] < 1.5 * allowed + 2e-4, name
