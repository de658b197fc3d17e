"""Mock CMB data: noise, statistics of random skies, and the recovery of the input."""

from pathlib import Path

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.yaml import yaml_load_file
from scipy.optimize import minimize
from stand_ins import CLASS_P18

from ede_wbins.likelihoods.cmb_forecast import EXPERIMENTS, CMBForecast
from ede_wbins.likelihoods.cmb_forecast.make_fiducial import fiducial_spectra, forecast_of
from ede_wbins.likelihoods.cmb_forecast.mock import GaussianSky, noise_spectra

NAME = "ede_wbins.likelihoods.cmb_forecast.CMBForecast"
ALL = yaml_load_file(str(EXPERIMENTS))
# Within the spectra that the tests share.
SMALL = ALL["so"] | {"l_max_t": 2500, "l_max_p": 3000}


def write(path, dl):
    columns = [np.arange(len(dl["tt"])), dl["tt"], dl["te"], dl["ee"]]
    np.savetxt(path, np.transpose(columns), fmt="%.12g")
    return str(path)


@pytest.fixture
def fiducial(spectra, tmp_path) -> str:
    return write(tmp_path / "fiducial.txt", spectra)


def tilted(dl, amplitude, tilt):
    pivot = np.arange(len(dl["tt"])).clip(1) / 800
    return {name: amplitude * d * pivot**tilt for name, d in dl.items()}


@pytest.mark.parametrize("name", ALL)
def test_noise_of_one_channel_and_of_all(name):
    ells = np.array([100, 1500])
    experiment = ALL[name]
    both = noise_spectra(ells, experiment)
    each = [
        noise_spectra(ells, {key: [experiment[key][i]] for key in ("noise_t", "noise_p", "beam")})
        for i in range(len(experiment["beam"]))
    ]
    sigma = experiment["beam"][0] / 60 * np.pi / 180 / np.sqrt(8 * np.log(2))
    white = (experiment["noise_t"][0] / 60 * np.pi / 180) ** 2
    np.testing.assert_allclose(each[0][0], white * np.exp(ells * (ells + 1) * sigma**2))
    for field in (0, 1):
        np.testing.assert_allclose(1 / both[field], sum(1 / n[field] for n in each))


def test_chi2_is_zero_at_the_fiducial_and_grows(fiducial, spectra):
    mock = CMBForecast({"experiment": SMALL, "fiducial": fiducial})
    assert -2 * mock.loglike(spectra) == pytest.approx(0, abs=1e-6)
    for amplitude, tilt in ((1.001, 0), (0.999, 0), (1, 0.002), (1, -0.002)):
        assert -2 * mock.loglike(tilted(spectra, amplitude, tilt)) > 0.1


def fisher(sky, dl, steps=(1e-3, 1e-3)):
    """Of amplitude and tilt: half the second derivatives of the mean of -2 ln L."""
    centre = sky.total(dl)

    def mean(a, t):
        return sky.chi2(centre, sky.total(tilted(dl, 1 + a, t)))

    (a, t), matrix = steps, np.empty((2, 2))
    matrix[0, 0] = (mean(a, 0) + mean(-a, 0)) / (2 * a * a)
    matrix[1, 1] = (mean(0, t) + mean(0, -t)) / (2 * t * t)
    cross = mean(a, t) + mean(-a, -t) - mean(a, -t) - mean(-a, t)
    matrix[0, 1] = matrix[1, 0] = cross / (8 * a * t)
    return matrix


def test_random_skies_return_their_input_with_the_scatter_of_the_fisher_matrix(spectra):
    sky = GaussianSky(ALL["planck"] | {"l_max_t": 1500, "l_max_p": 1000})
    covariance = np.linalg.inv(fisher(sky, spectra))
    sigma = np.sqrt(covariance.diagonal())
    rng, centre, found = np.random.default_rng(4), sky.total(spectra), []
    for _ in range(300):
        data = sky.draw(centre, rng)

        def chi2(x, data=data):
            return sky.chi2(data, sky.total(tilted(spectra, 1 + sigma[0] * x[0], sigma[1] * x[1])))

        # One step of Newton: the likelihood is a parabola over a few sigma.
        steps = np.eye(2)
        zero = chi2([0, 0])
        ends = [(chi2(step), chi2(-step)) for step in steps]
        slope = np.array([(up - down) / 2 for up, down in ends])
        curvature = np.diag([up + down - 2 * zero for up, down in ends])
        mixed = (chi2([1, 1]) + chi2([-1, -1]) - chi2([1, -1]) - chi2([-1, 1])) / 4
        curvature += mixed * (1 - np.eye(2))
        found.append(-np.linalg.solve(curvature, slope))
    found = np.array(found)
    # 300 skies leave an error of 0.06 sigma on the mean, and of 4% on the scatter.
    assert np.all(np.abs(found.mean(axis=0)) < 0.2)
    correlation = covariance / np.outer(sigma, sigma)
    np.testing.assert_allclose(np.cov(found.T), correlation, atol=0.2)


