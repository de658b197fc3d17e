"""Figures of runs, ready for one column of a paper."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from ede_wbins.analysis.figures.cmb import spectra
from ede_wbins.analysis.figures.counts import bins
from ede_wbins.analysis.figures.histories import expansion, f_ede, w
from ede_wbins.analysis.figures.posteriors import s8h0, trace, triangle
from ede_wbins.analysis.figures.style import publication
from ede_wbins.analysis.run import Run
from ede_wbins.errors import EDEWBinsError

KINDS: dict[str, Callable[[Sequence[Run]], plt.Figure]] = {
    "triangle": triangle,
    "w": w,
    "f_ede": f_ede,
    "expansion": expansion,
    "spectra": spectra,
    "s8h0": s8h0,
    "trace": trace,
    "bins": bins,
}

FILES = ("pdf", "png")
"""Kinds of files."""

_DPI = 300


def default_figures(runs: Sequence[Run]) -> list[tuple[str, list[Run]]]:
    """
    Kinds of figures, each with the runs that have what it takes, without what needs CLASS.

    Traces are of one run each.
    """

    def those(condition: Callable[[Run], bool]) -> list[Run]:
        return [run for run in runs if condition(run)]

    expanding = those(lambda run: run.has("H0") and "omega_b" in run.info["params"])
    figures = [
        ("triangle", list(runs)),
        ("w", those(lambda run: bool(run.z_edges))),
        ("f_ede", [run for run in expanding if run.has("fEDE")]),
        ("expansion", [run for run in expanding if run.has("rs_drag")]),
        ("s8h0", those(lambda run: run.has("H0", "S8"))),
        *(("trace", [run]) for run in those(lambda run: run.is_mcmc)),
    ]
    return [(kind, group) for kind, group in figures if group]


def draw(kind: str, runs: Sequence[Run]) -> plt.Figure:
    """
    One kind of figure.

    Raises
    ------
    EDEWBinsError
        If there is no such kind, or a run lacks what it takes.
    """
    if kind not in KINDS:
        raise EDEWBinsError(f"figure = {kind!r}: must be one of {', '.join(KINDS)}")
    with publication():
        return KINDS[kind](runs)


def save_figures(
    runs: Run | Sequence[Run],
    folder: Path,
    kinds: Sequence[str] = (),
    formats: Sequence[str] = FILES,
    report: Callable[[Path], None] | None = None,
) -> list[Path]:
    """
    Draw figures of one run, or of several together.

    Parameters
    ----------
    runs : Run or sequence of Run
        What to draw.
    folder : Path
        Where the files go, named after the runs in them.
    kinds : sequence of str
        Among `KINDS`; by default all but spectra, each of the runs that have what it takes.
    formats : sequence of str
        Endings of the files.
    report : callable, optional
        Gets each file once it is written.

    Returns
    -------
    list of Path
        The files written.
    """
    runs = [runs] if isinstance(runs, Run) else list(runs)
    figures = [(kind, runs) for kind in kinds] or default_figures(runs)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, group in figures:
        name = "+".join(run.name for run in group)
        drawn = draw(kind, group)
        with publication():
            for ending in formats:
                path = folder / f"{name}_{kind}.{ending}"
                drawn.savefig(path, dpi=_DPI)
                written.append(path)
                if report:
                    report(path)
        plt.close(drawn)
    return written
