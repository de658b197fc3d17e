"""Expansion histories of a run's samples, in closed form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import root

from ede_wbins.analysis.run import Run
from ede_wbins.ede_models import FIELD_MODELS
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import Background, EDEFluid, WBins
from ede_wbins.model.background import LAMBDA
from ede_wbins.model.tabulated import TabulatedBackground

LEVELS = {0.95: (0.025, 0.975), 0.68: (0.16, 0.84)}
"""Quantiles of the bands."""

_NEEDED = ("H0", "omega_b", "omega_cdm")
_N_SAMPLES = 400


@dataclass(frozen=True)
class History:
    """Parameters at a point of a posterior, and their expansion history."""

    values: dict[str, float]
    background: Background


@dataclass(frozen=True)
class Band:
    """
    A function of redshift over the posterior.

    Attributes
    ----------
    median : array, shape (n,)
        Its median at each redshift.
    ranges : dict of arrays, shape (2, n)
        Lower and upper ends at 95% and 68%.
    """

    median: np.ndarray
    ranges: dict[float, np.ndarray]

    def over(self, unit: np.ndarray) -> "Band":
        """This band in other units."""
        return Band(self.median / unit, {level: x / unit for level, x in self.ranges.items()})


def histories(run: Run, **given: float) -> list[History]:
    """
    Samples drawn from a run's posterior, with their expansion histories.

    Parameters
    ----------
    run : Run
        The run.
    **given : float
        Parameters to have these values instead, as those that a prior-only run lacks.

    Raises
    ------
    EDEWBinsError
        If the run lacks a parameter, or has physics that the closed forms do not.
    """
    fixed = {**_fixed(run), **given}
    run.require(*(name for name in _NEEDED if name not in fixed))
    drawn = np.random.default_rng(0).choice(
        run.samples.numrows, _N_SAMPLES, p=run.samples.weights / run.samples.weights.sum()
    )
    names = run.samples.paramNames.list()
    rows = run.samples.samples[drawn]
    points = [{**fixed, **dict(zip(names, row.tolist(), strict=True)), **given} for row in rows]
    return [History(point, _background(run, point)) for point in points]


def best_background(run: Run) -> Background:
    """The expansion history of a run's best fit; raises what `histories` does."""
    return _background(run, {**_fixed(run), **run.best.values})


def band(samples: list[History], function: Callable[[History], np.ndarray]) -> Band:
    """The band of a function of the expansion history."""
    values = np.array([function(each) for each in samples])
    ranges = {level: np.quantile(values, ends, axis=0) for level, ends in LEVELS.items()}
    return Band(np.median(values, axis=0), ranges)


def _fixed(run: Run) -> dict:
    """What does not vary: constants in `params`, and the inputs of CLASS that matter here."""
    constants = {
        name: value["value"] if isinstance(value, Mapping) else value
        for name, value in run.info["params"].items()
        if not isinstance(value, Mapping) or "value" in value
    }
    constants = {k: x for k, x in constants.items() if isinstance(x, int | float)}
    args = run.theory.get("extra_args") or {}
    if args.get("Omega_k") or constants.get("Omega_k"):
        raise EDEWBinsError(f"{run.prefix}: Omega_k is not 0: no closed form of its expansion")
    masses = args.get("m_ncdm", 0.06) if args.get("N_ncdm", 1) else ()
    if isinstance(masses, str):
        masses = [float(mass) for mass in masses.split(",")]
    known = {name: args[name] for name in ("N_ur", "T_cmb") if name in args}
    return {"m_ncdm": tuple(np.atleast_1d(masses).tolist()), **known, **constants}


def _background(run: Run, p: Mapping) -> Background:
    late, ede = LAMBDA, None
    if run.z_edges:
        w = [p[f"w{i}"] for i in range(1, 1 + len(run.z_edges))]
        late = WBins(run.z_edges, w, run.theory.get("w_beyond", -1.0))
    if p.get("fEDE"):
        ede = EDEFluid(p["fEDE"], p["log10z_c"], p["thetai_ede"], p.get("n_ede", 3.0))
    species = {name: p[name] for name in ("N_ur", "m_ncdm", "T_cmb") if name in p}
    at = partial(TabulatedBackground, p["H0"], p["omega_b"], p["omega_cdm"], late=late, **species)
    if ede and _means_peak(run):
        ede = _with_peak(at, ede)
    return at(ede=ede)


def _means_peak(run: Run) -> bool:
    """Whether fEDE and log10z_c are the maximum of f_EDE(z), not its value at z_c."""
    args = run.theory.get("extra_args") or {}
    return run.theory.get("ede") in FIELD_MODELS or args.get("ede_definition") == "peak"


def _with_peak(at: Callable[..., Background], peak: EDEFluid) -> EDEFluid:
    """The fluid whose f_EDE(z) has its maximum where, and as high as, `peak` says."""

    def fluid(x: np.ndarray) -> EDEFluid:
        return EDEFluid(1 / (1 + np.exp(-x[0])), x[1], peak.thetai_ede, peak.n_ede)

    def off(x: np.ndarray) -> list[float]:
        f_max, z_max = at(ede=fluid(x)).ede_peak()
        return [np.log(f_max / peak.fEDE), np.log10(z_max) - peak.log10z_c]

    start = [np.log(peak.fEDE / (1 - peak.fEDE)) - 0.15, peak.log10z_c + 0.11]
    return fluid(root(off, start, tol=1e-6).x)
