"""Figures of posteriors: pairs of parameters, S8 against H0, and how the chains ran."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from getdist import plots

from ede_wbins.analysis.figures.style import COLOURS, PRIOR, WIDTH, colour, figure, line
from ede_wbins.analysis.measurements import MEASUREMENTS
from ede_wbins.analysis.run import Run, load_run
from ede_wbins.convergence import CONVERGED, running
from ede_wbins.errors import EDEWBinsError

_TRIANGLE = ("fEDE", "log10z_c", "thetai_ede", "H0", "S8")
_TRACED = ("fEDE", "H0", "S8")
_PANEL = 0.95
_BEHIND = {"color": "0.5", "linestyle": ":"}


def triangle(runs: Sequence[Run], names: Sequence[str] = ()) -> plt.Figure:
    """68 and 95% of `names`, or of dark energy, H0 and S8; the prior on the diagonal."""
    bins = [f"w{i}" for i in range(1, 1 + max(len(run.z_edges) for run in runs))]
    if not names:
        wanted = (*_TRIANGLE[:3], *bins, *_TRIANGLE[3:])
        names = [name for name in wanted if any(run.has(name) for run in runs)]
    for name in names:
        if not any(run.has(name) for run in runs):
            runs[0].require(name)
    if not names:
        raise EDEWBinsError(f"{runs[0].prefix}: none of {', '.join(_TRIANGLE)} in the chains")
    plotter = plots.get_subplot_plotter(width_inch=max(WIDTH, _PANEL * len(names)))
    settings = plotter.settings
    settings.scaling = False
    settings.axes_fontsize, settings.lab_fontsize, settings.legend_fontsize = 8, 11, 10
    settings.figure_legend_frame = False
    settings.num_plot_contours = 2
    settings.alpha_filled_add = 0.75
    settings.axis_tick_max_labels = 3
    plotter.triangle_plot(
        [run.samples for run in runs],
        names,
        filled=True,
        contour_colors=[colour(i) for i in range(len(runs))],
        legend_labels=[],
        line_args=[{"color": colour(i), "ls": line(i)} for i in range(len(runs))],
    )
    handles = [plt.Line2D([], [], color=colour(i), linestyle=line(i)) for i in range(len(runs))]
    labels = [run.name for run in runs]
    if prior := runs[0].prior:
        for i, name in enumerate(names):
            if prior.has(name):
                _behind(plotter.subplots[i, i], prior, name)
        handles.append(plt.Line2D([], [], **_BEHIND))
        labels.append("prior")
    if len(labels) > 1:
        plotter.fig.legend(handles, labels, loc="upper right", frameon=False, fontsize=10)
    return plotter.fig


def _behind(ax: plt.Axes, prior: Run, name: str) -> None:
    """The prior's density where the posterior is: in two dimensions a flat one shows only noise."""
    density = prior.samples.get1DDensity(name)
    low, high = ax.get_xlim()
    x = np.linspace(max(low, density.x[0]), min(high, density.x[-1]), 200)
    ax.plot(x, density.Prob(x) / density.P.max(), **_BEHIND)
    ax.set_xlim(low, high)


def s8h0(runs: Sequence[Run]) -> plt.Figure:
    """The plane of H0 and S8, with the bands of SH0ES and of DES with KiDS."""
    for run in runs:
        run.require("H0", "S8")
    plotter = plots.get_single_plotter(width_inch=WIDTH, ratio=0.8)
    settings = plotter.settings
    settings.scaling = False
    settings.axes_fontsize, settings.lab_fontsize, settings.legend_fontsize = 8, 10, 7
    settings.figure_legend_frame = False
    plotter.plot_2d(
        [run.samples for run in runs],
        ["H0", "S8"],
        filled=True,
        colors=[colour(i) for i in range(len(runs))],
        alphas=[1.0] + [0.75] * (len(runs) - 1),
    )
    ax = plotter.get_axes()
    bands = {"SH0ES": (ax.axvspan, COLOURS[4]), "DES Y3": (ax.axhspan, "0.45")}
    handles = []
    for name, (span, shade) in bands.items():
        measured = MEASUREMENTS[name]
        for errors, alpha in ((2, 0.15), (1, 0.3)):
            lower = measured.mean - errors * measured.down
            upper = measured.mean + errors * measured.up
            patch = span(lower, upper, color=shade, alpha=alpha, linewidth=0, zorder=0)
        handles.append((patch, name))
    _widen(ax, runs)
    handles = [
        *((plt.Rectangle((0, 0), 1, 1, color=colour(i)), run.name) for i, run in enumerate(runs)),
        *handles,
    ]
    ax.legend(*zip(*handles, strict=True), frameon=False, fontsize=7, loc="upper left", ncols=2)
    return plotter.fig


def _widen(ax: plt.Axes, runs: Sequence[Run]) -> None:
    """Far enough to see both bands, with room for the legend."""
    for axis, name, measured in (("x", "H0", "SH0ES"), ("y", "S8", "DES Y3")):
        lower, upper = zip(
            *(run.samples.confidence(name, np.array([0.001, 0.999])) for run in runs), strict=True
        )
        m = MEASUREMENTS[measured]
        low = min(*lower, m.mean - 2 * m.down)
        high = max(*upper, m.mean + 2 * m.up)
        pad = 0.05 * (high - low)
        top = high + (6 * pad if axis == "y" else pad)
        (ax.set_xlim if axis == "x" else ax.set_ylim)(low - pad, top)


def trace(runs: Sequence[Run]) -> plt.Figure:
    """Each chain of one run against its steps, and R-1 as it fell."""
    if len(runs) > 1:
        raise EDEWBinsError("trace: give one run")
    (run,) = runs
    whole = load_run(run.prefix, 0).samples
    names = [name for name in _TRACED if run.has(name)] or run.parameters[:3]
    fig, axes = figure(len(names) + 1, 0.6 + 0.95 * (len(names) + 1), sharex=True)
    chains = whole.getSeparateChains()
    for i, chain in enumerate(chains):
        steps = np.cumsum(chain.weights)
        for name, ax in zip(names, axes, strict=False):
            values = chain.samples[:, whole.index[name]]
            ax.plot(steps, values, color=colour(i), linewidth=0.5, alpha=0.8, rasterized=True)
            ax.set(ylabel=f"${run.label(name)}$")
    length = min(chain.weights.sum() for chain in chains)
    if run.burn_in < 1:
        for ax in axes[:-1]:
            ax.axvspan(0, run.burn_in * length, color=PRIOR, linewidth=0, zorder=0)
    at, R_minus_1 = running(chains, run.n_sampled, run.burn_in)
    axes[-1].plot(at, R_minus_1, color="black")
    axes[-1].axhline(CONVERGED, color="black", linestyle=":", linewidth=0.8)
    axes[-1].set(yscale="log", ylabel="$R-1$", xlabel="steps of a chain", xlim=(0, length))
    fig.align_ylabels(axes)
    return fig
