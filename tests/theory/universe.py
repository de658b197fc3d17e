"""A stand-in for CLASS whose spectra are smooth functions of the parameters, and a likelihood."""

import numpy as np
from cobaya.likelihood import Likelihood
from scipy.interpolate import CubicSpline
from stand_in import StandIn

from ede_wbins.model.species import KM_S_MPC
from ede_wbins.model.tabulated import TabulatedBackground


class Universe(StandIn):
    """Its acoustic scale and its expansion history are those of the closed forms."""

    inputs = StandIn.inputs | {"l_max_scalars", "lensing", "z_pk", "nonlinear_to_z_max_pk"}
    broken_above = np.inf

    def compute(self):
        super().compute()
        p = self.pars
        self.early = {
            "rs_rec": 144 * (p["omega_b"] / 0.0224) ** -0.1 * (p["omega_cdm"] / 0.12) ** -0.25,
            "z_rec": 1089 + 500 * (p["omega_cdm"] - 0.12),
        }
        self.background = self.expansion()

    def expansion(self):
        p = self.pars
        return TabulatedBackground(p["H0"], p["omega_b"], p["omega_cdm"])

    def lensed_cl(self, lmax):
        ell = np.arange(lmax + 1)
        distance = self.background.comoving_distance(np.array([self.early["z_rec"]]))[0]
        phase = 20 * ell * self.early["rs_rec"] / distance
        envelope = self.pars["A_s"] * (np.maximum(ell, 2) / 20.0) ** (self.pars["n_s"] - 3)
        tt = envelope * (1 + 0.5 * np.cos(phase + 30 * self.pars["omega_cdm"]))
        if self.pars["omega_cdm"] > self.broken_above:
            tt = tt * np.nan
        pp = envelope / np.maximum(ell, 2) ** 2.0
        found = {"tt": tt, "te": 0.3 * tt, "ee": 0.1 * tt, "pp": pp}
        return {"ell": ell} | {name: np.where(ell < 2, 0, cl) for name, cl in found.items()}

    def sigma(self, radius, z, h_units):
        (now, then), _ = self.background.log_growth([0.0, z])
        return 0.8 * self.pars["A_s"] / 2e-9 * np.exp(then - now)

    def effective_f_sigma8(self, z, z_step):
        return 0.5 * self.sigma(8, z, h_units=True)

    def get_pk_and_k_and_z(self, nonlinear, only_clustering_species):
        z = np.linspace(1.1 * max(map(float, self.pars["z_pk"].split())), 0, 24)
        # A grid that moves with the parameters, as CLASS's does.
        k = np.geomspace(1e-5, 1.2, 200) * self.background.H0 / 67
        shape = (
            2e4 * (k / 0.05) ** self.pars["n_s"] / (1 + (k / self.pars["omega_cdm"]) ** 2) ** 1.6
        )
        power = (
            self.pars["A_s"] / 2e-9 * shape * np.exp(2 * self.background.log_growth(z)[0])[:, None]
        )
        if nonlinear:
            power = power * (1 + k**3 * power / 20)
        return power.T, k, z

    def get_current_derived_parameters(self, names):
        own = self.early | {"H0": self.background.H0, "sigma8": 0.8 * self.pars["A_s"] / 2e-9}
        rest = super().get_current_derived_parameters([name for name in names if name not in own])
        return {name: own.get(name, rest.get(name)) for name in names}

    def h(self):
        return self.background.H0 / 100

    def Hubble(self, z):
        return float(self.background.hubble(z))


class FieldUniverse(Universe):
    """Its scalar field takes a share of the way to recombination, and nothing thereafter."""

    def expansion(self):
        p = self.pars
        share = 0.02 * p["fEDE"] * (1 + 0.3 * (p["log10z_c"] - 3.5)) * p["thetai_ede"]
        self.early["theta_s_100"] = p["theta_s_100"]
        background = TabulatedBackground(300.0, p["omega_b"], p["omega_cdm"])
        horizon = self.early["rs_rec"] / (1 - share), self.early["z_rec"]
        return background.with_angle(p["theta_s_100"] / 100, *horizon)


class Peaks(Likelihood):
    """Gaussian in TT and in H(z = 0)."""

    calls = 0
    l_max: int = 50

    def get_requirements(self):
        return {"Cl": {"tt": self.l_max}, "Hubble": {"z": [0.0, 1.0]}}

    def initialize(self):
        truth = Universe()
        point = {"H0": 67.0, "omega_b": 0.02238, "omega_cdm": 0.12, "A_s": 2.1e-9, "n_s": 0.966}
        truth.set(**point)
        truth.compute()
        self.truth = truth.lensed_cl(self.l_max)["tt"][2:]

    def logp(self, **params):
        tt = self.provider.get_Cl(units="1")["tt"][2 : self.l_max + 1]
        H0 = self.provider.get_Hubble(0.0, units="1/Mpc")[0] / KM_S_MPC
        return -0.5 * np.sum((50 * (tt / self.truth - 1)) ** 2) - 0.5 * ((H0 - 67) / 2) ** 2


class Clusters(Likelihood):
    """Gaussian in nonlinear power, in that of large scales, and in the rms in spheres."""

    def get_requirements(self):
        power = {"z": [0.0, 0.3, 0.8, 1.5], "k_max": 1.0, "nonlinear": (True, False)}
        spheres = {"z": [0.0, 0.5], "R": [8.0, 12.0], "k_max": 1.0}
        return {"Pk_interpolator": power, "sigma_R": spheres, "H0": None}

    def initialize(self):
        truth = Universe()
        point = {"H0": 67.0, "omega_b": 0.02238, "omega_cdm": 0.12, "A_s": 2.1e-9, "n_s": 0.966}
        truth.set(**point, z_pk="0 1.5")
        truth.compute()
        self.k, self.z = np.geomspace(0.02, 0.9, 15), np.array([0.1, 0.6])
        self.truth = {}
        for nonlinear in (True, False):
            power, k, z = truth.get_pk_and_k_and_z(nonlinear, False)
            of_k = CubicSpline(np.log(k), np.log(power))(np.log(self.k))
            self.truth[nonlinear] = CubicSpline(z[::-1], of_k[:, ::-1], axis=1)(self.z).T

    def logp(self, **params):
        H0 = self.provider.get_param("H0")
        z, R, sigma = self.provider.get_sigma_R()
        total = -0.5 * (((H0 - 67) / 2) ** 2 + ((sigma[0, 0] / 0.84 - 1) / 0.05) ** 2)
        assert sigma.shape == (len(z), len(R))
        for nonlinear, truth in self.truth.items():
            power = self.provider.get_Pk_interpolator(nonlinear=nonlinear)
            found = power.logP(self.z, self.k)
            total -= 0.5 * np.sum(((found - truth) / (0.03 if nonlinear else 0.2)) ** 2)
        return total
