"""How far the EDE fluid is from the scalar field: ``python benchmarks/fluid_vs_field.py``.

Each point of a grid in (fEDE, log10z_c, thetai_ede) is computed three times: the field, the fluid
whose true maximum is the field's (``peak``), and the fluid that takes the same numbers for the
fraction at z_c (``at_zc``). All other parameters, H0 among them, stay fixed. Points are kept in a
file as they are computed and are not computed again; a file of another patch is refused.
Writes docs/fluid_vs_field.md and docs/fluid_vs_field.png.
"""

import argparse
import itertools
import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ede_wbins.boltzmann import install, load
from ede_wbins.likelihoods.planck_compressed import FOLDER
from ede_wbins.likelihoods.planck_compressed.bandpowers import SPECTRA, CompressedBandpowers

DOCS = Path(__file__).parents[1] / "docs"
DEFINITIONS = ("peak", "at_zc")
MEASURES = ("TT %", "EE %", "P(k) %", "TT sigma", "EE sigma", "chi2")
GRID = {
    "fEDE": (0.1, 0.05, 0.2),
    "log10z_c": (3.2, 3.5, 3.8, 4.1),
    "thetai_ede": (1.0, 2.0, 2.8),
}
FIXED = {
    "H0": 70.0,
    "omega_b": 0.0225,
    "omega_cdm": 0.126,
    "ln_A_s_1e10": 3.05,
    "n_s": 0.975,
    "tau_reio": 0.055,
    "N_ncdm": 1,
    "m_ncdm": 0.06,
    "N_ur": 2.0308,
    "output": "tCl,pCl,lCl,mPk",
    "lensing": "yes",
    "l_max_scalars": 2508,
    "P_k_max_1/Mpc": 1.0,
}
L = np.arange(2, 2509)
K = np.geomspace(1e-3, 0.99, 120)
T_CMB = 2.7255e6
INTRODUCTION = """\
# What the fluid is worth

Written by `make fluid-map`: the EDE fluid minus the scalar field, for n = 3, at the same
H0 = 70 km/s/Mpc and with all other parameters fixed too. `peak` is `ede_definition: peak`, where
the fluid's true maximum is put where the field's is; `at_zc` (the default) takes the same two
numbers for the fraction *at* z_c. Per cent and sigmas are the largest over l = 2 to 2508, or
k = 1e-3 to 1/Mpc at z = 0; a sigma is the cosmic variance of one multipole, sqrt(2/(2l+1)) C_l.
chi2 is that of the difference itself in Planck plik-lite TT, TE, EE: what the fluid would lose if
the field's spectra were the data, at fixed parameters. A fit would absorb some of it.

"""


def spectra(classy, **parameters) -> dict[str, np.ndarray]:
    """D_l in muK^2 from l = 0, and P(k) today."""
    cosmo = classy.Class()
    cosmo.set({**FIXED, **parameters})
    cosmo.compute()
    cl = cosmo.lensed_cl(int(L[-1]))
    ell = cl["ell"]
    result = {name: T_CMB**2 * ell * (ell + 1) / (2 * np.pi) * cl[name] for name in SPECTRA}
    result["pk"] = np.array([cosmo.pk_lin(k, 0.0) for k in K])
    cosmo.struct_cleanup()
    return result


def measures(fluid: dict, field: dict, planck: CompressedBandpowers) -> list[float]:
    """What MEASURES names."""
    tt, ee = (fluid[name][L] / field[name][L] - 1 for name in ("tt", "ee"))
    pk = fluid["pk"] / field["pk"] - 1
    sigma = np.sqrt(2 / (2 * L + 1))
    difference = {name: fluid[name] - field[name] for name in SPECTRA}
    weighted = planck.projection @ planck.windows.bin(difference)
    largest = [np.abs(x).max() for x in (100 * tt, 100 * ee, 100 * pk, tt / sigma, ee / sigma)]
    return [*map(float, largest), float(weighted @ weighted)]


