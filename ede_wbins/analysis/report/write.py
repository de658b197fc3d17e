"""Puts a report together: numbers, figures as data, and what the run was, in one HTML file."""

import base64
import io
import logging
from collections.abc import Callable, Sequence
from html import escape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import matplotlib.pyplot as plt
from cobaya.bib import get_bib_info
from cobaya.log import LoggedError
from cobaya.yaml import yaml_dump

from ede_wbins.analysis import table
from ede_wbins.analysis.figures import KINDS, default_figures, draw, publication
from ede_wbins.analysis.report import words
from ede_wbins.analysis.run import Run
from ede_wbins.analysis.tension_report import Tension, measured_tensions

_DPI = 200
_PACKAGES = ("ede-wbins", "cobaya", "getdist", "numpy", "scipy")
_SECTIONS = ("Summary", "Parameters", "Chi2", "Tensions", "Figures", "Priors", "Input", "Citations")
_SECURITY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)


def write_report(
    runs: Sequence[Run],
    path: Path,
    kinds: Sequence[str] = (),
    report: Callable[[str], None] | None = None,
) -> Path:
    """
    Write the report of runs.

    Parameters
    ----------
    runs : sequence of Run
        One or more.
    path : Path
        The HTML file.
    kinds : sequence of str
        Kinds of figures; by default all, each of the runs that have what it takes, and spectra of
        those where they were computed before.
    report : callable, optional
        Gets the name of each figure before it is drawn.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    EDEWBinsError
        If a figure cannot be drawn.
    """
    # Before the figures, which take a while.
    path.parent.mkdir(parents=True, exist_ok=True)
    tensions = [each for run in runs for each in measured_tensions(run)]
    title = "Report: " + ", ".join(run.name for run in runs)
    bodies = {
        "Summary": _summary(runs, tensions),
        "Parameters": _parameters(runs),
        "Chi2": _chi2(runs),
        "Tensions": _tensions(tensions),
        "Figures": _figures(_chosen(runs, kinds), report),
        "Priors": "".join(_priors(run) for run in runs),
        "Input": "".join(_input(i, run) for i, run in enumerate(runs)) + _versions(runs),
        "Citations": _citations(runs),
    }
    sections = "".join(
        f'<section id="{name.lower()}"><h2>{_HEADINGS.get(name, name)}</h2>{bodies[name]}</section>'
        for name in _SECTIONS
    )
    links = "".join(
        f'<li><a href="#{name.lower()}">{_HEADINGS.get(name, name)}</a></li>' for name in _SECTIONS
    )
    folder = files("ede_wbins.analysis.report")
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_SECURITY}">
<title>{escape(title)}</title>
<style>{(folder / "style.css").read_text()}</style>
</head>
<body>
<a class="skip" href="#summary">Skip to the summary</a>
<h1>{escape(title)}</h1>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main>{sections}</main>
<dialog aria-label="Enlarged figure"><p><button data-zoom type="button">Fit or full size</button>
<button data-close type="button">Close</button></p><img alt=""></dialog>
<script>{(folder / "script.js").read_text()}</script>
</body>
</html>
"""
    path.write_text(page, encoding="utf-8")
    return path


_HEADINGS = {"Chi2": "&chi;&sup2; of the best fit", "Input": "Input and versions"}


def _summary(runs: Sequence[Run], tensions: Sequence[Tension]) -> str:
    own = {run.name: [each for each in tensions if each.run == run.name] for run in runs}
    text = "".join(f"<p>{escape(' '.join(words.summary(run, own[run.name])))}</p>" for run in runs)
    found = [warning for run in runs for warning in words.warnings(run)]
    if not found:
        return text
    listed = "".join(f"<li>{escape(each)}</li>" for each in found)
    return (
        f'{text}<div class="warnings" role="note" aria-label="Warnings">'
        f"<p><strong>Before you trust it</strong></p><ul>{listed}</ul></div>"
    )


def _parameters(runs: Sequence[Run]) -> str:
    parts = []
    for run in runs:
        lines = [
            [row.name, row.number(row.mean), row.text(0), row.text(1), row.number(row.best)]
            for row in table.rows(run)
        ]
        heads = ["parameter", "mean", "68%", "95%", "best fit"]
        parts.append(_table(heads, lines, table.convergence(run)))
    return "".join(parts)


def _chi2(runs: Sequence[Run]) -> str:
    heads, *lines = table.chi2_by_likelihood(runs)
    names = [run.name for run in runs]
    captioned = [f"{name}: {head}" for name, head in zip(names, heads[1:], strict=True)]
    return _table(["likelihood", *captioned], lines, "-2 ln L")


def _tensions(tensions: Sequence[Tension]) -> str:
    if not tensions:
        return "<p>The runs have no parameter that was measured.</p>"
    lines = [
        [
            each.run,
            each.other,
            each.parameter,
            f"{each.shift.n_sigma:.2f} ± {each.shift.error:.2f}",
            f"{each.thumb:.2f}",
        ]
        for each in tensions
    ]
    heads = ["run", "measurement", "parameter", "exact (sigma)", "Gaussian (sigma)"]
    return _table(heads, lines, "Exact: probability of a difference at least as unlikely")


def _figures(figures: Sequence[tuple[str, Sequence[Run]]], report=None) -> str:
    parts = []
    for kind, group in figures:
        names = ", ".join(run.name for run in group)
        caption = f"{_CAPTIONS[kind]} ({names})"
        if report:
            report(f"{kind} of {names}")
        with publication():
            drawn = draw(kind, group)
            data = io.BytesIO()
            drawn.savefig(data, format="png", dpi=_DPI, bbox_inches="tight", pad_inches=0.05)
        plt.close(drawn)
        encoded = base64.b64encode(data.getvalue()).decode()
        parts.append(
            f'<figure><button type="button" aria-label="Enlarge: {escape(caption)}">'
            f'<img src="data:image/png;base64,{encoded}" alt="{escape(caption)}"></button>'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="figures">{"".join(parts)}</div>'


_CAPTIONS = {
    "triangle": "Posteriors, 68 and 95%",
    "w": "Equation of state of late dark energy, with the prior behind",
    "f_ede": "Fraction of early dark energy",
    "expansion": "Expansion rate and distance over Planck's LambdaCDM",
    "spectra": "CMB spectra of Planck over the best fit",
    "s8h0": "S8 and H0, with SH0ES and DES",
    "trace": "Chains and their convergence",
    "bins": "Results against the number of bins",
}


def _chosen(runs: Sequence[Run], kinds: Sequence[str]) -> list[tuple[str, Sequence[Run]]]:
    """The figures of those kinds, or all there can be without a call of CLASS."""
    if kinds:
        groups = {"trace": [[run] for run in runs]}
        return [(kind, group) for kind in kinds for group in groups.get(kind, [runs])]
    figures = default_figures(runs)
    computed = [run for run in runs if run.prefix.with_name(f"{run.name}.spectra.npz").is_file()]
    figures += [("spectra", computed)] * bool(computed)
    figures += [("bins", runs)] * (len({len(run.z_edges) for run in runs}) > 1)
    return sorted(figures, key=lambda figure: list(KINDS).index(figure[0]))


def _priors(run: Run) -> str:
    lines = []
    for name, value in run.info["params"].items():
        if isinstance(value, dict) and "prior" in value:
            prior = value["prior"]
            text = prior if isinstance(prior, str) else " ".join(yaml_dump(prior).split())
            lines.append([name, text])
    lines += [
        [f"external: {name}", str(text)] for name, text in (run.info.get("prior") or {}).items()
    ]
    return _table(["parameter", "prior"], lines, run.name)


def _input(i: int, run: Run) -> str:
    text = escape(yaml_dump({key: x for key, x in run.info.items() if key != "version"}))
    return (
        f"<details><summary>Full input of {escape(run.name)}, defaults included</summary>"
        f'<p><button class="copy" type="button" data-source="yaml-{i}">Copy</button></p>'
        f'<pre id="yaml-{i}" tabindex="0">{text}</pre></details>'
    )


def _versions(runs: Sequence[Run]) -> str:
    lines = [[name, version(name)] for name in _PACKAGES]
    for run in runs:
        for name, options in (run.info.get("theory") or {}).items():
            found = (options or {}).get("version") or "unknown"
            lines.append([f"{name} in {run.name} (CLASS + patch)", str(found)])
    return _table(["code", "version"], lines, "Versions: here, and of the theory that ran")


def _citations(runs: Sequence[Run]) -> str:
    found: dict[str, None] = {}
    logging.disable(logging.CRITICAL)
    try:
        for run in runs:
            _, bibtex = get_bib_info(run.info)
            for components in bibtex.values():
                found.update(dict.fromkeys(str(text).strip() for text in components.values()))
    except LoggedError as error:
        return f"<p>No citations: {escape(str(error))}</p>"
    finally:
        logging.disable(logging.NOTSET)
    text = escape("\n\n".join(found))
    return (
        '<p><button class="copy" type="button" data-source="bibtex">Copy BibTeX</button></p>'
        f'<pre id="bibtex" tabindex="0">{text}</pre>'
    )


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]], caption: str) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in lines
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
