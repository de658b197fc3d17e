"""The profile likelihood of a parameter, beside its posterior."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import CubicSpline

from ede_wbins.analysis.figures.style import colour, figure, line
from ede_wbins.analysis.profile import Point
from ede_wbins.analysis.run import Run

_RISES = {1.0: "68%", 3.84: "95%"}
_TOP = 12.0


def draw_profile(name: str, points: Sequence[Point], run: Run | None = None) -> plt.Figure:
    """
    Rise of chi2 above its minimum, -2 ln of the posterior above its own, and chi2 by likelihood.

    The posterior is that of `run`, where it has the parameter.
    """
    fig, (top, bottom) = figure(2, 4.2, sharex=True)
    values = np.array([point.value for point in points])
    chi2 = np.array([point.chi2 for point in points])
    fine = np.linspace(values[0], values[-1], 300)
    best = int(np.argmin(chi2))
    curve = CubicSpline(values, chi2 - chi2[best])(fine)
    top.plot(fine, curve - min(curve.min(), 0), color=colour(0), label="profile")
    top.plot(values, chi2 - chi2[best], "o", color=colour(0), markersize=2.5)
    label = name
    if run and run.has(name):
        label = run.label(name)
        density = run.samples.get1DDensity(name)
        x = fine[(fine >= density.x[0]) & (fine <= density.x[-1])]
        with np.errstate(divide="ignore"):
            posterior = -2 * np.log(density.Prob(x) / density.P.max())
        style = {"color": colour(1), "linestyle": line(1)}
        top.plot(x, posterior, label=r"$-2\ln$ posterior", **style)
    for rise, level in _RISES.items():
        top.axhline(rise, color="0.6", linestyle=":", linewidth=0.8)
        top.text(values[-1], rise, f"{level} ", fontsize=6, ha="right", va="bottom", color="0.4")
    top.set(ylabel=r"$\Delta\chi^2$", ylim=(0, _TOP), xlim=(values[0], values[-1]))
    top.legend()
    for i, part in enumerate(points[0].by_likelihood):
        rise = np.array([point.by_likelihood[part] for point in points])
        short = part.split(".")[-1]
        style = {"color": colour(i), "linestyle": line(i), "marker": "o", "markersize": 2}
        bottom.plot(values, rise - rise[best], label=short, **style)
    bottom.axhline(0, color="black", linewidth=0.6)
    bottom.set(xlabel=f"${label}$", ylabel=r"$\Delta\chi^2$ of each")
    bottom.legend(fontsize=6)
    fig.align_ylabels((top, bottom))
    return fig
