"""Make planck_bandpowers.txt, the points that the figure of spectra shows, from public data.

python -m ede_wbins.analysis.make_planck_bandpowers PACKAGES
"""

import sys
from pathlib import Path

import numpy as np

HEADER = """Planck 2018 plik-lite bandpowers (1907.12875), 215 of TT, then 199 of TE, then 199 of EE
l, C_l [muK^2], its error"""


def main(packages: str) -> None:
    """Write the table from the data in Cobaya's packages path `packages`."""
    source = Path(packages, "data", "planck_2018_pliklite_native", "cl_cmb_plik_v22.dat")
    target = Path(__file__).with_name("planck_bandpowers.txt")
    np.savetxt(target, np.loadtxt(source), header=HEADER, fmt=["%.1f", "%.6e", "%.4e"])


if __name__ == "__main__":
    main(sys.argv[1])
