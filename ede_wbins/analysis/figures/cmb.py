"""CMB spectra: what the data leave over the best fit, and how runs differ."""

from collections.abc import Sequence
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np

from ede_wbins.analysis.figures.style import colour, figure, line
from ede_wbins.analysis.run import Run
from ede_wbins.analysis.spectra import L_MAX, best_spectra
from ede_wbins.likelihoods.bandpowers import BandpowerWindows

_LABEL = {"tt": "TT", "ee": "EE"}
_PER_POINT = {"tt": 6, "ee": 8}


def spectra(runs: Sequence[Run]) -> plt.Figure:
    """TT and EE of Planck 2018 (plik-lite) over the first run's best fit, and the other runs'."""
    computed = [best_spectra(run) for run in runs]
    fig, axes = figure(2, 3.8, sharex=True)
    ell = np.arange(L_MAX + 1)
    for ax, (name, label) in zip(axes, _LABEL.items(), strict=True):
        at, residual, error = _data(name, computed[0])
        ax.errorbar(at, residual, error, fmt="o", color="0.35", markersize=2, linewidth=0.7)
        ax.axhline(0, color=colour(0), label=f"{runs[0].name}, best fit")
        for i, (run, dl) in enumerate(zip(runs[1:], computed[1:], strict=True), start=1):
            difference = dl[name] - computed[0][name]
            ax.plot(ell[30:], difference[30:], color=colour(i), linestyle=line(i), label=run.name)
        ax.set(ylabel=rf"$\Delta D_\ell^{{\rm {label}}}\ [\mu\mathrm{{K}}^2]$")
    axes[0].legend()
    axes[-1].set(xlabel=r"$\ell$", xlim=(0, L_MAX))
    fig.align_ylabels(axes)
    return fig


def _data(name: str, dl: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Multipole, data less theory, error; several bands a point, by their errors."""
    with (files("ede_wbins.likelihoods.planck_compressed") / "pliklite.npz").open("rb") as file:
        table = np.load(file, allow_pickle=False)
        windows = BandpowerWindows(table["edges"], table["weights"], table["counts"])
    rows = np.loadtxt((files("ede_wbins.analysis") / "planck_bandpowers.txt").open())
    starts = np.cumsum([0, *windows.counts])
    i = {"tt": 0, "te": 1, "ee": 2}[name]
    rows, theory = rows[starts[i] : starts[i + 1]], windows.bin(dl)[starts[i] : starts[i + 1]]
    ell, value, error = rows.T
    to_dl = ell * (ell + 1) / (2 * np.pi)
    residual, error = to_dl * (value - theory), to_dl * error
    weights = error**-2
    groups = np.arange(0, len(ell), _PER_POINT[name])
    norm = np.add.reduceat(weights, groups)
    return (
        np.add.reduceat(weights * ell, groups) / norm,
        np.add.reduceat(weights * residual, groups) / norm,
        norm**-0.5,
    )
