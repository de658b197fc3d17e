"""The posterior of runs as a table, in plain text, LaTeX or comma-separated values."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from getdist.types import ParamLimit

from ede_wbins.analysis.run import Run
from ede_wbins.convergence import CONVERGED

_FIRST = ("fEDE", "log10z_c", "thetai_ede", "f_ede_max", "z_ede_max")
_LATE = ("H0", "S8", "sigma8", "Omega_m", "rs_drag", "age")


@dataclass(frozen=True)
class Row:
    """
    What a run says about one parameter.

    Attributes
    ----------
    name, label : str
        Its name, and its LaTeX without dollar signs.
    mean, sd, best : float
        Mean, standard deviation, and value at the best fit.
    limits : tuple of ParamLimit
        GetDist's 68% and 95% limits: two-sided, or one-sided where the posterior touches the end of
        its prior, or none.
    """

    name: str
    label: str
    mean: float
    sd: float
    best: float
    limits: tuple[ParamLimit, ParamLimit]

    def text(self, level: int) -> str:
        """The 68% (`level` 0) or 95% (1) limits."""
        limit = self.limits[level]
        if limit.twotail:
            return f"[{self.number(limit.lower)}, {self.number(limit.upper)}]"
        if limit.onetail_upper:
            return f"< {self.number(limit.upper)}"
        if limit.onetail_lower:
            return f"> {self.number(limit.lower)}"
        return "unconstrained"

    def latex(self) -> str:
        """Mean with 68% errors, or the one-sided 95% limit, as in papers."""
        two, limit = self.limits
        if two.twotail and not (limit.onetail_upper or limit.onetail_lower):
            # A power of ten is taken out of what is very small.
            power = int(np.floor(np.log10(abs(self.mean)))) if self.sd < 1e-6 else 0
            scaled = replace(self, sd=self.sd / 10.0**power)
            mean, up, down = (
                scaled.number(x / 10.0**power)
                for x in (self.mean, two.upper - self.mean, self.mean - two.lower)
            )
            errors = rf"\pm {up}" if up == down else f"^{{+{up}}}_{{-{down}}}"
            return f"${mean}{errors}$" if not power else rf"$({mean}{errors})\times 10^{{{power}}}$"
        if limit.onetail_upper:
            return rf"$< {self.number(limit.upper)}\ (95\%)$"
        if limit.onetail_lower:
            return rf"$> {self.number(limit.lower)}\ (95\%)$"
        return "unconstrained"

    def number(self, value: float) -> str:
        """To the second digit of the standard deviation."""
        if not self.sd > 0:
            return f"{value:.4g}"
        decimals = 1 - int(np.floor(np.log10(self.sd)))
        if decimals > 6:
            return f"{value:.{max(int(np.floor(np.log10(abs(value)))) + decimals, 0)}e}"
        text = f"{value:.{max(decimals, 0)}f}"
        return text.removeprefix("-") if float(text) == 0 else text


def rows(run: Run) -> list[Row]:
    """Early, then late dark energy, then what is derived, then the rest."""
    stats = run.samples.getMargeStats()
    bins = [f"w{i}" for i in range(1, 1 + len(run.z_edges))]
    first = [name for name in (*_FIRST, *bins, *_LATE) if name in run.parameters]
    ordered = first + [name for name in run.parameters if name not in first]
    found = []
    for name in ordered:
        parameter = stats.parWithName(name)
        found.append(
            Row(
                name,
                run.label(name),
                parameter.mean,
                parameter.err,
                run.best.values.get(name, np.nan),
                (parameter.limits[0], parameter.limits[1]),
            )
        )
    return found


def convergence(run: Run) -> str:
    """In a few lines: what the chains are, whether they have converged, how exact they are."""
    cut = f"the first {run.burn_in:.0%}" if run.burn_in < 1 else f"{run.burn_in:g} rows of each"
    head = f"{run.name}: {run.n_chains} chain(s), {run.samples.numrows} steps after cutting {cut}"
    if not run.is_mcmc:
        return f"{head}\nno Markov chains: the sampler vouches for convergence"
    state = "converged" if run.converged else "NOT CONVERGED"
    exact = f"\nemulated; checked by CLASS at {run.exact_check}" if run.exact_check else ""
    return (
        f"{head}\n{state}: R-1 = {run.R_minus_1:.2g} (converged below {CONVERGED:g}), "
        f"{run.effective_samples:.0f} effective samples{exact}"
    )


def summary(*runs: Run) -> str:
    """
    Text for a terminal: convergence, parameters, chi2 of the best fit.

    One run has its mean, 68%, 95% and best fit; several stand side by side with their 68% limits,
    or 95% where the posterior touches the end of its prior.
    """
    head = "\n".join(convergence(run) for run in runs)
    return "\n\n".join([head, _aligned(_parameters(runs)), _aligned(chi2_by_likelihood(runs))])


def latex(*runs: Run) -> str:
    """
    A LaTeX table (booktabs).

    One run has the columns of `summary`; several have one each, mean and 68% or a limit of 95%.
    """
    tables = [{row.name: row for row in rows(run)} for run in runs]
    alone = len(runs) == 1
    heads = ["Mean", r"68\%", r"95\%", "Best fit"] if alone else [_tex_escape(r.name) for r in runs]
    # What is not of a parameter stands in the last column of a run.
    before = [""] * (len(heads) - len(runs))
    lines = [r"\begin{tabular}{l" + "c" * len(heads) + "}", r"\toprule"]
    first = _tex_escape(runs[0].name) if alone else "Parameter"
    lines += [_tex_line(first, heads), r"\midrule"]
    for name in _union(tables):
        found = [table.get(name) for table in tables]
        label = next(row.label for row in found if row)
        cells = _tex_alone(found[0]) if alone else [row.latex() if row else "--" for row in found]
        lines.append(_tex_line(f"${label}$", cells))
    lines.append(r"\midrule")
    for name, *cells in chi2_by_likelihood(runs)[1:]:
        what = r"$\chi^2$, all" if name == "chi2" else rf"$\chi^2$, {_tex_escape(name)}"
        lines.append(_tex_line(what, [*before, *(cell or "--" for cell in cells)]))
    lines.append(_tex_line("$R-1$", [*before, *(f"{run.R_minus_1:.2g}" for run in runs)]))
    effective = (f"{run.effective_samples:.0f}" for run in runs)
    lines.append(_tex_line("Effective samples", [*before, *effective]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def comma_separated(*runs: Run) -> str:
    """
    One line for each run and parameter, in full precision, then chi2 and convergence.

    Limits that the posterior does not have are empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ["mean", "sd", "lower68", "upper68", "lower95", "upper95", "best_fit"]
    writer.writerow(["run", "parameter", *names])
    for run in runs:
        for row in rows(run):
            ends = [end for limit in row.limits for end in _ends(limit)]
            writer.writerow([run.name, row.name, row.mean, row.sd, *ends, row.best])
        for name, chi2 in {**run.best.chi2, "chi2": run.best.total}.items():
            label = name if name == "chi2" else f"chi2__{name}"
            writer.writerow([run.name, label, *[""] * 6, chi2])
        writer.writerow([run.name, "R-1", run.R_minus_1, *[""] * 6])
        writer.writerow([run.name, "effective_samples", run.effective_samples, *[""] * 6])
    return out.getvalue().rstrip("\n")


