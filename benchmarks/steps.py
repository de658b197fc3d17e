"""What a step in A_s and n_s alone costs beside a whole computation.

    OMP_NUM_THREADS=1 python benchmarks/steps.py -p packages [-n 3]

EDE fluid + 10 bins at the default precision, lensed C_l to l = 2508 and P(k) to 1/Mpc; medians of n
rounds of CPU seconds of one thread. Prints Markdown.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from universes import EDE, L_MAX, LCDM, PRODUCTS, bins

from ede_wbins.boltzmann import load
from ede_wbins.theory.options import precision_settings


def seconds(compute, **inputs) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    compute(**inputs)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-n", "--rounds", type=int, default=3)
    args = parser.parse_args()
    module = load(args.packages_path)
    print(f"\n## A step in A_s and n_s alone\n\nEDE fluid + 10 bins, rounds: {args.rounds}.\n")
    settings = precision_settings("default") | LCDM | PRODUCTS | EDE | bins(10)
    del settings["ln_A_s_1e10"], settings["n_s"]
    rng = np.random.default_rng(0)
    for method in ("none", "halofit"):
        spent = {"first": [], "step": []}
        for _ in range(args.rounds):
            cosmo = module.Class()
            cosmo.set({**settings, "l_max_scalars": L_MAX, "non_linear": method})
            slow = seconds(cosmo.compute_perturbations)
            steps = [
                seconds(cosmo.compute_spectra, A_s=rng.uniform(2e-9, 2.2e-9), n_s=0.96)
                for _ in range(3)
            ]
            spent["first"].append(slow + steps[0])
            spent["step"].append(np.median(steps[1:]))
            cosmo.struct_cleanup()
        first, step = (np.median(spent[name]) for name in ("first", "step"))
        print(f"- non_linear {method}: whole {first:.2f} s, step {step:.2f} s, {step / first:.1%}")


if __name__ == "__main__":
    main()
