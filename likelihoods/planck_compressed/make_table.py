"""Compress Planck 2018 plik-lite (TT, TE, EE; 613 bandpowers) to a few tens of numbers.

With the noise whitened (C = L L^T), theory spectra over a broad region of early dark energy with
three bins of w(z) fill only a few tens of directions U. Two are kept by force: the fiducial
spectrum, along which the calibration acts, and the residual of the data from the fiducial model
outside the other directions. With the residual kept, a theory whose spectrum leaves the subspace by
e changes chi2 by |e|^2 alone: there is no term linear in e, and no constant to add.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.likelihoods.base_classes import PlanckPlikLite
from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native
from cobaya.model import get_model
from scipy.linalg import solve_triangular
from scipy.stats import qmc

from ..bandpowers import SPECTRA, BandpowerWindows

OUTPUT = Path(__file__).parent / "pliklite.npz"

# Planck 2018 best fit of LambdaCDM (1807.06209), and the box around it that the ensemble fills.
# theta_s, not H0: the acoustic scale is measured, so a box in H0 would be mostly empty of fits.
# Neutrino mass and number are there so that the table serves runs that free them.
FIDUCIAL = {
    "omega_b": 0.02238,
    "omega_cdm": 0.1201,
    "theta_s_100": 1.0418,
    "logA": 3.045,
    "n_s": 0.966,
    "tau_reio": 0.0543,
    "m_ncdm": 0.06,
    "N_ur": 2.0328,
    "fEDE": 0.0,
    "log10z_c": 3.5,
    "thetai_ede": 2.5,
    "w1": -1.0,
    "w2": -1.0,
    "w3": -1.0,
}
BOX = {
    "omega_b": (0.0214, 0.0236),
    "omega_cdm": (0.112, 0.140),
    "theta_s_100": (1.0395, 1.0440),
    "logA": (2.98, 3.15),
    "n_s": (0.94, 1.01),
    "tau_reio": (0.02, 0.10),
    "m_ncdm": (0.0, 0.3),
    "N_ur": (1.5, 2.6),
    "fEDE": (0.0, 0.2),
    "log10z_c": (3.0, 4.3),
    "thetai_ede": (0.1, 3.1),
    "w1": (-1.4, -0.5),
    "w2": (-3.0, 0.0),
    "w3": (-3.0, 0.0),
}


def theory_model(l_max: int, packages_path: Path):
    """Cobaya model that computes spectra to l_max with the settings that a run has by default."""
    info = {
        "theory": {"ede_wbins.EDEWBins": {"n_bins": 3}},
        "likelihood": {"one": None},
        "params": {name: {"prior": list(limits)} for name, limits in BOX.items()}
        | {
            "logA": {"prior": list(BOX["logA"]), "drop": True},
            "A_s": {"value": "lambda logA: 1e-10*np.exp(logA)"},
        },
        "packages_path": str(packages_path),
    }
    model = get_model(info)
    model.add_requirements({"Cl": dict.fromkeys(SPECTRA, l_max)})
    return model


def theory_bandpowers(model, windows: BandpowerWindows, points: np.ndarray) -> np.ndarray:
    """Bandpowers at each point (columns in the order of BOX) that the theory can compute."""
    bandpowers = []
    for number, point in enumerate(points, 1):
        values = dict(zip(BOX, point, strict=True))
        if np.isfinite(model.loglike(values, return_derived=False)):
            bandpowers.append(windows.bin(model.provider.get_Cl(ell_factor=True)))
        print(f"\r{number} of {len(points)} spectra", end="", flush=True)
    print()
    return np.array(bandpowers)


def subspace(anchor: np.ndarray, data: np.ndarray, ensemble: np.ndarray, size: int) -> np.ndarray:
    """Orthonormal directions that hold the whitened theory and data.

    Parameters
    ----------
    anchor, data : array, shape (n,)
        Whitened bandpowers of the fiducial theory, and of the data.
    ensemble : array, shape (m, n)
        Whitened bandpowers of the theory over the region to be covered.
    size : int
        Number of directions.

    Returns
    -------
    array, shape (size, n)
        The anchor's direction, the leading directions of the ensemble about it, the residual's.
    """
    first = anchor / np.linalg.norm(anchor)
    spread = ensemble - anchor
    spread = spread - np.outer(spread @ first, first)
    directions = np.linalg.svd(spread, full_matrices=False)[2][: size - 2]
    basis = np.vstack([first, directions])
    residual = data - anchor
    residual = residual - basis.T @ (basis @ residual)
    return np.vstack([basis, residual / np.linalg.norm(residual)])


def write_table(
    path: Path,
    plik: PlanckPlikLite,
    windows: BandpowerWindows,
    fiducial: np.ndarray,
    ensemble: np.ndarray,
    size: int,
) -> None:
    """Compress with the spectra (in muK^2, unwhitened) and write the table."""
    noise = np.linalg.cholesky(plik.cov)

    def whiten(vectors: np.ndarray) -> np.ndarray:
        return solve_triangular(noise, vectors.T, lower=True).T

    basis = subspace(whiten(fiducial), whiten(plik.X_data), whiten(ensemble), size)
    # Single precision is exact enough as long as data and theory meet the same rounded matrix.
    projection = solve_triangular(noise, basis.T, lower=True, trans="T").T.astype(np.float32)
    np.savez_compressed(
        path,
        edges=windows.edges.astype(np.int16),
        weights=windows.weights,
        counts=windows.counts.astype(np.int16),
        projection=projection,
        data=projection.astype(float) @ plik.X_data,
    )
    outside = whiten(ensemble - fiducial)
    outside = outside - (outside @ basis.T) @ basis
    loss = (outside**2).sum(axis=1)
    print(
        f"{path}: {size} numbers; loss of chi2 over the ensemble: mean {loss.mean():.4f}, "
        f"largest {loss.max():.4f}"
    )


def plik_windows(plik: PlanckPlikLite) -> BandpowerWindows:
    """The bins of Cobaya's plik-lite."""
    counts = np.array([len(used) for used in plik.used_bins])
    edges = np.append(plik.blmin, plik.blmax[-1] + 1)[: counts.max() + 1]
    edges[-1] = plik.blmax[counts.max() - 1] + 1
    return BandpowerWindows(edges, plik.weights[edges[0] : edges[-1]], counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    parser.add_argument("-n", "--ensemble", type=int, default=128, help="number of spectra")
    parser.add_argument("-k", "--keep", type=int, default=40, help="numbers to compress to")
    args = parser.parse_args()

    plik = TTTEEE_lite_native({}, packages_path=str(args.packages_path))
    windows = plik_windows(plik)
    points = qmc.scale(
        qmc.Sobol(len(BOX), seed=1).random(args.ensemble), *np.transpose(list(BOX.values()))
    )
    points = np.vstack([[FIDUCIAL[name] for name in BOX], points])
    bandpowers = theory_bandpowers(theory_model(windows.l_max, args.packages_path), windows, points)
    write_table(args.output, plik, windows, bandpowers[0], bandpowers[1:], args.keep)


if __name__ == "__main__":
    main()
