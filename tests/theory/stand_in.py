"""A stand-in for the compiled CLASS, so that the component's logic is tested in milliseconds."""

from collections import Counter
from typing import ClassVar

import numpy as np
from cobaya.likelihood import Likelihood

from ede_wbins import EDEWBins
from ede_wbins.theory.options import precision_settings

LCDM = {
    "omega_b": 0.02238,
    "omega_cdm": 0.1201,
    "H0": 67.3,
    "A_s": {"prior": {"min": 1e-9, "max": 3e-9}},
    "n_s": 0.966,
    "tau_reio": 0.054,
}
EDE = {"fEDE": 0.1, "log10z_c": 3.5, "thetai_ede": 2.8}


class ClassError(Exception):
    def __str__(self):
        return "\n\nError in Class: " + self.args[0]


class SevereError(ClassError):
    pass


class ComputationError(ClassError):
    pass


class StandIn:
    """The part of CLASS's Python interface that the component uses."""

    inputs = frozenset(
        (
            *("omega_b", "omega_cdm", "H0", "theta_s_100", "A_s", "n_s", "tau_reio", "N_ncdm"),
            *("m_ncdm", "N_ur", "output", "non_linear", "P_k_max_1/Mpc", "fEDE", "log10z_c"),
            *("thetai_ede", "n_ede", "ede_model", "Omega_Lambda", "fluid_equation_of_state"),
            *("wbins_z", "wbins_w", "wbins_w_beyond"),
            *precision_settings("reference"),
            *precision_settings("default"),
        )
    )

    # How often the objects of one test computed.
    counts: ClassVar[Counter] = Counter()

    def __init__(self):
        self.pars = {}
        self.computed = False

    def set(self, **pars):
        if not pars.items() <= self.pars.items():
            self.computed = False
        self.pars.update(pars)

    def compute(self):
        if self.computed:
            return
        if unread := sorted(set(self.pars) - self.inputs):
            raise SevereError(f"Class did not read input parameter(s): {', '.join(unread)}\n")
        if self.pars["A_s"] > 2.5e-9:
            raise ComputationError(
                "perturbations_init(L:811) :error in perturbations_solve(ppr,pba);\n"
                f"=>perturbations_solve(L:3306) :A_s = {self.pars['A_s']:e} is too large; at k=0.1"
            )
        self.counts["whole"] += 1
        self.computed = True

    def compute_perturbations(self):
        self.counts["perturbations"] += 1
        self.computed = False

    def compute_spectra(self, **primordial):
        self.set(**primordial)
        self.compute()

    def empty(self):
        self.pars = {}
        self.computed = False

    def get_current_derived_parameters(self, names):
        values = {"H0": 67.3, "Omega_m": 0.3, "sigma8": np.float64(0.8), "age": 13.8}
        values |= {"f_ede_max": 0.1, "z_ede_max": 2700.0, "Omega_ede0": 1e-9, "theta_s_100": 1.04}
        values |= {"log10m_ede": -27.3, "log10f_ede": 26.6}
        if unknown := sorted(set(names) - set(values)):
            raise SevereError(f"{unknown[0]} was not recognized as a derived parameter")
        return {name: values[name] for name in names}

    def rs_drag(self):
        return 147.1

    def T_cmb(self):
        return 2.7255

    @property
    def S8(self):
        return np.float64(0.8)

    def Hubble(self, z):
        if z > 1e3 and self.pars["A_s"] > 2.2e-9:
            raise SevereError("background_at_z(L:5) :out of range z = 1100")
        return 1e-3


def component(model) -> EDEWBins:
    return next(theory for theory in model.theory.values() if isinstance(theory, EDEWBins))


def sent(model, point=None, **values) -> dict:
    """What CLASS is given at a point: at every parameter's value in `values`, else mid-prior."""
    centre = dict(zip(model.prior.params, model.prior.bounds().mean(axis=1), strict=True))
    posterior = model.logposterior({**centre, **values})
    assert np.isfinite(posterior.logpost), "the point was rejected"
    return component(model).classy.pars


class Needs(Likelihood):
    """A likelihood that asks for `needs` and likes every point."""

    needs: dict

    def get_requirements(self):
        return self.needs

    def logp(self, **params):
        return 0.0
