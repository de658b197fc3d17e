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
COARSE = {"k_step_super": 0.02, "k_step_sub": 0.1}
"""Wavenumbers that save most of the time, where both sides of a comparison suffer alike."""
MULTIPOLES = {"l_sampling_margin": 1e-6}
"""For ours alone. Without it rounding errors, another on each kind of processor, decide which
multipoles are computed, and others move EE by up to 5e-3."""
K = np.geomspace(1e-3, 0.99, 120)
Z = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Spectra:
    """Lensed C_l and the lensing potential's, from l = 2; linear P(k), shape (len(Z), len(K))."""

    tt: np.ndarray
    ee: np.ndarray
    te: np.ndarray
    pp: np.ndarray
    pk: np.ndarray
    rs_drag: float

    def over(self, other: "Spectra", l_min: int = 2) -> dict[str, np.ndarray]:
        """Relative difference of each spectrum, of TE in units of sqrt(TT EE), from l_min on."""
        first = slice(l_min - 2, None)
        scale = {name: getattr(other, name) for name in ("tt", "ee", "pp", "pk")}
        scale["te"] = np.sqrt(other.tt * other.ee)
        return {
            name: ((getattr(self, name) - getattr(other, name)) / size)[
                ... if name == "pk" else first
            ]
            for name, size in scale.items()
        }

    def worst(self, other: "Spectra", l_min: int = 2) -> dict[str, float]:
        """Largest relative difference of each spectrum."""
        return {name: float(np.abs(x).max()) for name, x in self.over(other, l_min).items()}

    def rms(self, other: "Spectra", l_min: int = 2) -> dict[str, float]:
        """Relative difference of each spectrum, rms."""
        return {name: float(np.sqrt(np.mean(x**2))) for name, x in self.over(other, l_min).items()}


def bins(*w: float, edges=None, **options) -> dict:
    """Inputs of CLASS for bins of equal width over [0, 3], or between the given edges."""
    if edges is None:
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
    inputs = {**LCDM, **CMB, "P_k_max_1/Mpc": 1.0, **parameters}
    cosmo = module.Class()
    cosmo.set(inputs)
    cosmo.compute()
    cl = cosmo.lensed_cl(inputs["l_max_scalars"])
    pk = np.array([[cosmo.pk_lin(k, z) for k in K] for z in Z])
    rs_drag = float(cosmo.rs_drag())
    cosmo.struct_cleanup()
    return Spectra(*(cl[name][2:] for name in ("tt", "ee", "te", "pp")), pk, rs_drag)
