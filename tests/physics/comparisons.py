"""What the new physics is compared with inside CLASS: limits, gauges, tolerances.

Each function returns lines; the tests demand that all hold, and `validate` prints them. More inputs
of CLASS, `grid`, have it compute on coarser wavenumbers than its own.
"""

from collections import ChainMap
from dataclasses import astuple

import numpy as np
from lines import Line, worst_lines
from spectra import EDE, LCDM, MULTIPOLES, W10, K, Spectra, Z, bins, compute

TIGHT = {"tol_perturbations_integration": 1e-7, "tol_background_integration": 1e-12}
PPF = {"Omega_Lambda": 0, "w0_fld": -0.9}
# What each halves or doubles, from CLASS's defaults.
FINER = {
    "integration tolerance / 10": {"tol_perturbations_integration": 1e-6},
    "background table × 2": {"background_Nloga": 80000},
    "steps in k / 2": {"k_step_sub": 0.025, "k_step_super": 0.001},
    "steps of the sources / 2": {"perturbations_sampling_stepsize": 0.05},
}


def released_class(classy, stock, **grid) -> list[Line]:
    """LambdaCDM is that of the released CLASS."""
    ours, theirs = (compute(module, **grid) for module in (classy, stock))
    return [identical("LambdaCDM", "released CLASS", ours, theirs)]


def no_dark_energy(classy, lcdm: Spectra, **grid) -> list[Line]:
    """fEDE = 0 and w = -1 are LambdaCDM."""
    models = {
        "fEDE = 0": {**EDE, "fEDE": 0},
        "fEDE = 0, field": {**EDE, "fEDE": 0, "ede_model": "scalar"},
        "w = -1 in 3 bins": bins(-1.0, -1.0, -1.0),
        "both, 10 bins": bins(*[-1.0] * 10, fEDE=0, log10z_c=3.5, n_ede=3),
    }
    return [
        identical(name, "LambdaCDM", compute(classy, **model, **grid), lcdm)
        for name, model in models.items()
    ]


def equal_bins(classy, **grid) -> list[Line]:
    """Equal bins are CLASS's fluid of constant w."""
    equal = compute(classy, **bins(-0.9, -0.9, -0.9, wbins_w_beyond=-0.9), **grid)
    constant = compute(classy, **PPF, **grid)
    return [identical("w = -0.9 in 3 bins", "PPF of constant w", equal, constant)]


def nearly_equal_bins(classy) -> list[Line]:
    """Nearly equal bins are CLASS's fluid of constant w, the integrator stopping at their edges.

    At a tolerance below its own noise, which is 3e-5 in TT by default. The fluid of constant w has
    other times of the sources, of which there are more therefore; smooth bins have the same.
    """

    def nearly(**options) -> Spectra:
        model = bins(-0.9 + 1e-9, -0.9, -0.9, wbins_w_beyond=-0.9)
        return compute(classy, **model, **TIGHT, **MULTIPOLES, **options)

    many = {"perturbations_sampling_stepsize": 0.01}
    constant = compute(classy, **PPF, **TIGHT, **MULTIPOLES, **many)
    name = "w1 = -0.9 + 1e-9, jumps integrated"
    return [
        *worst_lines(name, "PPF of constant w", nearly(**many).worst(constant), 1e-5),
        *worst_lines(name, "width 0.01", nearly().worst(nearly(wbins_width=0.01)), 1e-6),
    ]


def large_n(classy, **grid) -> list[Line]:
    """For n -> infinity w_n -> 1 and c_s^2 -> 1, whatever the frequency."""
    large = compute(classy, **EDE, n_ede=1e5, **MULTIPOLES, **grid)
    unit = compute(classy, **EDE, n_ede=1e5, varpi_ede=0, **MULTIPOLES, **grid)
    return worst_lines("EDE fluid, n = 1e5", "c_s = 1", large.worst(unit), 1e-6)


def gauges(classy) -> list[Line]:
    """Both gauges agree as they do for LambdaCDM."""

    def apart(**model) -> dict[str, float]:
        one, other = (
            compute(classy, **model, **MULTIPOLES, gauge=gauge)
            for gauge in ("newtonian", "synchronous")
        )
        return one.worst(other)

    name = "EDE fluid + 10 bins, Newtonian"
    return worst_lines(name, "synchronous gauge", apart(**EDE, **W10), apart(), 1.5)


def smooth_bins(classy, **grid) -> list[Line]:
    """Sharp bins are the limit of smooth ones, beyond l = 10.

    At an edge the slope of P(k) jumps near the horizon: there smooth bins differ by 0.003 a width.
    """
    w = (-0.9, -1.2, -0.8)
    sharp, smooth = (
        compute(classy, **bins(*w, wbins_width=width), **TIGHT, **MULTIPOLES, **grid)
        for width in (0, 0.003)
    )
    return worst_lines("3 sharp bins, l > 10", "width 0.003", smooth.worst(sharp, l_min=11), 1e-5)


