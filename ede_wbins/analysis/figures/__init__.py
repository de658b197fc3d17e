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


def default_kinds(run: Run) -> list[str]:
    """What a run has the parameters for, without what needs CLASS."""
    kinds = ["triangle"]
    kinds += ["w"] * bool(run.z_edges)
    has_background = run.has("H0") and ("omega_b" in run.info["params"])
    kinds += ["f_ede"] * (has_background and run.has("fEDE"))
    kinds += ["expansion"] * (has_background and run.has("rs_drag"))
    kinds += ["s8h0"] * run.has("H0", "S8")
    return kinds + ["trace"] * run.is_mcmc


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
        Where the files go, named after the runs.
    kinds : sequence of str
        Among `KINDS`; all that the first run has the parameters for, without spectra, by default.
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
    if not kinds:
        kinds = [k for k in default_kinds(runs[0]) if len(runs) == 1 or k != "trace"]
    folder.mkdir(parents=True, exist_ok=True)
    name = "+".join(run.name for run in runs)
    written = []
    for kind in kinds:
        drawn = draw(kind, runs)
        with publication():
            for ending in formats:
                path = folder / f"{name}_{kind}.{ending}"
                drawn.savefig(path, dpi=_DPI)
                written.append(path)
                if report:
                    report(path)
        plt.close(drawn)
    return written
