"""Tensions of runs, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from ede_wbins.analysis.measurements import MEASUREMENTS, Measurement
from ede_wbins.analysis.run import Run
from ede_wbins.analysis.tension import (
    Shift,
    difference_at_best,
    information_criteria,
    log_evidence,
    parameter_shift,
    rule_of_thumb,
)
from ede_wbins.errors import EDEWBinsError

_PARAMETERS = ("H0", "S8")


@dataclass(frozen=True)
class Tension:
    """A run against a measurement: names of both, the parameter, and the two estimates."""

    run: str
    other: str
    parameter: str
    thumb: float
    shift: Shift


def measured_tensions(run: Run) -> list[Tension]:
    """A run against all published measurements of parameters that it has."""
    return [
        _compare(run, measurement, name, measurement.parameter)
        for name, measurement in MEASUREMENTS.items()
        if run.has(measurement.parameter)
    ]


def report(
    runs: Sequence[Run],
    names: Sequence[str] = (),
    joint: Run | None = None,
    n_data: int | None = None,
) -> str:
    """
    Each run against the measurements; two runs against each other; model comparison.

    Parameters
    ----------
    runs : sequence of Run
        One or more.
    names : sequence of str
        In what to compare two runs, alone and together; by default H0 and S8, where both have them.
    joint : Run, optional
        A run on the data of both.
    n_data : int, optional
        Number of data, for the Bayesian information criterion.

    Raises
    ------
    EDEWBinsError
        If there is nothing to compare, or a run lacks a parameter.
    """
    if n_data is not None and n_data < 1:
        raise EDEWBinsError(f"n_data = {n_data}: must be 1 or more")
    if joint and len(runs) != 2:
        raise EDEWBinsError(f"joint = {joint.prefix}: give it with two runs, not {len(runs)}")
    lines = []
    for run in runs:
        if not run.converged:
            lines.append(f"{run.name}: NOT CONVERGED, R-1 = {run.R_minus_1:.2g}")
        lines += [_line(each) for each in measured_tensions(run)]
    if len(runs) == 2:
        names = names or [name for name in _PARAMETERS if all(run.has(name) for run in runs)]
        lines += ["", *_pair(runs[0], runs[1], names, joint)]
    lines += ["", *_models(runs, n_data)]
    return "\n".join(lines).strip()


def _compare(run: Run, other: Run | Measurement, label: str, name: str) -> Tension:
    for each in (run, other):
        if isinstance(each, Run):
            each.require(name)
    thumb = rule_of_thumb(run, other, name)
    return Tension(run.name, label, name, thumb, parameter_shift(run, other, [name]))


def _pair(first: Run, second: Run, names: Sequence[str], joint: Run | None) -> list[str]:
    lines = [_line(_compare(first, second, second.name, name)) for name in names]
    if shared := first.info["likelihood"].keys() & second.info["likelihood"].keys():
        lines.insert(
            0,
            f"{first.name} and {second.name} share {', '.join(sorted(shared))}: "
            "as if independent, their difference counts for less than it is",
        )
    if len(names) > 1:
        together = parameter_shift(first, second, names)
        lines.append(f"{first.name} and {second.name}: {', '.join(names)}: {_sigma(together)}")
    if joint:
        shift = difference_at_best(joint, first, second)
        lines.append(f"Q_DMAP of {joint.name}: {shift.n_sigma:.2f} sigma")
    return lines


def _models(runs: Sequence[Run], n_data: int | None) -> list[str]:
    lines = []
    for run in runs:
        criteria = information_criteria(run, n_data)
        text = ", ".join(f"{name} {value:.1f}" for name, value in criteria.items())
        how = "minimiser" if run.best.minimised else "best of the chains"
        lines.append(f"{run.name}: chi2 {run.best.total:.2f} ({how}), {text}")
        if evidence := log_evidence(run):
            lines.append(f"{run.name}: ln Z {evidence[0]:.2f} +- {evidence[1]:.2f}")
    evidences = [log_evidence(run) for run in runs]
    if len(runs) == 2 and all(evidences):
        (a, sd_a), (b, sd_b) = evidences
        error = (sd_a**2 + sd_b**2) ** 0.5
        lines.append(f"ln(Z/Z) of {runs[0].name} over {runs[1].name}: {a - b:.2f} +- {error:.2f}")
    return lines


def _line(tension: Tension) -> str:
    return (
        f"{tension.run} and {tension.other}: {tension.parameter}: {_sigma(tension.shift)} "
        f"(Gaussian rule of thumb {tension.thumb:.2f})"
    )


def _sigma(shift: Shift) -> str:
    return f"{shift.n_sigma:.2f} +- {shift.error:.2f} sigma"