FORMATS: dict[str, Callable[..., str]] = {"text": summary, "latex": latex, "csv": comma_separated}


def _parameters(runs: Sequence[Run]) -> list[list[str]]:
    if len(runs) == 1:
        cells = [
            [row.name, row.number(row.mean), row.text(0), row.text(1), row.number(row.best)]
            for row in rows(runs[0])
        ]
        return [["parameter", "mean", "68%", "95%", "best fit"], *cells]
    tables = [{row.name: row for row in rows(run)} for run in runs]
    lines = [["parameter", *(run.name for run in runs)]]
    for name in _union(tables):
        lines.append([name, *(_beside(table[name]) if name in table else "" for table in tables)])
    return lines


def _beside(row: Row) -> str:
    two, limit = row.limits
    one_sided = limit.onetail_upper or limit.onetail_lower
    if two.twotail and not one_sided:
        return f"{row.number(row.mean)} {row.text(0)}"
    return f"{row.text(1)} (95%)" if one_sided else row.text(1)


def chi2_by_likelihood(runs: Sequence[Run]) -> list[list[str]]:
    """chi2 by likelihood at the best fit, one column a run."""
    found = [{**run.best.chi2, "chi2": run.best.total} for run in runs]
    heads = [
        f"best fit ({'minimiser' if run.best.minimised else 'best of the chains'})" for run in runs
    ]
    lines = [["chi2", *heads]]
    for name in sorted(_union(found), key=lambda name: name == "chi2"):
        cells = (f"{chi2[name]:.2f}" if name in chi2 else "" for chi2 in found)
        lines.append([name.split(".")[-1], *cells])
    return lines


def _union(tables: Sequence[dict]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))


def _ends(limit: ParamLimit) -> tuple[float | str, float | str]:
    lower = limit.lower if limit.twotail or limit.onetail_lower else ""
    upper = limit.upper if limit.twotail or limit.onetail_upper else ""
    return lower, upper


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)


def _tex_line(first: str, cells) -> str:
    return " & ".join([first, *cells]) + r" \\"


def _tex_alone(row: Row) -> list[str]:
    texts = [row.number(row.mean), row.text(0), row.text(1), row.number(row.best)]
    found = [re.sub(r"e(-?)\+?0*(\d+)", r"\\times 10^{\1\2}", text) for text in texts]
    return [text if text == "unconstrained" else f"${text}$" for text in found]


def _tex_escape(text: str) -> str:
    return text.translate({ord(c): "\\" + c for c in "_%&#$"})
