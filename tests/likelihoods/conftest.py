"""Shared: the public data where present, and one set of CMB spectra."""

import os
from pathlib import Path

import numpy as np
import pytest
from stand_ins import CLASS_P18, P18, VERIFIED_WITH


@pytest.fixture(scope="session")
def packages() -> str:
    """Cobaya packages path that holds the public data."""
    path = os.environ.get("COBAYA_PACKAGES_PATH", Path(__file__).parents[3] / "shared/packages")
    if not (Path(path) / "data" / "planck_2018_pliklite_native").is_dir():
        pytest.skip(f"no public data in {path}: set COBAYA_PACKAGES_PATH to a folder that has it")
    return str(path)


@pytest.fixture(scope="session")
def spectra() -> dict[str, np.ndarray]:
    """D_l in muK^2 of LambdaCDM at P18, from l = 0."""
    camb = pytest.importorskip("camb")
    results = camb.get_results(camb.set_params(**P18, lmax=3500, lens_potential_accuracy=1))
    dl = results.get_lensed_scalar_cls(lmax=3200, CMB_unit="muK").T
    return {"tt": dl[0], "ee": dl[1], "te": dl[3]}


@pytest.fixture(scope="session")
def class_spectra(classy) -> dict[str, np.ndarray]:
    """D_l in muK^2 of LambdaCDM at P18, from l = 0, with the settings of the published checks."""
    cosmo = classy.Class()
    cosmo.set(CLASS_P18 | VERIFIED_WITH | {"l_max_scalars": 2508, "output": "tCl,pCl,lCl,mPk"})
    cosmo.compute()
    cl = cosmo.lensed_cl(2508)
    factor = cl["ell"] * (cl["ell"] + 1) / (2 * np.pi) * 2.7255e6**2
    return {name: cl[name] * factor for name in ("tt", "te", "ee")}
