"""Stand-in theories, quick and exact, and the points at which the data were verified."""

from typing import ClassVar

import numpy as np
from cobaya.theory import Theory
from scipy.integrate import cumulative_trapezoid

SPEED_OF_LIGHT = 299792.458  # km/s

# Points at which the public likelihoods were verified: Planck 2018's best fit, and the point of
# Cobaya's own tests of BAO and supernovae. One neutrino of 0.06 eV.
P18 = {
    "ombh2": 0.022383,
    "omch2": 0.12011,
    "H0": 67.32,
    "tau": 0.0543,
    "ns": 0.96605,
    "As": 1e-10 * np.exp(3.0448),
    "mnu": 0.06,
    "nnu": 3.044,
}
T15 = P18 | {
    "ombh2": 0.02225203,
    "omch2": 0.1198657,
    "H0": 67.25,
    "tau": 0.07888604,
    "ns": 0.9647522,
    "As": 1e-10 * np.exp(3.0929),
}
# The same in CLASS's names, and the settings with which the public likelihoods were verified.
CLASS_P18 = {
    "omega_b": 0.022383,
    "omega_cdm": 0.12011,
    "H0": 67.32,
    "tau_reio": 0.0543,
    "ln_A_s_1e10": 3.0448,
    "n_s": 0.96605,
    "N_ncdm": 1,
    "m_ncdm": 0.06,
    "N_ur": 2.0328,
}
# Both as a run gives them.
RUN_P18 = {
    **{"omega_b": 0.022383, "omega_cdm": 0.12011, "H0": 67.32, "tau_reio": 0.0543},
    **{"A_s": 1e-10 * np.exp(3.0448), "n_s": 0.96605},
}
RUN_T15 = {
    **{"omega_b": 0.02225203, "omega_cdm": 0.1198657, "H0": 67.25, "tau_reio": 0.07888604},
    **{"A_s": 1e-10 * np.exp(3.0929), "n_s": 0.9647522},
}
VERIFIED_WITH = {
    "lensing": "yes",
    "non_linear": "hmcode",
    "hmcode_version": "2016",
    "nonlinear_min_k_max": 20,
    "want_lcmb_full_limber": "no",
}


class FixedSpectra(Theory):
    """Gives the spectra in `dl`, whatever its parameters: like CLASS it accepts any of them."""

    dl: dict

    def get_allow_agnostic(self):
        return True

    def calculate(self, state, want_derived=True, **params):
        self.received = params

    def get_Cl(self, ell_factor=False, units="muK2"):
        return self.dl

    def get_can_provide(self):
        return ["Cl"]


class FlatDistances(Theory):
    """Flat LambdaCDM distances in closed form, scaled by `scale`; r_drag is an input."""

    params: ClassVar[dict] = {"rdrag": None, "H0": None, "omegam": None, "scale": None}

    def calculate(self, state, want_derived=True, **params):
        self.values = params

    def get_Hubble(self, z, units="km/s/Mpc"):
        omega_m = self.values["omegam"]
        hubble = self.values["H0"] * np.sqrt(omega_m * (1 + np.atleast_1d(z)) ** 3 + 1 - omega_m)
        hubble /= self.values["scale"]
        return hubble if units == "km/s/Mpc" else hubble / SPEED_OF_LIGHT

    def get_angular_diameter_distance(self, z):
        grid = np.linspace(0, np.max(z), 20001)
        distance = cumulative_trapezoid(SPEED_OF_LIGHT / self.get_Hubble(grid), grid, initial=0)
        return np.interp(np.atleast_1d(z), grid, distance) / (1 + np.atleast_1d(z))

    def get_can_provide(self):
        return ["Hubble", "angular_diameter_distance"]
