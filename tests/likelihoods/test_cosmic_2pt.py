"""Two-point functions: the FITS reader, the projection, and Cobaya's DES on the same data."""

from pathlib import Path

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from scipy.integrate import quad
from scipy.special import jn
from stand_ins import FlatDistances

pytest.importorskip("pyccl", reason="needs pyccl and astropy: pip install 'ede-wbins[lss]'")
fits = pytest.importorskip("astropy.io.fits")

from ede_wbins.likelihoods.cosmic_2pt import DESY1, Cosmic2pt, DESY3Shear  # noqa: E402
from ede_wbins.likelihoods.cosmic_2pt.projection import (  # noqa: E402
    L_MAX,
    NODES,
    ORDER,
    bessel_integral,
    projection,
)
from ede_wbins.likelihoods.cosmic_2pt.twopoint_file import KINDS, read_2pt  # noqa: E402

NAME = "ede_wbins.likelihoods.cosmic_2pt"
QUANTITIES = {kind: quantities for quantities, kind in KINDS.items()}
DES = {"DES_AIA": 0.5, "DES_alphaIA": 0.7, "DES_z0IA": 0.62}
DES |= {f"DES_m{i}": 0.01 * i for i in (1, 2, 3, 4)}
DES |= {f"DES_DzS{i}": 0.004 * i - 0.01 for i in (1, 2, 3, 4)}
LENSES = {f"DES_b{i}": 1.3 + 0.15 * i for i in (1, 2, 3, 4, 5)}
LENSES |= {f"DES_DzL{i}": 0.002 * i - 0.005 for i in (1, 2, 3, 4, 5)}


class SmoothUniverse(FlatDistances):
    """Flat LambdaCDM with a power spectrum of about the right shape, D = 1/(1+z) at all scales."""

    params = FlatDistances.params

    def get_comoving_radial_distance(self, z, units="Mpc"):
        return self.get_angular_diameter_distance(z) * (1 + np.atleast_1d(z))

    def power(self, z, k):
        q = k / 0.01
        shape = k / (1 + q * q) / (1 + 0.03 * q) ** 0.5
        return 2.2e6 * shape / (1 + np.asarray(z)) ** 1.7

    def get_Pk_interpolator(self, pair, nonlinear=True, extrap_kmax=None):
        return Power(self.power)

    def get_Pk_grid(self, pair, nonlinear=True):
        k, z = np.geomspace(1e-4, 15, 400), np.linspace(0, 4.5, 80)
        return k, z, self.power(z[:, None], k)

    def get_can_provide(self):
        return [
            *super().get_can_provide(),
            "comoving_radial_distance",
            "Pk_interpolator",
            "Pk_grid",
        ]

    def get_can_provide_params(self):
        return []


class Power:
    """What Cobaya's DES asks of an interpolator."""

    kmax = 3000

    def __init__(self, power):
        self.power = power

    def P(self, z, k, grid=None):
        return self.power(z, k)


def in_universe(packages, name, options, params):
    """A likelihood that has been evaluated in `SmoothUniverse`, and its chi2.

    One at a time: the parameters of Cobaya's DES and of ours have the same names.
    """
    model = get_model(
        {
            "theory": {"theory": SmoothUniverse},
            "likelihood": {name: options},
            "params": {"rdrag": 147, "H0": 67, "omegam": 0.31, "scale": 1, **params},
            "packages_path": packages,
        }
    )
    chi2 = -2 * model.loglike({}, return_derived=False)
    (likelihood,) = model.likelihood.values()
    return likelihood, chi2


def write_2pt(path, statistics, samples, covariance, names=None, unit="arcmin"):
    """A 2-point FITS file: statistics {kind: (pairs, theta, edges or None, values)}."""
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(covariance, name="COVMAT")]
    start = 0
    for i, (kind, (pairs, theta, edges, values)) in enumerate(statistics.items()):
        header = hdus[1].header
        header[f"NAME_{i}"], header[f"STRT_{i}"] = kind, start
        start += len(values)
        columns = [
            fits.Column("BIN1", "K", array=pairs[:, 0]),
            fits.Column("BIN2", "K", array=pairs[:, 1]),
            fits.Column("ANGBIN", "K", array=np.arange(len(values))),
            fits.Column("VALUE", "D", array=values),
            fits.Column("ANG", "D", array=theta, unit=unit),
        ]
        if edges is not None:
            columns += [
                fits.Column(name, "D", array=edge, unit=unit)
                for name, edge in zip(("ANGLEMIN", "ANGLEMAX"), edges.T, strict=True)
            ]
        table = fits.BinTableHDU.from_columns(columns, name=kind)
        table.header["2PTDATA"] = True
        table.header["QUANT1"], table.header["QUANT2"] = QUANTITIES[kind]
        hdus.append(table)
    for name, (z, n_z) in samples.items():
        columns = [fits.Column("Z_MID", "D", array=z)]
        columns += [fits.Column(f"BIN{i}", "D", array=n) for i, n in enumerate(n_z, 1)]
        hdus.append(fits.BinTableHDU.from_columns(columns, name=name))
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return str(path)


