"""fEDE, H0 and S8 against the number of bins of w(z), as in arXiv:2302.07333."""

from collections.abc import Sequence

import matplotlib.pyplot as plt

from ede_wbins.analysis.figures.style import COLOURS, colour, figure
from ede_wbins.analysis.measurements import MEASUREMENTS
from ede_wbins.analysis.run import Run

_SHOWN = {"fEDE": None, "H0": "SH0ES", "S8": "DES Y3"}
_MARKERS = ("o", "s")
_APART = 0.16


def bins(runs: Sequence[Run]) -> plt.Figure:
    """
    Mean, 68 and 95% against the number of bins, 0 for a cosmological constant; EDE or none.

    Intervals are those of tables: where a posterior touches the end of its prior, from there on.
    """
    for run in runs:
        run.require("H0", "S8")
    counts = sorted({len(run.z_edges) for run in runs})
    groups = {
        "EDE": [run for run in runs if run.has("fEDE")],
        "no EDE": [run for run in runs if not run.has("fEDE")],
    }
    groups = {label: members for label, members in groups.items() if members}
    fig, axes = figure(len(_SHOWN), 4.4, sharex=True)
    for ax, (name, measured) in zip(axes, _SHOWN.items(), strict=True):
        for i, (label, members) in enumerate(groups.items()):
            shift = _APART * (i - (len(groups) - 1) / 2)
            for run in members:
                if run.has(name):
                    _bar(ax, counts.index(len(run.z_edges)) + shift, run, name, i, label)
        if measured:
            m = MEASUREMENTS[measured]
            ax.axhspan(m.mean - m.down, m.mean + m.up, color=COLOURS[4], alpha=0.3, linewidth=0)
            ax.text(0.99, m.mean, measured, fontsize=7, va="center", ha="right", **_across(ax))
        ax.set(
            ylabel=f"${next(run for run in runs if run.has(name) or name != 'fEDE').label(name)}$"
        )
    axes[0].set_ylim(bottom=0)
    axes[-1].set_xticks(range(len(counts)), [str(n) if n else r"$\Lambda$" for n in counts])
    axes[-1].set(xlabel="bins of $w(z)$", xlim=(-0.5, len(counts) - 0.5))
    handles = dict(zip(*axes[1].get_legend_handles_labels()[::-1], strict=True))
    if len(groups) > 1:
        axes[0].legend(handles.values(), handles.keys())
    fig.align_ylabels(axes)
    return fig


def _bar(ax: plt.Axes, x: float, run: Run, name: str, i: int, label: str) -> None:
    parameter = run.samples.getMargeStats().parWithName(name)
    # GetDist has 99%, too.
    for limit, width in zip(parameter.limits[:2], (2.2, 0.8), strict=True):
        ends = limit.lower, limit.upper
        ax.plot([x, x], ends, color=colour(i), linewidth=width, solid_capstyle="butt")
    ax.plot(x, parameter.mean, _MARKERS[i], color=colour(i), markersize=4, label=label)


def _across(ax: plt.Axes) -> dict:
    return {"transform": ax.get_yaxis_transform()}
