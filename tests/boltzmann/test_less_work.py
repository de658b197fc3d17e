"""The same numbers with less work: renewed spectra, Bessel tables, lensing, h from theta_s."""

import ctypes

import numpy as np
import pytest
from numpy.ctypeslib import as_ctypes
from scipy.interpolate import CubicSpline

L_MAX = 300
LCDM = {"omega_b": 0.0224, "omega_cdm": 0.12, "tau_reio": 0.054, "N_ncdm": 1, "m_ncdm": 0.06}
EDE = {"fEDE": 0.1, "log10z_c": 3.55, "thetai_ede": 2.8}
BINS = {
    **{"Omega_Lambda": 0, "fluid_equation_of_state": "wbins"},
    **{"wbins_z": "1,2,3", "wbins_w": "-0.9,-1.2,-0.8"},
}
# Coarse in what costs time and does not matter here.
COARSE = {"k_step_sub": 0.3, "k_step_super": 0.01, "tol_perturbations_integration": 1e-3}
SPECTRA = {"output": "tCl,pCl,lCl,mPk", "lensing": "yes", "l_max_scalars": L_MAX}
BASE = {**LCDM, **SPECTRA, **COARSE, "h": 0.7}


def results(cosmo) -> dict[str, np.ndarray]:
    k = np.geomspace(1e-3, 0.5, 20)
    found = {name: cosmo.lensed_cl(L_MAX)[name] for name in ("tt", "te", "ee", "bb", "pp")}
    found["linear"] = np.array([cosmo.pk_lin(x, 0.0) for x in k])
    found["nonlinear"] = np.array([cosmo.pk(x, 0.0) for x in k])
    return found | {"sigma8": np.array(cosmo.sigma8())}


def computed(classy, **inputs):
    cosmo = classy.Class()
    cosmo.set({**BASE, **inputs})
    cosmo.compute()
    return cosmo


@pytest.mark.parametrize(
    "inputs",
    [
        {"non_linear": "none"},
        {"non_linear": "halofit", "bessel_table": 1, **EDE, **BINS},
        pytest.param({"non_linear": "hmcode"}, marks=pytest.mark.slow),
    ],
)
def test_renewed_spectra_are_those_of_a_full_computation(classy, inputs):
    cosmo = classy.Class()
    cosmo.set({**BASE, **inputs})
    cosmo.compute_perturbations()
    points = [{"A_s": 2.1e-9, "n_s": 0.96}, {"A_s": 2.4e-9, "n_s": 0.98}]
    for point in (*points, points[0]):
        cosmo.compute_spectra(**point)
        renewed, whole = results(cosmo), results(computed(classy, **inputs, **point))
        for name, values in whole.items():
            np.testing.assert_array_equal(renewed[name], values, err_msg=name)
    # What follows a renewal is again a full computation.
    cosmo.set(**points[1])
    cosmo.compute()
    np.testing.assert_array_equal(
        results(cosmo)["tt"], results(computed(classy, **inputs, **points[1]))["tt"]
    )


def test_spectra_come_after_perturbations(classy):
    cosmo = classy.Class()
    cosmo.set(BASE)
    with pytest.raises(classy.CosmoSevereError, match="comes after"):
        cosmo.compute_spectra(A_s=2e-9)
    cosmo.compute_perturbations()
    with pytest.raises(classy.CosmoSevereError, match="not alpha_s"):
        cosmo.compute_spectra(A_s=2e-9, alpha_s=0.1)
    cosmo.set(modes="s,t")
    with pytest.raises(classy.CosmoComputationError, match="scalar modes"):
        cosmo.compute_perturbations()


def test_failure_can_be_followed_by_anything(classy):
    cosmo = classy.Class()
    cosmo.set({**BASE, "tau_reio": 5})
    with pytest.raises(classy.CosmoComputationError):
        cosmo.compute_perturbations()
    cosmo.set(tau_reio=0.054)
    cosmo.compute_perturbations()
    cosmo.compute_spectra(A_s=2.1e-9)
    np.testing.assert_array_equal(results(cosmo)["tt"], results(computed(classy, A_s=2.1e-9))["tt"])


def unlensed(classy, **settings):
    return computed(classy, **settings).raw_cl(L_MAX)


