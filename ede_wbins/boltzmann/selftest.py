"""Check a new build of CLASS: ``python selftest.py FOLDER PATCH``.

Run as a program, in a process where nothing else is loaded. Exits with a one-line reason.
"""

import importlib
import math
import sys
from pathlib import Path

EDE = {"fEDE": 0.1, "log10z_c": 3.55, "thetai_ede": 2.8}
BINS = {
    "Omega_Lambda": 0,
    "fluid_equation_of_state": "wbins",
    "wbins_z": "1,2,3",
    "wbins_w": "-0.9,-1.2,-0.8",
}


def compute(module, **parameters):
    """A small run: background, thermodynamics, and spectra up to l = 500."""
    cosmo = module.Class()
    cosmo.set({"output": "tCl,pCl,lCl,mPk", "lensing": "yes", "l_max_scalars": 500, **parameters})
    cosmo.compute()
    spectrum = cosmo.lensed_cl(500)["tt"]
    if not (len(spectrum) == 501 and all(map(math.isfinite, spectrum)) and spectrum[220] > 0):
        sys.exit(f"no finite CMB spectrum for {parameters or 'LambdaCDM'}")
    return cosmo


def main(folder: Path, patch: str) -> None:
    """Test the package in ``folder``, which must carry the mark ``patch`` unless that is empty."""
    sys.path.insert(0, str(folder.parent))
    module = importlib.import_module(folder.name)
    if patch and module.ede_wbins_patch != patch:
        sys.exit(f"the extension carries patch {module.ede_wbins_patch}, not {patch}")
    compute(module)
    if patch:
        compute(module, **EDE, **BINS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