def power_at_default_tolerance(classy) -> list[Line]:
    """P(k) at the default tolerance, against 1e-7: the integrator starts anew at jumps of w.

    Without massive neutrinos LambdaCDM itself is 6e-5 off: few variables are left to limit steps.
    """
    models = {"LambdaCDM": {}, "10 bins": W10, "EDE fluid + 10 bins": {**EDE, **W10}}
    lines = []
    for name, model in models.items():
        tight = power(classy, Z, **model, tol_perturbations_integration=1e-7)
        change = power(classy, Z, **model) / tight - 1
        lines.append(Line(f"P(k), {name}", "tolerance 1e-7", worst(change), 2e-5))
    return lines


def late_averaging(classy, log10z_c: float) -> list[Line]:
    """P(k) of the EDE fluid, averaged over its late oscillations, against following all of them."""
    model = {**EDE, "log10z_c": log10z_c}
    followed = power(classy, Z, **model, ede_fluid_trigger_tau_over_tau_k=1e9)
    change = power(classy, Z, **model) / followed - 1
    name = f"P(k), EDE fluid, z_c = 10^{log10z_c:g}, averaged"
    return [Line(name, "every oscillation", worst(change), 1e-4)]


def convergence(classy) -> list[Line]:
    """A finer precision parameter, or all, move EDE + 10 bins no more than LambdaCDM.

    What is not the tolerance is made finer at a tight one, or noise of the integrator would be all
    that is seen of the background's table.
    """
    tolerance = FINER["integration tolerance / 10"]

    def both(**settings) -> list[Spectra]:
        """LambdaCDM, and the model."""
        return [compute(classy, **model, **settings, **MULTIPOLES) for model in ({}, EDE | W10)]

    usual, tight, lines = both(), both(**tolerance), []
    for name, finer in (FINER | {"all of these": dict(ChainMap(*FINER.values()))}).items():
        before = usual if finer.keys() & tolerance.keys() else tight
        after = both(**tolerance | finer)
        floor, moved = (new.rms(old) for new, old in zip(after, before, strict=True))
        for spectrum in ("tt", "ee", "pk"):
            lines += worst_lines(
                f"EDE fluid + 10 bins, rms, {name}",
                "CLASS's default" if before is usual else "tolerance 1e-6",
                {spectrum: moved[spectrum]},
                floor,
                1.5,
            )
    return lines


def late_times(classy, **grid) -> list[Line]:
    """The step of the late ISW source at each edge lies between two times that enclose it.

    With times anywhere it would cost up to 3e-3 of TT at l = 2 with the first of these steps; our
    own integrals, over splines in time, would be wrong by far if one of these ran over the step.
    """

    def moved(**model) -> dict[str, float]:
        usual, many = (
            compute(classy, **model, **MULTIPOLES, **grid, perturbations_sampling_stepsize=step)
            for step in (0.05, 0.0125)
        )
        return {"tt": float(np.abs(usual.over(many)["tt"][:28]).max())}

    models = {"3 bins": bins(-0.8, -1.3, -0.6, edges=[0.5, 1.0, 3.0]), "10 bins": W10}
    lines = []
    for integrals in ({}, {"bessel_table": 1}):
        floor = moved(**integrals)
        for name, model in models.items():
            lines += worst_lines(
                f"{name}, l < 30, {'our integrals, ' * bool(integrals)}steps of the sources / 2",
                "steps / 8",
                moved(**model, **integrals),
                floor,
                1.5 if integrals else 1.2,
            )
    return lines


def power_between_times(classy) -> list[Line]:
    """P(k) at any z, at edges too, against ten times as many times.

    One spline through all times would be 5e-4 off at an edge, where slopes jump near the horizon.
    """
    redshifts = tuple(np.linspace(0, 2, 101))
    reference = "steps of the sources / 10"
    models = {"10 bins": W10, "EDE fluid + 10 bins": {**EDE, **W10}}
    lines = []
    for name, model in models.items():
        many = power(classy, redshifts, **model, perturbations_sampling_stepsize=0.01)
        change = power(classy, redshifts, **model) / many - 1
        lines.append(Line(f"P(k) at 101 z, {name}", reference, worst(change), 1e-6))
    return lines


def power(classy, redshifts: tuple[float, ...], **parameters) -> np.ndarray:
    """Linear P(k), shape (len(redshifts), len(K))."""
    cosmo = classy.Class()
    inputs = {**LCDM, "output": "mPk", "z_max_pk": max(redshifts), "P_k_max_1/Mpc": 1.0}
    cosmo.set({**inputs, **parameters})
    cosmo.compute()
    values = np.array([[cosmo.pk_lin(k, z) for k in K] for z in redshifts])
    cosmo.struct_cleanup()
    return values


def worst(difference: np.ndarray) -> float:
    """Largest absolute value."""
    return float(np.abs(difference).max())


def identical(quantity: str, reference: str, one: Spectra, other: Spectra) -> Line:
    """A line that holds where every number is the same, bit by bit."""
    if all(map(np.array_equal, astuple(one), astuple(other))):
        return Line(f"{quantity}: every digit", reference, 0.0, 0.0)
    # Never 0, whichever number differs.
    largest = max(*one.worst(other).values(), np.finfo(float).tiny)
    return Line(f"{quantity}: every digit", reference, largest, 0.0)