def worst(one, other, name):
    return np.abs(one[name][2:] / other[name][2:] - 1).max()


def test_bessel_functions_are_those_of_a_fine_table(classy):
    fine, ours = (unlensed(classy, bessel_table=1, hyper_sampling_flat=n) for n in (40, 8))
    their_fine, their_coarse = (unlensed(classy, hyper_sampling_flat=n) for n in (40, 8))
    for name in ("tt", "ee", "pp"):
        assert worst(ours, fine, name) < 2e-5, name
        # CLASS's own interpolation at the same nodes is what is being improved on.
        assert worst(ours, fine, name) < 0.1 * worst(their_coarse, their_fine, name), name


def test_line_of_sight_integrals_are_those_over_fine_steps(classy):
    fine = {"hyper_sampling_flat": 40, "perturbations_sampling_stepsize": 0.02}
    exact = unlensed(classy, **fine)
    same_steps = unlensed(classy, bessel_table=1, **fine)
    ours = unlensed(classy, bessel_table=1)
    theirs = unlensed(classy, hyper_sampling_flat=40)
    for name in ("tt", "ee", "pp"):
        assert worst(same_steps, exact, name) < 1e-4, name
        assert worst(ours, exact, name) < 3e-4, name
    for name in ("tt", "ee"):
        assert worst(ours, exact, name) < 0.25 * worst(theirs, exact, name), name


def test_weights_of_times_integrate_the_spline_through_the_integrand(classy):
    """To rounding errors on uneven steps, and thus of fourth order in them.

    Where the integrand jumps from one of two close times to the other, no spline runs over both.
    """
    library = ctypes.CDLL(classy._classy.__file__)
    rng = np.random.default_rng(1)

    def weights(t, tau0=0.0):
        found, work = np.empty_like(t), np.empty(2 * len(t))
        pointers = [as_ctypes(each) for each in (t, found, work)]
        library.los_weights(len(t), pointers[0], ctypes.c_double(tau0), *pointers[1:])
        return found

    for size in (1, 2, 3, 4, 50):
        t = np.cumsum(rng.uniform(0.1, 2, size))[::-1].copy()
        f = rng.normal(size=size)
        exact = 0.0
        if size > 2:
            exact = CubicSpline(t[::-1], f[::-1], bc_type="natural").integrate(t[-1], t[0])
        elif size == 2:
            exact = (t[0] - t[1]) * f.mean()
        assert weights(t) @ f == pytest.approx(exact, rel=1e-12, abs=1e-12), size

    def error(size):
        u = np.linspace(1, -1, size)
        t = 10 + 6 * u + 2 * u**3
        exact = np.sqrt(2 * np.pi / np.e) * np.cos(10)
        return abs(weights(t) @ (np.exp(-((t - 10) ** 2) / 2) * np.cos(t)) - exact)

    assert error(60) < 1e-6
    assert error(60) > 14 * error(120)

    def error_with_step(half):
        before, after = np.linspace(20, 10 + 1e-4, half), np.linspace(10 - 1e-4, 0, half)
        summands = np.r_[np.cos(before), 3 + np.sin(after)]
        exact = np.sin(20) - np.sin(10) + 30 + 1 - np.cos(10)
        return abs(weights(np.r_[before, after], 30.0) @ summands - exact)

    # Half of a step as wide as the two times are apart.
    assert error_with_step(30) < 1e-3
    assert error_with_step(60) < 1e-4


def test_tables_are_shared_and_kept_apart(classy):
    sizes = [200, 220, 240, 260, 280, 300]
    alone = {
        n: computed(classy, bessel_table=1, l_max_scalars=n).raw_cl(n)["ee"] for n in sizes[:2]
    }
    # More sizes than tables that are kept, then the first ones again.
    held = [computed(classy, bessel_table=1, l_max_scalars=n) for n in sizes]
    for n in sizes[:2]:
        again = computed(classy, bessel_table=1, l_max_scalars=n).raw_cl(n)["ee"]
        np.testing.assert_array_equal(again, alone[n])
        np.testing.assert_array_equal(held[sizes.index(n)].raw_cl(n)["ee"], alone[n])