def test_a_seed_is_a_sky(fiducial, spectra):
    first, again, other = (
        CMBForecast({"experiment": SMALL, "fiducial": fiducial, "seed": seed}) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.data, again.data)
    assert np.abs(first.data / other.data - 1).max() > 0.01
    # -2 ln L of a random sky: three numbers at each l with both fields, one elsewhere.
    degrees = 3 * (2500 - 30 + 1) + (3000 - 2500)
    assert -2 * first.loglike(spectra) == pytest.approx(degrees, rel=0.06)


def test_minimiser_returns_the_input(fiducial, spectra):
    mock = CMBForecast({"experiment": SMALL, "fiducial": fiducial})
    sigma = np.sqrt(np.linalg.inv(fisher(mock.sky, spectra)).diagonal())

    def chi2(x):
        return -2 * mock.loglike(tilted(spectra, 1 + sigma[0] * x[0], sigma[1] * x[1]))

    best = minimize(chi2, [3, -2], method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-5})
    assert np.all(np.abs(best.x) < 0.1)


@pytest.mark.slow
def test_model_of_the_package_returns_its_input(classy, tmp_path):
    """Gauss-Newton from 2 sigma away, on ACT-like data of EDE with three bins."""
    path = tmp_path / "fiducial.txt"
    truth = {"fEDE": 0.08, "log10z_c": 3.55, "thetai_ede": 2.5, "omega_cdm": 0.127, "n_s": 0.975}
    centre = {name: {"loc": x} for name, x in truth.items()}
    prior = {"fEDE": [0.001, 0.5], "omega_cdm": [0.05, 0.3], "n_s": [0.8, 1.2]}
    fixed = {name: x for name, x in CLASS_P18.items() if name not in truth}
    info = {
        "theory": {
            "ede_wbins.EDEWBins": {"path": str(Path(classy.__file__).parent), "n_bins": 3},
        },
        "likelihood": {NAME: {"experiment": "act", "fiducial": str(path)}},
        "params": fixed
        | {"w1": -0.95, "w2": -1.1, "w3": -1, "sigma8": {"derived": False}}
        | {"log10z_c": 3.55, "thetai_ede": 2.5, "S8": {"derived": False}}
        | {
            name: {"prior": limits, "ref": {"dist": "norm", **centre[name], "scale": 0.001}}
            for name, limits in prior.items()
        },
    }
    point, dl = fiducial_spectra(info, {})
    write(path, dl)
    mock = forecast_of(info)
    steps = {"fEDE": 0.004, "omega_cdm": 0.0004, "n_s": 0.002}

    def total(values):
        return mock.sky.total(fiducial_spectra(info, values)[1])

    def iterate(at):
        here = total(at)
        slopes = [
            (total(at | {n: at[n] + h}) - total(at | {n: at[n] - h})) / (2 * h)
            for n, h in steps.items()
        ]
        tt, te, ee = here
        inverse = np.array([[ee, -te], [-te, tt]]) / (tt * ee - te**2)

        def matrix(x):
            return np.array([[x[0], x[1]], [x[1], x[2]]])

        def trace(x, y):
            product = np.einsum("ijl,jkl,kml,mil->l", inverse, matrix(x), inverse, matrix(y))
            return 0.5 * (mock.sky.modes * mock.sky.has_t) @ product

        fish = np.array([[trace(x, y) for y in slopes] for x in slopes])
        pull = np.array([trace(x, mock.data - here) for x in slopes])
        move = np.linalg.solve(fish, pull)
        return {n: at[n] + m for n, m in zip(steps, move, strict=True)}, fish

    _, fish = iterate({n: point[n] for n in steps})
    sigma = dict(zip(steps, np.sqrt(np.linalg.inv(fish).diagonal()), strict=True))
    at = {n: point[n] + (-1) ** i * sigma[n] for i, n in enumerate(steps)}
    for _ in range(2):
        at, _ = iterate(at)
    assert all(abs(at[n] - point[n]) < 0.1 * sigma[n] for n in steps)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"experiment": "cmbs4"}, r"'cmbs4'; known are planck, act, so, cmb_s4 .*mean cmb_s4\?"),
        ({"experiment": {"beam": [1]}}, r"f_sky is missing or unknown; needed are noise_t"),
        ({"experiment": SMALL | {"beam": [1, 2, 3]}}, "need one number a channel"),
        ({"experiment": SMALL | {"f_sky": 40}}, r"f_sky must be in \(0, 1\]"),
        ({"fiducial": None}, "no fiducial: name a file"),
    ],
)
def test_bad_options_are_one_clear_line(fiducial, options, line):
    with pytest.raises(LoggedError, match=line):
        CMBForecast({"fiducial": fiducial, **options})


def test_fiducial_that_is_not_there_or_too_short(spectra, tmp_path):
    mock = CMBForecast({"experiment": SMALL, "fiducial": str(tmp_path / "none.txt")})
    with pytest.raises(LoggedError, match=r"none\.txt is not there: make it with .*make_fiducial"):
        mock.loglike(spectra)
    short = {name: values[:2001] for name, values in spectra.items()}
    path = write(tmp_path / "short.txt", short)
    with pytest.raises(LoggedError, match="'tt' has l = 0 to 2000: needed are l = 0 to 3000"):
        CMBForecast({"experiment": SMALL, "fiducial": path}).loglike(spectra)
