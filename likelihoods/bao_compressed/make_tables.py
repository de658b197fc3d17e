"""Make the tables of this folder from the published files in a Cobaya packages path.

Everything is put in units of the r_drag that Boltzmann codes compute, so that 6dF (which quotes an
approximate sound horizon), SDSS MGS and BOSS (which quote a fiducial one) go in one table.
"""

import argparse
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent

# 6dF, 1106.3366: r_s/D_V(0.106) = 0.336 +- 0.015 with the sound horizon of Eisenstein & Hu's fit,
# 153.9 Mpc where a Boltzmann code gives 149.8 Mpc for the same model.
SIXDF_Z, SIXDF, SIXDF_ERROR, SIXDF_RS_RATIO = 0.106, 0.336, 0.015, 153.9 / 149.8
# SDSS MGS, 1409.3242: chi2(alpha), alpha = (D_V/r_d)(z = 0.15) / (638.9518 / 148.69).
MGS_Z, MGS_FIDUCIAL, MGS_RANGE = 0.15, 638.9518 / 148.69, (0.8005, 1.1985)
# The part of chi2(alpha) that models which fit Planck and BOSS reach, and a Gaussian must follow.
MGS_FIT = (0.95, 1.10)
# BOSS DR12, 1607.03155: D_M r_fid/r_d in Mpc and H r_d/r_fid in km/s/Mpc.
BOSS_RS_FIDUCIAL = 147.78


def fit_mgs(chi2: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation in alpha of the parabola that fits the tabulated chi2."""
    alpha = np.linspace(*MGS_RANGE, len(chi2))
    used = (alpha > MGS_FIT[0]) & (alpha < MGS_FIT[1])
    a, b, _ = np.polyfit(alpha[used], chi2[used], 2, w=np.exp(-chi2[used] / 4))
    return -b / (2 * a), a**-0.5


def read_measurements(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Redshifts, values and names of the observables of a Cobaya BAO file."""
    rows = [line.split() for line in path.read_text().splitlines() if line[0] != "#"]
    z, value = np.array([row[:2] for row in rows], dtype=float).T
    return z, value, [row[2].removeprefix("bao_") for row in rows]


def sdss(data: Path) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """6dF, SDSS MGS and BOSS DR12: redshifts, values, observables and covariance."""
    mean, sd = fit_mgs(np.loadtxt(data / "sdss_MGS_prob.txt"))
    z, value, names = read_measurements(data / "sdss_DR12Consensus_bao.dat")
    unit = np.where(np.array(names) == "Hz_rs", BOSS_RS_FIDUCIAL, 1 / BOSS_RS_FIDUCIAL)
    cov = np.zeros((len(z) + 2, len(z) + 2))
    cov[0, 0] = (SIXDF_ERROR / SIXDF_RS_RATIO) ** 2
    cov[1, 1] = (sd * MGS_FIDUCIAL) ** 2
    cov[2:, 2:] = np.loadtxt(data / "BAO_consensus_covtot_dM_Hz.txt") * np.outer(unit, unit)
    return (
        np.concatenate([[SIXDF_Z, MGS_Z], z]),
        np.concatenate([[SIXDF / SIXDF_RS_RATIO, mean * MGS_FIDUCIAL], value * unit]),
        ["rs_over_DV", "DV_over_rs", *names],
        cov,
    )


def desi_dr2(data: Path) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """DESI DR2, all tracers (2503.14738, table IV)."""
    root = data / "desi_bao_dr2" / "desi_gaussian_bao_ALL_GCcomb"
    z, value, names = read_measurements(root.with_name(root.name + "_mean.txt"))
    return z, value, names, np.loadtxt(root.with_name(root.name + "_cov.txt"))


TABLES = {
    "sdss": (
        sdss,
        "6dF (1106.3366), SDSS MGS (1409.3242, Gaussian in alpha), BOSS DR12 consensus"
        " (1607.03155)",
    ),
    "desi_dr2": (desi_dr2, "DESI DR2, all tracers (2503.14738)"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, help="folder for the tables")
    args = parser.parse_args()
    for name, (read, source) in TABLES.items():
        z, value, observables, cov = read(args.packages_path / "data" / "bao_data")
        lines = [f"# {source}", "# z value observable (Hz_rs in km/s)"]
        lines += [
            f"{row[0]:g} {row[1]:.8g} {row[2]}" for row in zip(z, value, observables, strict=True)
        ]
        (args.output / f"{name}.txt").write_text("\n".join(lines) + "\n")
        np.savetxt(args.output / f"{name}_cov.txt", cov, fmt="%.7g", header=f"Covariance: {source}")


if __name__ == "__main__":
    main()
