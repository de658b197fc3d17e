"""Early dark energy conserves energy and momentum along the integrated perturbations."""

import numpy as np
from lines import Line
from scipy.interpolate import CubicSpline
from spectra import EDE

K_OUTPUT = (0.01, 0.1, 0.3)
FEW_MODES = {"P_k_max_1/Mpc": 0.011, "k_per_decade_for_pk": 1, "k_per_decade_for_bao": 1}
# Until the field has oscillated for a while; what comes later is averaged.
A_MAX = 1e-3


def conservation(classy, **model) -> list[Line]:
    """The continuity and the Euler equation of EDE's stress-energy tensor in Newtonian gauge.

    They hold for the fluid and for the field: with delta and u of the density,
    delta' = -u + 3 (1+w) phi' - 3 calH (delta p/rho - w delta) and
    u' = -calH (1 - 3 w) u + k^2 delta p/rho + (1+w) k^2 psi. Both are integrated over the steps
    that CLASS stored, from the wavenumber's entry into the horizon on; what is left over is
    measured in units of the largest value of delta, or of u.
    """
    cosmo = classy.Class()
    cosmo.set(
        **{**EDE, **model},
        output="mTk",
        gauge="newtonian",
        k_output_values=",".join(map(str, K_OUTPUT)),
        tol_perturbations_integration=1e-9,
        radiation_streaming_trigger_tau_over_tau_k=1e4,
        **FEW_MODES,
    )
    cosmo.compute(["perturbations"])
    table = cosmo.get_background()
    modes = cosmo.get_perturbations()["scalar"]
    start = 0.0
    if model.get("ede_model") == "fluid_matched":
        # The pressure jumps where the fluid goes on for the field.
        start = 1.25 / (1 + cosmo.get_current_derived_parameters(["z_ede_max"])["z_ede_max"])
    left = np.max(
        [residuals(mode, table, k, start) for mode, k in zip(modes, K_OUTPUT, strict=True)], 0
    )
    cosmo.struct_cleanup()
    name = model.get("ede_model", "fluid")
    return [
        Line(f"EDE {name}: {equation}", "stress-energy conservation", worst, 1e-5)
        for equation, worst in zip(("continuity", "Euler"), left, strict=True)
    ]


def residuals(mode: dict, table: dict, k: float, start: float) -> tuple[float, float]:
    """What is left of both equations at one wavenumber (1/Mpc), from a scale factor on."""
    # CLASS starts again with tiny steps where an approximation ends: no spline goes through them.
    steps = np.diff(mode["tau [Mpc]"], prepend=0) > 1e-6 * mode["tau [Mpc]"]
    mode = {name: column[steps] for name, column in mode.items()}
    tau = mode["tau [Mpc]"]
    row = {
        name: CubicSpline(table["conf. time [Mpc]"], table[name])(tau)
        for name in ("H [1/Mpc]", "(.)rho_ede", "(.)w_ede")
    }
    a, rho, w = mode["a"], row["(.)rho_ede"], row["(.)w_ede"]
    calh = a * row["H [1/Mpc]"]
    delta, u, pressure = (
        mode[name] / rho for name in ("delta_rho_ede", "rho_plus_p_theta_ede", "delta_p_ede")
    )
    phi_prime = CubicSpline(tau, mode["phi"]).derivative()(tau)
    continuity = -u + 3 * (1 + w) * phi_prime - 3 * calh * (pressure - w * delta)
    euler = -calh * (1 - 3 * w) * u + k**2 * (pressure + (1 + w) * mode["psi"])
    inside = (k * tau > 1) & (a > start) & (a < A_MAX)
    return tuple(
        left_over(tau[inside], value[inside], change[inside])
        for value, change in ((delta, continuity), (u, euler))
    )


def left_over(tau: np.ndarray, value: np.ndarray, change: np.ndarray) -> float:
    """Largest difference of a value and the integral of its derivative."""
    integral = CubicSpline(tau, change).antiderivative()(tau)
    return float(np.abs(value - value[0] - integral).max() / np.abs(value).max())
