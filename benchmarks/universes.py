"""One job for every code: lensed C_l to l = 2508 and P(k) to 1/Mpc, one neutrino of 0.06 eV."""

import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np

from ede_wbins.boltzmann.loader import import_package
from ede_wbins.boltzmann.sdist import CLASSY

L_MAX = 2508
LCDM = {
    **{"H0": 67.32, "omega_b": 0.022383, "omega_cdm": 0.12011, "tau_reio": 0.0543, "YHe": 0.2454},
    **{"ln_A_s_1e10": 3.0448, "n_s": 0.96605, "N_ncdm": 1, "m_ncdm": 0.06, "N_ur": 2.0308},
}
EDE = {"fEDE": 0.1, "log10z_c": 3.55, "thetai_ede": 2.83}
W = [-0.95, -1.1, -0.9, -1.2, -0.8, -1.1, -1.3, -0.7, -1.1, -1.0]
PRODUCTS = {"output": "tCl,pCl,lCl,mPk", "lensing": "yes", "P_k_max_1/Mpc": 1.0}


def bins(n: int) -> dict:
    """Inputs of CLASS for n bins of equal width over [0, 3]."""
    edges = ",".join(repr(3 * (i + 1) / n) for i in range(n))
    return {
        **{"Omega_Lambda": 0, "fluid_equation_of_state": "wbins"},
        **{"wbins_z": edges, "wbins_w": ",".join(map(repr, W[:n]))},
    }


def with_class(module: ModuleType, l_max: int = L_MAX, **inputs) -> tuple[float, dict]:
    """CPU seconds of one computation by CLASS, and its lensed C_l in muK^2; None drops an input."""
    cosmo = module.Class()
    inputs = {**LCDM, **PRODUCTS, "l_max_scalars": l_max, **inputs}
    cosmo.set({name: value for name, value in inputs.items() if value is not None})
    start = time.process_time()
    cosmo.compute()
    seconds = time.process_time() - start
    cl = cosmo.lensed_cl(l_max)
    spectra = {name: cl[name] * (cosmo.T_cmb() * 1e6) ** 2 for name in ("tt", "te", "ee")}
    cosmo.struct_cleanup()
    return seconds, spectra


def with_camb(dark_energy=None, accuracy: float = 1.0) -> tuple[float, dict]:
    """The same by CAMB, at a multiple of its default accuracy."""
    import camb

    start = time.process_time()
    parameters = camb.CAMBparams()
    parameters.set_cosmology(
        H0=LCDM["H0"],
        ombh2=LCDM["omega_b"],
        omch2=LCDM["omega_cdm"],
        tau=LCDM["tau_reio"],
        mnu=LCDM["m_ncdm"],
        nnu=3.044,
        YHe=LCDM["YHe"],
    )
    parameters.InitPower.set_params(As=1e-10 * np.exp(LCDM["ln_A_s_1e10"]), ns=LCDM["n_s"])
    parameters.set_for_lmax(L_MAX, lens_potential_accuracy=1)
    parameters.NonLinear = camb.model.NonLinear_none
    parameters.set_matter_power(redshifts=[0.0], kmax=1.0)
    if accuracy != 1:
        parameters.set_accuracy(accuracy, accuracy, accuracy)
    if dark_energy is not None:
        parameters.DarkEnergy = dark_energy
    results = camb.get_results(parameters)
    cl = results.get_lensed_scalar_cls(L_MAX, CMB_unit="muK", raw_cl=True).T
    results.get_matter_power_spectrum(minkh=1e-3, maxkh=1.0, npoints=100)
    return time.process_time() - start, {"tt": cl[0], "ee": cl[1], "te": cl[3]}


def camb_fluid():
    """CAMB's effective fluid of an axion-like field."""
    import camb

    return camb.dark_energy.AxionEffectiveFluid(
        w_n=0.5, fde_zc=EDE["fEDE"], zc=10 ** EDE["log10z_c"], theta_i=EDE["thetai_ede"]
    )


def camb_field():
    """CAMB's axion-like field."""
    import camb

    field = camb.dark_energy.EarlyQuintessence()
    field.set_params(n=3, theta_i=EDE["thetai_ede"], zc=10 ** EDE["log10z_c"], fde_zc=EDE["fEDE"])
    return field


def released_class(packages: Path) -> ModuleType:
    """The released CLASS as `pip install classy` makes it, in a folder of its own."""
    folder = packages / "code" / "classy_released"
    if not (folder / "classy" / "__init__.py").exists():
        print(f"Installing classy {CLASSY.version} into {folder}", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
        subprocess.run([*pip, f"classy=={CLASSY.version}"], check=True)
    return import_package("classy_released", folder / "classy")