@pytest.fixture
def small(tmp_path):
    """A file of two statistics and two bins, and what was written."""
    pairs = np.array([[1, 1], [1, 1], [1, 2], [1, 2], [2, 2], [2, 2]])
    theta = np.tile([10.0, 100.0], 3)
    z = np.linspace(0.05, 2, 40)
    n_z = np.exp(-((z - np.array([[0.5], [1.0]])) ** 2) / 0.05)
    statistics = {
        kind: (pairs, theta, np.column_stack([0.8 * theta, 1.25 * theta]), values)
        for kind, values in (("xip", np.arange(6.0)), ("xim", 10 + np.arange(6.0)))
    }
    covariance = np.diag(np.arange(1.0, 13))
    path = write_2pt(tmp_path / "small.fits", statistics, {"nz_source": (z, n_z)}, covariance)
    return path, statistics, (z, n_z), covariance


def shear(path, **options):
    base = {"file": path, "cuts": None, "source": "nz_source", "lens": None}
    return DESY3Shear({**base, **options})


def test_reader_returns_what_was_written(small):
    path, statistics, (z, n_z), covariance = small
    log = shear(path).log
    file = read_2pt(log, Path(path), ("xim",), {"source": "nz_source"})
    (xim,) = file.statistics
    pairs, theta, edges, values = statistics["xim"]
    np.testing.assert_array_equal(xim.pairs, pairs)
    np.testing.assert_array_equal(xim.value, values)
    np.testing.assert_allclose(xim.theta, theta)
    np.testing.assert_allclose(xim.edges, edges)
    np.testing.assert_array_equal(file.covariance, covariance[6:, 6:])
    np.testing.assert_allclose(file.distributions["source"].n_z, n_z)
    np.testing.assert_allclose(file.distributions["source"].z, z)


def test_angles_in_degrees_are_converted(small, tmp_path):
    path, statistics, sample, covariance = small
    degrees = {k: (p, t / 60, e / 60, v) for k, (p, t, e, v) in statistics.items()}
    other = write_2pt(
        tmp_path / "degrees.fits", degrees, {"nz_source": sample}, covariance, unit="deg"
    )
    files = [read_2pt(shear(path).log, Path(p), ("xip",), {}) for p in (path, other)]
    np.testing.assert_allclose(files[0].statistics[0].theta, files[1].statistics[0].theta)
    np.testing.assert_allclose(files[0].statistics[0].edges, files[1].statistics[0].edges)


def test_scale_cuts_keep_points_and_drop_pairs(small, tmp_path):
    path = small[0]
    cuts = tmp_path / "cuts.txt"
    cuts.write_text("# a comment\nxip 1 1 5 50\nxip 1 2 5 500\nxim 2 2 50 500\n")
    likelihood = shear(path, cuts=str(cuts))
    np.testing.assert_array_equal(likelihood.data, [0, 2, 3, 15])
    np.testing.assert_array_equal(np.diag(likelihood.covariance), [1, 3, 4, 12])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("xip 1 3 5 50\n", r"cuts\.txt: xip has no bins 1 3 in"),
        ("xip 1 1 5\n", r"line 1: 'xip 1 1 5' is not `type bin1 bin2"),
        ("xip 1 1 50 5\n", "theta_min below theta_max"),
        ("xi 1 1 5 50\n", "the type must be of xip, xim, gammat, wtheta"),
        ("xip 1 1 300 500\n", r"cuts\.txt: no point of .*small\.fits is left"),
    ],
)
def test_bad_cuts_are_one_clear_line(small, tmp_path, text, line):
    cuts = tmp_path / "cuts.txt"
    cuts.write_text(text)
    with pytest.raises(LoggedError, match=line):
        shear(small[0], cuts=str(cuts))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"statistics": ["gammat"], "lens": "nz_source"}, "has no gammat: it has xip, xim"),
        ({"statistics": ["xi"]}, "statistics = xi: must be of xip, xim, gammat, wtheta"),
        ({"statistics": ["wtheta"]}, "lens: needed for gammat and wtheta"),
        ({"source": "nz_kids"}, "has no extension nz_kids for n"),
        ({"cuts": "none.txt"}, r"none\.txt is not there"),
        ({"file": "none.fits"}, r"none\.fits is not there"),
    ],
)
def test_bad_options_are_one_clear_line(small, options, line):
    with pytest.raises(LoggedError, match=line):
        shear(small[0], **options)


