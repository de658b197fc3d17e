"""How far EDE's fluids are from the scalar field: ``python benchmarks/fluid_vs_field.py``.

Each point of a grid in (fEDE, log10z_c, thetai_ede) is computed four times: the field, the fluid
whose true maximum is the field's (`peak`), the fluid that takes the same numbers for the fraction
at z_c (`at_zc`), and the field's own background with a fluid that goes on for its perturbations
(`matched`). All other parameters, H0 among them, stay fixed; precision is the default one. Points
done are kept in docs/fluid_vs_field.json, so that a stopped run goes on.
Writes docs/fluid_vs_field.md and docs/fluid_vs_field.png.
"""

import argparse
import itertools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ede_wbins.boltzmann import install, load
from ede_wbins.likelihoods.bandpowers import SPECTRA, CompressedBandpowers
from ede_wbins.likelihoods.planck_compressed import FOLDER
from ede_wbins.theory.options import precision_settings

DOCS = Path(__file__).parents[1] / "docs"
KEPT = DOCS / "fluid_vs_field.json"
FLUIDS = {
    "peak": {"ede_definition": "peak"},
    "at_zc": {"ede_definition": "at_zc"},
    "matched": {"ede_model": "fluid_matched"},
}
MEASURES = ("TT %", "EE %", "P(k) %", "TT sigma", "EE sigma", "chi2")
GRID = {
    "fEDE": (0.1, 0.05, 0.2),
    "log10z_c": (3.0, 3.45, 3.85, 4.3),
    "thetai_ede": (0.1, 2.0, 2.8, 3.1),
}
POINTS = list(itertools.product(*GRID.values()))
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

Written by `make fluid-map`: EDE as a fluid minus the scalar field, for n = 3, at the same
H0 = 70 km/s/Mpc and with all other parameters fixed too. `peak` is the fluid with
`ede_definition: peak`, where its true maximum is put where the field's is; `at_zc` (the default)
takes the same two numbers for the fraction *at* z_c. `matched` is `ede: fluid_matched`: the field's
background, and its perturbations until the scale factor has grown by 1.2 since the peak; from there
on density and momentum are conserved in that background, with the cycle average's sound speed.

Per cent and sigmas are the largest over l = 2 to 2508, or k = 1e-3 to 1/Mpc at z = 0; a sigma is
the cosmic variance of one multipole, sqrt(2/(2l+1)) C_l. chi2 is that of the difference itself in
Planck plik-lite TT, TE, EE: what the fluid would lose if the field's spectra were the data, at
fixed parameters. A fit would absorb some of it.