def compute_grid(classy, store: Path) -> dict[tuple, np.ndarray]:
    """Measures of each point, shape (len(DEFINITIONS), len(MEASURES))."""
    known = {}
    if store.exists():
        with np.load(store) as kept:
            if str(kept["patch"]) != classy.ede_wbins_patch:
                sys.exit(f"{store} was made by another patch of CLASS: remove it")
            known = dict(zip(map(tuple, kept["points"]), kept["measures"], strict=True))
    planck = CompressedBandpowers(FOLDER / "pliklite.npz")
    points = list(itertools.product(*GRID.values()))
    for number, point in enumerate(points, start=1):
        if point not in known:
            ede = dict(zip(GRID, point, strict=True))
            field = spectra(classy, ede_model="scalar", **ede)
            known[point] = np.array(
                [
                    measures(spectra(classy, ede_definition=definition, **ede), field, planck)
                    for definition in DEFINITIONS
                ]
            )
            store.parent.mkdir(parents=True, exist_ok=True)
            np.savez(
                store,
                patch=classy.ede_wbins_patch,
                points=np.array(list(known)),
                measures=np.array(list(known.values())),
            )
        print(f"point {number} of {len(points)}: {point}", file=sys.stderr, flush=True)
    return {point: known[point] for point in sorted(points)}


def document(results: dict[tuple, np.ndarray]) -> str:
    """The table in Markdown, and where the fluid may be used."""
    names = [*GRID, *(f"{m}, {d}" for d in DEFINITIONS for m in MEASURES)]
    rows = [
        [*(f"{x:g}" for x in point), *(f"{x:.2g}" for x in values.ravel())]
        for point, values in results.items()
    ]
    lines = ["| " + " | ".join(row) + " |" for row in [names, ["---"] * len(names), *rows]]
    return "\n".join([INTRODUCTION + region(results), *lines, "\n![Map](fluid_vs_field.png)\n"])


def region(results: dict[tuple, np.ndarray]) -> str:
    """Which points are within a tenth, a quarter and one cosmic-variance sigma, and chi2 of 1."""
    text = "Points of the grid where the fluid at `peak` stays within the bound:\n\n"
    for fEDE in sorted(GRID["fEDE"]):
        plane = np.array([values[0] for point, values in results.items() if point[0] == fEDE])
        sigma, chi2 = plane[:, 3:5].max(axis=1), plane[:, 5]
        text += (
            f"- fEDE = {fEDE:g}: {np.sum(sigma < 1)} of {len(plane)} within one sigma in TT and EE "
            f"(worst {sigma.max():.1f}), {np.sum(chi2 < 1)} with chi2 below 1 "
            f"(smallest {chi2.min():.2g}, largest {chi2.max():.2g})\n"
        )
    return text + "\n"


def draw(results: dict[tuple, np.ndarray], path: Path) -> None:
    """chi2 and the larger of both sigmas at `peak` over log10z_c, one line a theta_i."""
    figure, axes = plt.subplots(2, len(GRID["fEDE"]), figsize=(10, 6), sharex=True, sharey="row")
    for column, fEDE in zip(axes.T, sorted(GRID["fEDE"]), strict=True):
        for theta in GRID["thetai_ede"]:
            values = np.array([results[fEDE, z, theta][0] for z in GRID["log10z_c"]])
            column[0].semilogy(
                GRID["log10z_c"], values[:, 3:5].max(axis=1), "o-", label=rf"$\theta_i$ = {theta:g}"
            )
            column[1].semilogy(GRID["log10z_c"], values[:, 5], "o-")
        column[0].set_title(rf"$f_\mathrm{{EDE}}$ = {fEDE:g}")
        column[1].set_xlabel(r"$\log_{10} z_c$")
        for axis in column:
            axis.axhline(1, color="grey", lw=0.8)
    axes[0, 0].set_ylabel(r"largest $|\Delta C_\ell|/\sigma_\ell$ of TT, EE")
    axes[1, 0].set_ylabel(r"$\chi^2$ in plik-lite")
    axes[0, 0].legend(fontsize=8)
    figure.suptitle("EDE fluid minus scalar field at equal peaks")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-p", "--packages", default=os.environ.get("COBAYA_PACKAGES_PATH", "packages")
    )
    parser.add_argument("--store", type=Path, default=Path("chains/fluid_vs_field.npz"))
    arguments = parser.parse_args()
    install(arguments.packages)
    results = compute_grid(load(arguments.packages), arguments.store)
    text = document(results)
    print(text)
    (DOCS / "fluid_vs_field.md").write_text(text)
    draw(results, DOCS / "fluid_vs_field.png")


if __name__ == "__main__":
    main()