@pytest.mark.parametrize(
    "inputs",
    [
        {"delta_l_max": 800},
        {"delta_l_max": 800, "accurate_lensing": 1},
        {"delta_l_max": 700, "output": "tCl,lCl"},
    ],
)
def test_lensed_spectra_are_those_of_class(classy, inputs):
    ours, theirs = (
        computed(classy, lensing_by_blocks=blocks, **inputs).lensed_cl(L_MAX) for blocks in (1, 0)
    )
    assert ours.keys() == theirs.keys()
    for name in set(ours) - {"ell"}:
        # TE has zeros, and B modes are what is left of larger terms.
        scale = np.sqrt(theirs["tt"] * theirs["ee"]) if name == "te" else theirs[name]
        np.testing.assert_array_less(np.abs(ours[name] - theirs[name])[2:], 1e-8 * scale[2:], name)


def test_lensed_spectra_do_not_depend_on_threads(classy, monkeypatch):
    settings = {"lensing_by_blocks": 1, "delta_l_max": 800}
    one = computed(classy, **settings).lensed_cl(L_MAX)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    three = computed(classy, **settings).lensed_cl(L_MAX)
    np.testing.assert_array_equal(one["tt"], three["tt"])


@pytest.mark.parametrize(
    "inputs", [{"lensing_C2_order": 4}, {"lensing_C0_order": 1}, {"ic": "ad,bi", "f_bi": 0.1}]
)
def test_lensing_beyond_ours_is_left_to_class(classy, inputs):
    ours, theirs = (
        computed(classy, lensing_by_blocks=blocks, **inputs).lensed_cl(L_MAX) for blocks in (1, 0)
    )
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values, err_msg=name)


def test_h_from_theta_s(classy):
    target = {"theta_s_100": 1.0411, "h": None}

    def solve(**inputs):
        cosmo = classy.Class()
        inputs = {**BASE, **target, **inputs}
        cosmo.set({name: value for name, value in inputs.items() if value is not None})
        cosmo.compute(level=["thermodynamics"])
        return cosmo.get_current_derived_parameters(["theta_s_100", "h"])

    for model in ({}, {**EDE, **BINS}, {"w0_fld": -0.8, "wa_fld": -0.3, "Omega_Lambda": 0}):
        ours, theirs = solve(theta_s_by_distance=1, **model), solve(**model)
        assert ours["theta_s_100"] == pytest.approx(1.0411, rel=1e-7)
        assert abs(ours["theta_s_100"] - 1.0411) <= abs(theirs["theta_s_100"] - 1.0411)
        assert ours["h"] == pytest.approx(theirs["h"], rel=1e-5)
    # Where dark energy has faded: CLASS alone finds none.
    faded = BINS | {"wbins_w": "0.9,-0.3,-0.4"}
    found = solve(theta_s_by_distance=1, **EDE, **faded)
    assert found["theta_s_100"] == pytest.approx(1.0411, rel=1e-7) and found["h"] < 0.45
    # With a share of the critical density given, the early universe depends on h: CLASS's own way.
    fraction = {"omega_cdm": None, "Omega_cdm": 0.25}
    assert solve(theta_s_by_distance=1, **fraction) == solve(**fraction)


@pytest.mark.parametrize("evaluations", [20, pytest.param(500, marks=pytest.mark.slow)])
def test_memory_does_not_grow(classy, resident_set, evaluations):
    few_modes = {"l_max_scalars": 50, "k_step_super": 0.05, "P_k_max_1/Mpc": 0.05}
    few_modes |= {"k_per_decade_for_pk": 3, "k_per_decade_for_bao": 5}
    cosmo, rng = classy.Class(), np.random.default_rng(0)
    cosmo.set(BASE | EDE | BINS | few_modes | {"bessel_table": 1, "lensing_by_blocks": 1})
    warm_up = 10
    for number in range(warm_up + evaluations):
        if number == warm_up:
            before = resident_set()
        bad = number % 4 == 3
        cosmo.set(omega_cdm=rng.uniform(0.11, 0.13), tau_reio=5 if bad else 0.05)
        try:
            cosmo.compute_perturbations()
            cosmo.compute_spectra(A_s=rng.uniform(1.9e-9, 2.2e-9))
            assert not bad
        except classy.CosmoComputationError:
            assert bad
    assert resident_set() - before < 5e6
