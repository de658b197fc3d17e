"""The posterior of a run as a table of text."""

import numpy as np
from getdist.types import ParamLimit

from ede_wbins.analysis.run import BURN_IN, CONVERGED, Run

_FIRST = ("fEDE", "log10z_c", "thetai_ede", "f_ede_max", "z_ede_max")
_LATE = ("H0", "S8", "sigma8", "Omega_m", "rs_drag", "age")


def summary(run: Run) -> str:
    """
    Means, 68% and 95% limits of a run, under a line that says how far it has converged.

    Limits are GetDist's: two-sided, or one-sided where the posterior touches the end of its prior.
    """
    stats = run.samples.getMargeStats()
    rows = [("parameter", "mean", "68%", "95%")]
    for name in _order(run):
        parameter = stats.parWithName(name)
        rows.append((name, _number(parameter.mean, parameter.err), *_limits(parameter)))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([_convergence(run), "", *(line.rstrip() for line in lines)])


def _convergence(run: Run) -> str:
    R_minus_1 = run.R_minus_1
    state = "converged" if R_minus_1 < CONVERGED else "NOT CONVERGED"
    return (
        f"{run.name}: {run.n_chains} chain(s), {run.samples.numrows} steps after cutting the first "
        f"{BURN_IN:.0%}\n{state}: R-1 = {R_minus_1:.2g} (converged below {CONVERGED:g}), "
        f"{run.effective_samples:.0f} effective samples"
    )


def _order(run: Run) -> list[str]:
    """Early, then late dark energy, then what is derived, then the rest; no chi2."""
    names = [name for name in run.samples.paramNames.list() if "chi2" not in name]
    names = [name for name in names if "minuslogprior" not in name]
    bins = [f"w{i}" for i in range(1, 1 + len(run.z_edges))]
    first = [name for name in (*_FIRST, *bins, *_LATE) if name in names]
    return first + [name for name in names if name not in first]


def _limits(parameter) -> list[str]:
    return [_interval(parameter.limits[i], parameter.err) for i in (0, 1)]


def _interval(limit: ParamLimit, sd: float) -> str:
    if limit.twotail:
        return f"[{_number(limit.lower, sd)}, {_number(limit.upper, sd)}]"
    if limit.onetail_upper:
        return f"< {_number(limit.upper, sd)}"
    if limit.onetail_lower:
        return f"> {_number(limit.lower, sd)}"
    return "unconstrained"


def _number(value: float, sd: float) -> str:
    """To the second digit of the standard deviation."""
    if not sd > 1e-6:
        return f"{value:.4g}"
    decimals = 1 - int(np.floor(np.log10(sd)))
    return f"{value:.{max(decimals, 0)}f}"
