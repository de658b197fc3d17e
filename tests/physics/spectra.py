"""Spectra of one universe, as arrays, from our CLASS or the released one."""

from dataclasses import dataclass

import numpy as np

L_MAX = 1500
LCDM = {
    "h": 0.6732,
    "omega_b": 0.022383,
    "omega_cdm": 0.12011,
    "ln_A_s_1e10": 3.0448,
    "n_s": 0.96605,
    "tau_reio": 0.0543,
    "YHe": 0.2454,
    "N_ncdm": 1,
    "m_ncdm": 0.06,
    "N_ur": 2.0308,
}
EDE = {"fEDE": 0.1, "log10z_c": 3.55, "thetai_ede": 2.83}
CMB = {"output": "tCl,pCl,lCl,mPk", "lensing": "yes", "l_max_scalars": L_MAX, "z_max_pk": 2}
K = np.geomspace(1e-3, 0.99, 120)
Z = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Spectra:
    """Lensed C_l and the lensing potential's, from l = 2; linear P(k), shape (len(Z), len(K))."""

    tt: np.ndarray
    ee: np.ndarray
    pp: np.ndarray
    pk: np.ndarray
    rs_drag: float

    def worst(self, other: "Spectra") -> dict[str, float]:
        """Largest relative difference of each spectrum."""
        return {name: float(np.abs(x).max()) for name, x in self._differences(other)}

    def rms(self, other: "Spectra") -> dict[str, float]:
        """Relative difference of each spectrum, rms."""
        return {name: float(np.sqrt(np.mean(x**2))) for name, x in self._differences(other)}

    def _differences(self, other: "Spectra"):
        for name in ("tt", "ee", "pp", "pk"):
            yield name, getattr(self, name) / getattr(other, name) - 1


def bins(*w: float, **options) -> dict:
    """Inputs of CLASS for bins of equal width over [0, 3]."""
    edges = [3 * (i + 1) / len(w) for i in range(len(w))]
    return {
        "Omega_Lambda": 0,
        "fluid_equation_of_state": "wbins",
        "wbins_z": ",".join(map(repr, edges)),
        "wbins_w": ",".join(map(repr, w)),
    } | options


W10 = bins(-0.9, -1.2, -0.8, -1.1, -1.3, -0.7, -0.9, -1.1, -1.0, -1.5)


def compute(module, **parameters) -> Spectra:
    """Spectra of LambdaCDM, changed by the given parameters."""
    cosmo = module.Class()
    cosmo.set({**LCDM, **CMB, "P_k_max_1/Mpc": 1.0, **parameters})
    cosmo.compute()
    cl = cosmo.lensed_cl(L_MAX)
    pk = np.array([[cosmo.pk_lin(k, z) for k in K] for z in Z])
    rs_drag = float(cosmo.rs_drag())
    cosmo.struct_cleanup()
    return Spectra(cl["tt"][2:], cl["ee"][2:], cl["pp"][2:], pk, rs_drag)
