"""Figures of a run: posteriors of pairs of parameters, and the band of w(z)."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from getdist import plots

from ede_wbins.analysis.run import Run

_TRIANGLE = ("fEDE", "log10z_c", "thetai_ede", "H0", "S8")
_QUANTILES = {0.95: (0.025, 0.975), 0.68: (0.16, 0.84)}
_OPACITY = {0.95: 0.35, 0.68: 0.8}
# Blue of Okabe and Ito's colours, which colour-blind readers tell from grey.
_COLOUR = "#0072B2"


def save_figures(run: Run, folder: Path) -> list[Path]:
    """
    Draw all figures that a run has the parameters for, as PNG.

    Parameters
    ----------
    run : Run
        The run.
    folder : Path
        Where the files go, named after the run.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [_save(triangle(run), folder / f"{run.name}_triangle.png")]
    if run.z_edges:
        written.append(_save(w_band(run), folder / f"{run.name}_w.png"))
    return written


def triangle(run: Run) -> plt.Figure:
    """Marginalised posteriors, 68 and 95%, of early and late dark energy, H0 and S8."""
    bins = [f"w{i}" for i in range(1, 1 + len(run.z_edges))]
    names = [name for name in (*_TRIANGLE[:3], *bins, *_TRIANGLE[3:]) if run.has(name)]
    plotter = plots.get_subplot_plotter(width_inch=8)
    plotter.settings.axes_fontsize = plotter.settings.lab_fontsize = 11
    plotter.triangle_plot(run.samples, names, filled=True, contour_colors=[_COLOUR])
    return plotter.fig


def w_band(run: Run) -> plt.Figure:
    """w(z) in steps: median, 68 and 95% of each bin, with the prior's range behind."""
    edges = np.array((0.0, *run.z_edges))
    names = [f"w{i}" for i in range(1, len(edges))]
    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    lower, upper = np.array([_range(run, name) for name in names]).T
    axes.stairs(upper, edges, baseline=lower, fill=True, color="0.92", label="prior")
    for level, ends in _QUANTILES.items():
        lower, upper = np.array([_quantiles(run, name, ends) for name in names]).T
        style = {"color": _COLOUR, "alpha": _OPACITY[level], "label": f"{level:.0%}"}
        axes.stairs(upper, edges, baseline=lower, fill=True, **style)
    (median,) = np.array([_quantiles(run, name, [0.5]) for name in names]).T
    axes.stairs(median, edges, baseline=None, color="black", label="median")
    axes.axhline(-1, color="black", linestyle=":", linewidth=1)
    axes.set(xlabel="$z$", ylabel="$w(z)$", xlim=(0, edges[-1]))
    figure.legend(frameon=False, ncols=4, fontsize=8, loc="outside upper center")
    return figure


def _quantiles(run: Run, name: str, quantiles) -> np.ndarray:
    return np.atleast_1d(run.samples.confidence(name, np.array(quantiles)))


def _range(run: Run, name: str) -> tuple[float, float]:
    """The prior's range, or the samples' where the prior has no edge."""
    values = run.samples[name]
    lower, upper = (run.samples.ranges.getLower(name), run.samples.ranges.getUpper(name))
    return (values.min() if lower is None else lower, values.max() if upper is None else upper)


def _save(figure: plt.Figure, path: Path) -> Path:
    figure.savefig(path, dpi=160)
    plt.close(figure)
    return path
