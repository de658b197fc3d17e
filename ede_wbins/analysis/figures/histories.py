"""Figures against redshift: w(z), f_EDE(z), expansion and distances."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from ede_wbins.analysis.figures.style import OPACITY, PRIOR, colour, figure, line
from ede_wbins.analysis.history import LEVELS, Band, band, best_background, histories
from ede_wbins.analysis.measurements import (
    PLANCK_LCDM,
    PLANCK_RS_DRAG,
    Point,
    bao_points,
    supernovae,
)
from ede_wbins.analysis.run import Run
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.species import KM_S_MPC

_SPEED_OF_LIGHT = 299792.458  # km/s
# Radial, transverse, and averaged over directions.
_MARKER = {"H": "o", "DM": "o", "DV": "s"}


def w(runs: Sequence[Run]) -> plt.Figure:
    """w(z) in steps: median, 68 and 95% of each bin, with the prior behind; one panel a run."""
    for run in runs:
        if not run.z_edges:
            raise EDEWBinsError(f"{run.prefix}: has no bins of w(z)")
    height = 0.7 + 1.7 * len(runs)
    fig, axes = figure(len(runs), height, sharex=True, squeeze=False)
    for i, (run, ax) in enumerate(zip(runs, axes[:, 0], strict=True)):
        _w_panel(ax, run, i)
        if len(runs) > 1:
            ax.text(0.03, 0.06, run.name, transform=ax.transAxes, fontsize=7)
    axes[-1, 0].set(xlabel="$z$", xlim=(0, max(run.z_edges[-1] for run in runs)))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, ncols=4, loc="outside upper center", columnspacing=1)
    return fig


def _w_panel(ax: plt.Axes, run: Run, i: int) -> None:
    edges = np.array((0.0, *run.z_edges))
    names = [f"w{j}" for j in range(1, len(edges))]
    prior = _prior_quantiles(run, names)
    for level, (lower, upper) in prior.items():
        shade = PRIOR if level == 0.95 else "0.78"
        ax.stairs(upper, edges, baseline=lower, fill=True, color=shade, label=f"prior {level:.0%}")
    for level, ends in LEVELS.items():
        ranges = [run.samples.confidence(name, np.array(ends)) for name in names]
        lower, upper = np.array(ranges).T
        style = {"color": colour(i), "alpha": 2 * OPACITY[level] - 0.15}
        ax.stairs(upper, edges, baseline=lower, fill=True, label=f"{level:.0%}", **style)
    median = [run.samples.confidence(name, 0.5) for name in names]
    ax.stairs(median, edges, baseline=None, color="black", linewidth=1.2, label="median")
    ax.axhline(-1, color="black", linestyle=":", linewidth=0.8)
    ax.set(ylabel="$w(z)$")


def _prior_quantiles(run: Run, names: list[str]) -> dict[float, np.ndarray]:
    """Central ranges of the prior-only run, or of the flat prior; only 95% to keep it readable."""
    ends = np.array(LEVELS[0.95])
    if run.prior and run.prior.has(*names):
        return {0.95: np.array([run.prior.samples.confidence(name, ends) for name in names]).T}
    found = []
    for name in names:
        ranges, values = run.samples.ranges, run.samples[name]
        lower, upper = ranges.getLower(name), ranges.getUpper(name)
        if lower is None or upper is None:
            found.append((values.min(), values.max()))
        else:
            found.append(lower + (upper - lower) * ends)
    return {0.95: np.array(found).T}


def f_ede(runs: Sequence[Run]) -> plt.Figure:
    """f_EDE(z): median, 68 and 95%, and the best fit; the prior's 95% behind, cut off."""
    fig, ax = figure()
    z = np.geomspace(100, 1e5, 300)
    top = 0.0
    for i, run in enumerate(runs):
        run.require("fEDE")
        values = band(histories(run), lambda each: each.background.f_ede(z))
        _draw(ax, z, values, run, i)
        best = best_background(run).f_ede(z)
        ax.plot(z, best, color="black", linestyle=line(i + 1), linewidth=0.9)
        top = max(top, best.max(), values.ranges[0.95][1].max())
    if (prior := runs[0].prior) and prior.has("fEDE"):
        # In the posterior's universe: of the prior's, many have no place for dark energy.
        mean = {p: runs[0].samples.mean(p) for p in ("H0", "omega_b", "omega_cdm")}
        _, upper = band(histories(prior, **mean), lambda h: h.background.f_ede(z)).ranges[0.95]
        ax.fill_between(z, 0, upper, color=PRIOR, linewidth=0, zorder=0, label="prior 95%")
    ax.plot([], [], color="black", linestyle="--", linewidth=0.9, label="best fit")
    ax.set(xscale="log", xlabel="$z$", ylabel=r"$f_\mathrm{EDE}(z)$", xlim=(z[0], z[-1]))
    ax.set_ylim(0, 1.05 * top)
    ax.legend(frameon=True, framealpha=1, edgecolor="none")
    return fig


