"""Compress the 40 binned magnitudes of Pantheon into magnitudes at fewer redshifts (knots).

The difference between the data and a fiducial model is fitted, with the full covariance, by a
cubic spline in z^(1/4) through the knots: JLA's compression (1401.4064, appendix E) with a smoother
interpolation. Only the difference of a model from the fiducial one needs to be a spline, so little
is lost.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import CubicSpline

FOLDER = Path(__file__).parent
SOURCE = "Pantheon, 40 bins (1710.00845), compressed by make_table.py"
OMEGA_M_FIDUCIAL = 0.3
# Arbitrary: the absolute magnitude is free. This one keeps magnitudes near the data's.
OFFSET = -19.36
COLUMNS = "name zcmb zhel dz mb dmb x1 dx1 color dcolor 3rdvar d3rdvar cov_m_s cov_m_c cov_s_c set"
SETTINGS = """\
# {source}
name = PANTHEON_COMPRESSED
data_file = pantheon.txt
pecz = 0
twoscriptmfit = F
has_mag_covmat = T
mag_covmat_file = pantheon_cov.txt
"""


def fiducial_magnitude(z: np.ndarray) -> np.ndarray:
    """5 log10(d_L H0/c) in flat LambdaCDM, shape of z, up to the constant `OFFSET`."""
    grid = np.linspace(0, z.max(), 4001)
    expansion = np.sqrt(OMEGA_M_FIDUCIAL * (1 + grid) ** 3 + 1 - OMEGA_M_FIDUCIAL)
    distance = np.interp(z, grid, cumulative_trapezoid(1 / expansion, grid, initial=0))
    return 5 * np.log10((1 + z) * distance) + 43.2 + OFFSET


def spline_weights(z: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Weights of the values at the knots in a natural spline at z, shape (len(z), len(knots))."""
    return CubicSpline(knots**0.25, np.eye(len(knots)), bc_type="natural")(z**0.25)


def compress(
    z: np.ndarray, magnitude: np.ndarray, cov: np.ndarray, knots: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes at the knots and their covariance, by generalised least squares."""
    weights = spline_weights(z, knots)
    weighted = np.linalg.solve(cov, weights)
    knot_cov = np.linalg.inv(weights.T @ weighted)
    shift = knot_cov @ weighted.T @ (magnitude - fiducial_magnitude(z))
    return fiducial_magnitude(knots) + shift, knot_cov


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-n", "--knots", type=int, default=12, help="how many, evenly in z^(1/4)")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, help="folder for the tables")
    args = parser.parse_args()

    data = args.packages_path / "data" / "sn_data" / "PantheonBinned"
    z, magnitude, error = np.loadtxt(data / "lcparam_DS17f.txt", usecols=(1, 4, 5)).T
    cov = np.loadtxt(data / "sys_DS17f.txt", skiprows=1).reshape(len(z), len(z))
    cov += np.diag(error**2)
    knots = np.linspace(z.min() ** 0.25, z.max() ** 0.25, args.knots) ** 4
    knot_magnitude, knot_cov = compress(z, magnitude, cov, knots)

    variance = knot_cov.diagonal()
    rows = [
        f"{i} {zi:.6f} {zi:.6f} 0 {m:.8f} {e:.8f}" + " 0" * 10
        for i, (zi, m, e) in enumerate(zip(knots, knot_magnitude, variance**0.5, strict=True))
    ]
    (args.output / "pantheon.txt").write_text("\n".join([f"#{COLUMNS}", *rows]) + "\n")
    np.savetxt(
        args.output / "pantheon_cov.txt",
        knot_cov - np.diag(variance),
        fmt="%.9e",
        header=f"Covariance without its diagonal: {SOURCE}",
    )
    (args.output / "pantheon.dataset.txt").write_text(SETTINGS.format(source=SOURCE))


if __name__ == "__main__":
    main()