def test_truncated_or_other_files_are_one_clear_line(small, tmp_path):
    _, statistics, (z, n_z), covariance = small
    content = (tmp_path / "small.fits").read_bytes()
    (tmp_path / "cut.fits").write_bytes(content[:1000])
    with pytest.raises(LoggedError, match=r"cut\.fits is not a FITS file that can be read"):
        shear(str(tmp_path / "cut.fits"))
    fits.HDUList([fits.PrimaryHDU()]).writeto(tmp_path / "empty.fits")
    with pytest.raises(LoggedError, match=r"empty\.fits has no extension COVMAT"):
        shear(str(tmp_path / "empty.fits"))
    name = tmp_path / "unit.fits"
    write_2pt(name, statistics, {"nz_source": (z, n_z)}, covariance, unit="pixel")
    with pytest.raises(LoggedError, match="is in 'pixel'; known are arcmin"):
        shear(str(name))
    write_2pt(name, statistics, {"nz_source": (z, n_z[:1])}, covariance)
    with pytest.raises(LoggedError, match=r"xip has bin 2, but n\(z\) of source has 1"):
        shear(str(name))


@pytest.mark.parametrize("order", [0, 2, 4])
def test_bessel_integrals(order):
    expected = quad(lambda x: x * jn(order, x), 3, 9)[0]
    found = bessel_integral(order, np.array(9.0)) - bessel_integral(order, np.array(3.0))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("kind", ORDER)
def test_projection_is_the_sum_over_multipoles(kind):
    def cl(ell):
        return ell / (1 + (ell / 80) ** 2) ** 2

    ells = np.arange(2, L_MAX + 1)
    theta = np.array([5.0, 60.0])
    x = np.outer(theta * np.pi / 180 / 60, ells + 0.5)
    expected = jn(ORDER[kind], x) @ ((2 * ells + 1) / (4 * np.pi) * cl(ells))
    found = projection(kind, theta[:, None]) @ cl(NODES)
    np.testing.assert_allclose(found, expected, rtol=2e-4)
    # An average over a narrow bin is the value inside it.
    narrow = projection(kind, np.column_stack([0.999 * theta, 1.001 * theta])) @ cl(NODES)
    np.testing.assert_allclose(narrow, found, rtol=1e-4)


@pytest.mark.data
def test_des_y3_is_cobayas(packages):
    dataset = f"{packages}/data/des_y3_kids1000/des_y3_shear_optimised.dataset"
    theirs, expected = in_universe(packages, "des_y1.shear", {"dataset_file": dataset}, DES)
    cuts = {"cuts": "des_y3_optimised_cuts.txt"}
    ours, averaged = in_universe(packages, f"{NAME}.DESY3Shear", cuts, DES)
    assert len(ours.data) == 273
    np.testing.assert_allclose(ours.data, theirs.data_vector, rtol=1e-6)
    np.testing.assert_allclose(ours.covariance, theirs.covmat, rtol=1e-6, atol=1e-20)
    # Cobaya's evaluates each bin at one angle, ours averages over it.
    assert averaged == pytest.approx(expected, rel=2e-3)


@pytest.mark.data
def test_fiducial_cuts_of_des_y3(packages):
    assert len(DESY3Shear({}, packages_path=packages).data) == 227


@pytest.fixture
def des_y1(packages, tmp_path):
    """The DES Y1 3x2pt data of Cobaya as a 2-point FITS file."""
    folder = f"{packages}/data/des_data/DES_1YR_final"
    angles = np.loadtxt(f"{folder}_theta_bins.dat")
    statistics = {}
    for kind in ("xip", "xim", "gammat", "wtheta"):
        table = np.loadtxt(f"{folder}_{kind}.dat")
        theta = angles[table[:, 2].astype(int) - 1]
        statistics[kind] = (table[:, :2].astype(int), theta, None, table[:, 3])
    samples = {}
    for name in ("source", "lens"):
        table = np.loadtxt(f"{folder}_nz_{name}.dat")
        samples[f"nz_{name}"] = (table[:, 1], table[:, 3:].T)
    covariance = np.loadtxt(f"{folder}_cov.dat")
    return write_2pt(tmp_path / "des_y1.fits", statistics, samples, covariance)


@pytest.mark.data
def test_des_y1_is_cobayas(packages, des_y1):
    theirs, expected = in_universe(packages, "des_y1.joint", None, DES | LENSES)
    ours, chi2 = in_universe(packages, f"{NAME}.DESY1", {"file": des_y1}, DES | LENSES)
    assert isinstance(ours, DESY1) and isinstance(ours, Cosmic2pt)
    np.testing.assert_allclose(ours.data, theirs.data_vector)
    assert chi2 == pytest.approx(expected, rel=2e-3)


@pytest.mark.data
def test_theory_reacts_to_each_nuisance_parameter(packages, des_y1):
    ours, base = in_universe(packages, f"{NAME}.DESY1", {"file": des_y1}, DES | LENSES)

    def value(**changed):
        return ours.logp(**(DES | LENSES | changed))

    for name in ("DES_m2", "DES_DzS3", "DES_b4", "DES_DzL5", "DES_AIA", "DES_alphaIA"):
        step = 0.1 if name == "DES_alphaIA" else 0.02
        assert value(**{name: (DES | LENSES)[name] + step}) != pytest.approx(base, abs=1e-3), name
