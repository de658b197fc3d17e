"""CPU time of nonlinear power: what HMcode and Halofit add, in LambdaCDM and with ten bins and EDE.

    python benchmarks/nonlinear.py [-p PACKAGES] [-n REPETITIONS]

Prints the median over interleaved runs of what each code adds to linear power from the same
perturbations, which take several times as long and would drown it, for spectra as CMB lensing and
a likelihood of galaxy surveys ask for, and the ratio to LambdaCDM, as Markdown.
"""

import argparse
import sys
import time
from statistics import median

import numpy as np

from ede_wbins import boltzmann

W10 = "-0.9,-1.2,-0.8,-1.1,-1.3,-0.7,-0.9,-1.1,-1.0,-1.5"
MODELS = {
    "LambdaCDM": {},
    "EDE + 10 bins": {
        "fEDE": 0.1,
        "log10z_c": 3.55,
        "thetai_ede": 2.83,
        "Omega_Lambda": 0,
        "fluid_equation_of_state": "wbins",
        "wbins_z": ",".join(f"{0.3 * (i + 1):.1f}" for i in range(10)),
        "wbins_w": W10,
    },
}
CODES = ("none", "halofit", "hmcode")
# Low multipoles only: the nonlinear part is the same, and the rest does not drown it.
POWER = {"output": "lCl,mPk", "l_max_scalars": 30, "P_k_max_1/Mpc": 15, "z_max_pk": 4}
NEUTRINO = {"N_ncdm": 1, "m_ncdm": 0.06, "N_ur": 2.0308}


def cpu_times(module, n, **parameters) -> list[float]:
    """CPU seconds of n computations of P(k, z) from the same perturbations."""
    cosmo = module.Class()
    cosmo.set({**POWER, **NEUTRINO, **parameters})
    cosmo.compute_perturbations()
    times = []
    for A_s in np.linspace(2e-9, 2.2e-9, n):
        start = time.process_time()
        cosmo.compute_spectra(A_s=A_s, n_s=0.96)
        times.append(time.process_time() - start)
    cosmo.struct_cleanup()
    return times


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages", help="where the patched CLASS is")
    parser.add_argument("-n", type=int, default=5, help="repetitions")
    arguments = parser.parse_args()
    module = boltzmann.load(arguments.packages)
    times = {(model, code): [] for model in MODELS for code in CODES}
    for repetition in range(arguments.n):
        for model, code in times:
            options = {} if code == "none" else {"nonlinear_to_z_max_pk": "yes"}
            times[model, code] += cpu_times(module, 3, **MODELS[model], non_linear=code, **options)
        print(f"repetition {repetition + 1} of {arguments.n}", file=sys.stderr, flush=True)
    print(f"\n## Nonlinear power\n\nP(k) to 15/Mpc and z = 4, {arguments.n} repetitions.\n")
    linear = {model: median(times[model, "none"]) for model in MODELS}
    for code in CODES[1:]:
        added = {model: median(times[model, code]) - linear[model] for model in MODELS}
        ratio = added["EDE + 10 bins"] / added["LambdaCDM"]
        each = ", ".join(f"{model} {seconds:.3f} s" for model, seconds in added.items())
        print(f"- {code} adds: {each}; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