"""


def spectra(classy, **parameters) -> dict[str, np.ndarray]:
    """D_l in muK^2 from l = 0, and P(k) today."""
    cosmo = classy.Class()
    cosmo.set({**FIXED, **precision_settings("default"), **parameters})
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


def compute_grid(classy) -> Iterator[dict[tuple, np.ndarray]]:
    """Measures of the points known so far, shape (len(FLUIDS), len(MEASURES)); again after each."""
    identity = {"patch": classy.ede_wbins_patch, "precision": precision_settings("default")}
    done = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    known = done["points"] if done.get("identity") == identity else {}
    planck = CompressedBandpowers(FOLDER / "pliklite.npz")
    for point in POINTS:
        yield {each: np.array(known[str(each)]) for each in sorted(POINTS) if str(each) in known}
        if str(point) not in known:
            ede = dict(zip(GRID, point, strict=True))
            field = spectra(classy, ede_model="scalar", **ede)
            known[str(point)] = [
                measures(spectra(classy, **fluid, **ede), field, planck)
                for fluid in FLUIDS.values()
            ]
            KEPT.write_text(json.dumps({"identity": identity, "points": known}, indent=1) + "\n")
        print(f"{len(known)} of {len(POINTS)} points", file=sys.stderr, flush=True)
    yield {each: np.array(known[str(each)]) for each in sorted(POINTS)}


def document(results: dict[tuple, np.ndarray]) -> str:
    """A section for each fluid: where it may be used, and a table."""
    parts = [INTRODUCTION]
    if len(results) < len(POINTS):
        parts.append(f"Stopped after {len(results)} of {len(POINTS)} points.\n\n")
    for number, name in enumerate(FLUIDS):
        plane = {point: values[number] for point, values in results.items()}
        rows = [[f"{x:g}" for x in point] + [f"{x:.2g}" for x in plane[point]] for point in plane]
        header = [*GRID, *MEASURES]
        lines = ["| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows]]
        parts += [f"## {name}\n\n", region(plane), "\n".join(lines), "\n\n"]
    return "".join([*parts, "![Map](fluid_vs_field.png)\n"])


def region(plane: dict[tuple, np.ndarray]) -> str:
    """How many points are within a chi2 of 1, and which within one cosmic-variance sigma."""
    text = ""
    for fEDE in sorted(GRID["fEDE"]):
        points = {point[1:]: values for point, values in plane.items() if point[0] == fEDE}
        if not points:
            continue
        sigma = {point: max(values[3:5]) for point, values in points.items()}
        chi2 = [values[5] for values in points.values()]
        inside = [f"({point[0]:g}, {point[1]:g})" for point in points if sigma[point] < 1]
        where = f" at (log10z_c, thetai_ede) = {', '.join(inside)}" if inside else ""
        where = "" if len(inside) == len(points) else where
        text += (
            f"- fEDE = {fEDE:g}: {len(inside)} of {len(points)} points within one sigma in TT and "
            f"EE{where} (worst {max(sigma.values()):.2g}); {sum(x < 1 for x in chi2)} with chi2 "
            f"below 1 (smallest {min(chi2):.2g}, largest {max(chi2):.2g})\n"
        )
    return text + "\n"


def draw(results: dict[tuple, np.ndarray], path: Path) -> None:
    """The larger of both sigmas, and chi2, over log10z_c: `peak` solid, `matched` dashed."""
    none = np.full((len(FLUIDS), len(MEASURES)), np.nan)
    fractions = sorted({point[0] for point in results})
    size = {"figsize": (2 + 3 * len(fractions), 6), "squeeze": False}
    figure, axes = plt.subplots(2, len(fractions), sharex=True, sharey="row", **size)
    for column, fEDE in zip(axes.T, fractions, strict=True):
        for colour, theta in enumerate(GRID["thetai_ede"]):
            values = np.array([results.get((fEDE, z, theta), none) for z in GRID["log10z_c"]])
            label = rf"$\theta_i$ = {theta:g}"
            for name, style in (("peak", "o-"), ("matched", "o--")):
                fluid = values[:, list(FLUIDS).index(name)]
                curve = {"color": f"C{colour}", "label": label if name == "peak" else None}
                column[0].semilogy(GRID["log10z_c"], fluid[:, 3:5].max(axis=1), style, **curve)
                column[1].semilogy(GRID["log10z_c"], fluid[:, 5], style, **curve)
        column[0].set_title(rf"$f_\mathrm{{EDE}}$ = {fEDE:g}")
        column[1].set_xlabel(r"$\log_{10} z_c$")
        for axis in column:
            axis.axhline(1, color="grey", lw=0.8)
    axes[0, 0].set_ylabel(r"largest $|\Delta C_\ell|/\sigma_\ell$ of TT, EE")
    axes[1, 0].set_ylabel(r"$\chi^2$ in plik-lite")
    axes[0, 0].legend(fontsize=8)
    figure.suptitle("Fluid (solid), matched fluid (dashed)\nminus scalar field at equal peaks")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-p", "--packages", default=os.environ.get("COBAYA_PACKAGES_PATH", "packages")
    )
    arguments = parser.parse_args()
    install(arguments.packages)
    for results in compute_grid(load(arguments.packages)):
        if results:
            (DOCS / "fluid_vs_field.md").write_text(document(results))
            draw(results, DOCS / "fluid_vs_field.png")
    print(document(results))


if __name__ == "__main__":
    main()
