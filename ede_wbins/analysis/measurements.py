"""Measurements to set runs against: published numbers, and tables of the likelihoods."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from ede_wbins.analysis.run import Run
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import Background


@dataclass(frozen=True)
class Measurement:
    """
    A parameter as measured, Gaussian on either side.

    Attributes
    ----------
    parameter : str
        What was measured.
    mean, up, down : float
        Value, and its 68% errors.
    source : str
        arXiv number.
    """

    parameter: str
    mean: float
    up: float
    down: float
    source: str


MEASUREMENTS = {
    "SH0ES": Measurement("H0", 73.04, 1.04, 1.04, "2112.04510"),
    "DES Y3": Measurement("S8", 0.776, 0.017, 0.017, "2105.13549"),
    "KiDS-1000": Measurement("S8", 0.766, 0.020, 0.014, "2007.15632"),
    "DES Y3 + KiDS-1000": Measurement("S8", 0.790, 0.018, 0.014, "2305.17173"),
}
"""Published: DES Y3 and KiDS-1000 from clustering and lensing, both together from shear."""


PLANCK_LCDM = Background(67.32, 0.022383, 0.12011)
"""LambdaCDM's best fit to Planck 2018 (1807.06209, table 1), to which distances are compared."""

PLANCK_RS_DRAG = 147.05
"""Its sound horizon at the drag epoch in Mpc (same table)."""


@dataclass(frozen=True)
class Point:
    """A distance or rate at one redshift, with the sound horizon as unit; Hz_rs in km/s."""

    z: float
    kind: str
    value: float
    error: float


def bao_points(run: Run) -> list[Point]:
    """BAO of the survey that a run used: DESI DR2, or else SDSS with 6dF."""
    used = [f"{name} {options}" for name, options in run.info["likelihood"].items()]
    table = "desi_dr2" if any("desi" in text for text in used) else "sdss"
    folder = files("ede_wbins.likelihoods.bao_compressed")
    lines = (folder / f"{table}.txt").read_text().splitlines()
    covariance = np.loadtxt((folder / f"{table}_cov.txt").read_text().splitlines())
    errors = np.sqrt(np.diag(covariance))
    rows = [line.split() for line in lines if not line.startswith("#")]
    return [
        Point(float(z), kind, float(value), float(error))
        for (z, value, kind), error in zip(rows, errors, strict=True)
    ]


@cache
def supernovae() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pantheon's compressed Hubble diagram: redshifts, magnitudes up to a constant, errors."""
    folder = files("ede_wbins.likelihoods.sn_compressed")
    rows = np.loadtxt((folder / "pantheon.txt").read_text().splitlines())
    covariance = np.loadtxt((folder / "pantheon_cov.txt").read_text().splitlines())
    # The table has the diagonal, the other file the rest of the covariance.
    errors = np.sqrt(rows[:, 5] ** 2 + np.diag(covariance))
    return rows[:, 1], rows[:, 4], errors


def measurement(name: str) -> Measurement:
    """
    A published measurement.

    Raises
    ------
    EDEWBinsError
        If there is none of this name.
    """
    found = {key.casefold(): value for key, value in MEASUREMENTS.items()}.get(name.casefold())
    if found is None:
        raise EDEWBinsError(f"measurement = {name!r}: must be one of {', '.join(MEASUREMENTS)}")
    return found
