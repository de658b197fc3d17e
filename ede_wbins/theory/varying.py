"""Which parameters of a run vary, and what computed points depend on beside them."""

import numpy as np
from cobaya.log import LoggedError

from ede_wbins.ede_models import FIELD_MODELS
from ede_wbins.model.background import Background
from ede_wbins.theory.coordinates import Coordinates

_BACKGROUND = {"N_ur": 3.044, "m_ncdm": 0.0, "T_ncdm": 0.71611, "T_cmb": 2.7255}
# How far the closed-form H(z) may be from CLASS's, relative, and where they are compared.
_SAME_BACKGROUND = 1e-4
_COMPARED, _FAR = (0.0, 1.0, 5.0), 2000.0
# Inputs that say which results are wanted, and how far.
_WANTED = {"output", "z_pk", "P_k_max_1/Mpc"}


def coordinates(theory) -> Coordinates:
    """
    The coordinates of a component whose provider is known.

    Raises
    ------
    LoggedError
        If the expansion history is not one that the closed forms know.
    """
    constants = theory.provider.model.parameterization.constant_params()
    numbers = {k: v for k, v in theory.extra_args.items() if isinstance(v, int | float)}
    fixed = {**_BACKGROUND, **numbers}
    fixed |= {theory.translate_param(k): v for k, v in constants.items()}
    sampled = [p for p in theory.input_params if p not in constants]
    names = tuple(sorted(map(theory.translate_param, sampled)))
    given = {*names, *fixed}
    has_scale = given & {"theta_s_100", "H0", "h"}
    if theory.tolerance and not (has_scale and {"omega_b", "omega_cdm"} <= given):
        raise LoggedError(
            theory.log, "emulation needs omega_b, omega_cdm, and one of theta_s_100, H0, h"
        )
    masses = theory.extra_args.get("m_ncdm", fixed["m_ncdm"])
    if isinstance(masses, str):
        masses = [float(mass) for mass in masses.split(",")]
    has_mass = theory.extra_args.get("N_ncdm", 0)
    fixed["m_ncdm"] = tuple(np.atleast_1d(masses).tolist()) if has_mass else ()
    at_peak = theory.ede in FIELD_MODELS or theory.extra_args.get("ede_definition") == "peak"
    return Coordinates(names, fixed, theory.edges, theory.w_beyond, at_peak)


def identity(theory) -> dict:
    """What computed points depend on, beside the parameters that vary: plain JSON values."""
    found = theory.coordinates
    settings = {k: v for k, v in theory.extra_args.items() if k not in _WANTED}
    # A constant that only likelihoods read is none of CLASS's.
    inputs = {theory.translate_param(name) for name in theory.input_params} | {*_BACKGROUND}
    fixed = {k: v for k, v in found.fixed.items() if k in inputs and k not in settings}
    found_at = {"matter": theory.products.asked} if theory.products.asked else {}
    return found_at | {
        "CLASS": theory.get_version(),
        "parameters": list(found.sampled),
        "fixed": {k: list(v) if isinstance(v, tuple) else v for k, v in fixed.items()},
        "settings": {k: v if isinstance(v, int | float) else str(v) for k, v in settings.items()},
    }


def compare(theory, background: Background) -> None:
    """
    Compare the closed forms with the expansion history that CLASS has just computed.

    Raises
    ------
    LoggedError
        If they differ.
    """
    # Whatever has its peak as given is the fluid of the closed forms only long after it.
    for z in _COMPARED if theory.coordinates.at_peak else (*_COMPARED, _FAR):
        exact, ours = theory.classy.Hubble(z), float(background.hubble(z))
        if not abs(ours / exact - 1) < _SAME_BACKGROUND:
            raise LoggedError(
                theory.log,
                "CLASS has H(z=%g) = %.4g/Mpc, the closed form %.4g/Mpc: this model cannot be "
                "emulated; use ede_wbins.EDEWBins",
                *(z, exact, ours),
            )