def expansion(runs: Sequence[Run]) -> plt.Figure:
    """
    H(z) and D_M(z), in units of the sound horizon, over Planck's LambdaCDM, with the data.

    Data are BAO and supernovae, whose zero point is fitted to the median of the first run.
    """
    fig, (top, bottom) = figure(2, 4.2, sharex=True)
    z = np.linspace(0.01, 2.6, 130)
    for i, run in enumerate(runs):
        run.require("rs_drag")
        samples = histories(run)
        H = band(samples, lambda each: each.background.hubble(z) * each.values["rs_drag"])
        H = H.over(PLANCK_LCDM.hubble(z) * PLANCK_RS_DRAG)
        D = band(
            samples, lambda each: each.background.comoving_distance(z) / each.values["rs_drag"]
        )
        D = D.over(PLANCK_LCDM.comoving_distance(z) / PLANCK_RS_DRAG)
        _draw(top, z, H, run, i)
        _draw(bottom, z, D, run, i)
        if i == 0:
            first = D
    for point in bao_points(runs[0]):
        _draw_bao(top, bottom, point)
    _draw_supernovae(bottom, z, first)
    for ax in (top, bottom):
        ax.axhline(1, color="black", linestyle=":", linewidth=0.8)
    top.set(ylabel=r"$H\,r_\mathrm{d}\;/\;(H\,r_\mathrm{d})_{\Lambda\mathrm{CDM}}$")
    label = r"$(D_\mathrm{M}/r_\mathrm{d})\;/\;(D_\mathrm{M}/r_\mathrm{d})_{\Lambda\mathrm{CDM}}$"
    bottom.set(xlabel="$z$", ylabel=label, xlim=(0, z[-1]))
    top.legend(ncols=2)
    style = {"color": "black", "linestyle": "none", "markersize": 3}
    bottom.plot([], [], marker="o", label=r"BAO, $D_\mathrm{M}$ or $H$", **style)
    bottom.plot([], [], marker="s", markerfacecolor="white", label=r"BAO, $D_\mathrm{V}$", **style)
    bottom.plot(
        [], [], marker="D", **{**style, "color": "0.5"}, label="supernovae, zero point fitted"
    )
    bottom.legend(handles=bottom.get_lines()[-3:], handletextpad=0.1)
    return fig


def _draw(ax: plt.Axes, z: np.ndarray, values: Band, run: Run, i: int) -> None:
    for level, (lower, upper) in values.ranges.items():
        ax.fill_between(z, lower, upper, color=colour(i), alpha=OPACITY[level], linewidth=0)
    ax.plot(z, values.median, color=colour(i), linestyle=line(i), label=run.name)


def _reference(point: Point) -> float:
    """What Planck's LambdaCDM has where a BAO point is."""
    z = np.array([point.z])
    H = float(PLANCK_LCDM.hubble(z)[0] / KM_S_MPC)
    D = float(PLANCK_LCDM.comoving_distance(z)[0])
    volume = (D**2 * _SPEED_OF_LIGHT * point.z / H) ** (1 / 3)
    return {
        "DM_over_rs": D / PLANCK_RS_DRAG,
        "DH_over_rs": _SPEED_OF_LIGHT / H / PLANCK_RS_DRAG,
        "DV_over_rs": volume / PLANCK_RS_DRAG,
        "rs_over_DV": PLANCK_RS_DRAG / volume,
        "Hz_rs": H * PLANCK_RS_DRAG,
    }[point.kind]


def _draw_bao(top: plt.Axes, bottom: plt.Axes, point: Point) -> None:
    ratio, error = np.array([point.value, point.error]) / _reference(point)
    if point.kind in ("rs_over_DV", "DH_over_rs"):
        ratio, error = 1 / ratio, error / ratio**2
    radial = point.kind in ("Hz_rs", "DH_over_rs")
    averaged = "DV" in point.kind
    style = {"fmt": _MARKER["DV" if averaged else "DM"], "color": "black", "markersize": 3}
    style |= {"markerfacecolor": "white"} if averaged else {}
    (top if radial else bottom).errorbar(point.z, ratio, error, linewidth=0.9, zorder=4, **style)


def _draw_supernovae(ax: plt.Axes, z: np.ndarray, curve: Band) -> None:
    at, magnitude, error = supernovae()
    residual = magnitude - 5 * np.log10((1 + at) * PLANCK_LCDM.comoving_distance(at))
    model = 5 * np.log10(np.interp(at, z, curve.median))
    offset = np.average(residual - model, weights=error**-2)
    ratio = 10 ** ((residual - offset) / 5)
    style = {"fmt": "D", "color": "0.5", "markersize": 2, "linewidth": 0.7, "zorder": 3}
    ax.errorbar(at, ratio, ratio * np.log(10) / 5 * error, **style)
