"""The emulated component on a quick stand-in for CLASS."""

import json
import os
import shutil

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from stand_in import LCDM, Needs, component
from types_of_run import SMALL
from universe import FieldUniverse, Peaks, Universe

from ede_wbins.emulator import save
from ede_wbins.theory import exchange, products, training
from ede_wbins.theory.emulated import EmulatedEDEWBins
from ede_wbins.theory.trust import Trust

SAMPLED = {
    "H0": {"prior": {"min": 60, "max": 75}, "ref": {"dist": "norm", "loc": 67, "scale": 1.5}},
    "omega_cdm": {
        "prior": {"min": 0.1, "max": 0.14},
        "ref": {"dist": "norm", "loc": 0.12, "scale": 0.003},
    },
    "A_s": {
        "prior": {"min": 1.8e-9, "max": 2.4e-9},
        "ref": {"dist": "norm", "loc": 2.1e-9, "scale": 5e-11},
    },
}
POINT = {"H0": 67.5, "omega_cdm": 0.121, "A_s": 2.12e-9}


@pytest.fixture
def emulate(stand_in, monkeypatch):
    """Build a model with the emulated component: emulate(likelihood, params, **options)."""
    stand_in.Class = Universe
    for name, value in SMALL.items():
        monkeypatch.setattr(training, name, value)
    monkeypatch.setattr(products, "L_MAX", 50)

    def emulate(likelihood=None, params=None, name="EmulatedEDEWBins", **options):
        return get_model(
            {
                "theory": {f"ede_wbins.{name}": {"ede": "none", **options}},
                "likelihood": likelihood or {"peaks": Peaks},
                "params": {**LCDM, **SAMPLED, **(params or {})},
            }
        )

    return emulate


def points(model, n):
    """Points where the posterior is."""
    rng = np.random.default_rng(5)
    centre = np.array([SAMPLED[name]["ref"]["loc"] for name in model.prior.params])
    return [centre + 0.3 * (model.prior.reference(random_state=rng) - centre) for _ in range(n)]


def test_posterior_and_derived_parameters_are_those_of_class(emulate):
    exact, quick = emulate(name="EDEWBins"), emulate(blind=0)
    errors, heights = [], []
    for x in points(exact, 20):
        expected, found = exact.logposterior(x), quick.logposterior(x)
        errors.append(found.logpost - expected.logpost)
        heights.append(expected.logpost)
        close = dict(zip(quick.parameterization.derived_params(), found.derived, strict=True))
        A_s = x[quick.prior.params.index("A_s")]
        assert close["sigma8"] == pytest.approx(0.8 * A_s / 2e-9, rel=1e-3)
    theory = component(quick)
    # Where the posterior is: far from there larger errors are allowed.
    errors, weights = np.array(errors), np.exp(heights)
    assert np.sqrt(np.sum(weights * errors**2) / np.sum(weights)) < theory.tolerance
    assert np.all(np.abs(errors) < 3 * theory.trust.limit * np.maximum(1, -np.array(heights)))
    assert theory.counts["emulated"] >= 15
    assert theory.counts["by CLASS"] == theory.classy.runs < 80


def test_hubble_constant_is_that_of_the_scalar_field(emulate, stand_in):
    stand_in.Class = FieldUniverse
    early = {"fEDE": {"prior": {"min": 0, "max": 0.3}}, "log10z_c": 3.6, "thetai_ede": 2.5}
    angle = {"min": 1.02, "max": 1.06}, {"dist": "norm", "loc": 1.04, "scale": 0.003}
    params = early | {"H0": None, "theta_s_100": dict(zip(("prior", "ref"), angle, strict=True))}
    quick = emulate(ede="scalar", params=params, blind=0)
    exact = emulate(name="EDEWBins", ede="scalar", params=params)
    at = list(quick.parameterization.derived_params()).index("H0")
    point = {"omega_cdm": 0.121, "A_s": 2.12e-9, "theta_s_100": 1.041}
    quick.logposterior(point | {"fEDE": 0.1})
    for fEDE in (0.0, 0.05, 0.2):
        wanted = exact.logposterior(point | {"fEDE": fEDE}).derived[at]
        with component(quick).always("emulated"):
            found = quick.logposterior(point | {"fEDE": fEDE}, cached=False).derived[at]
        # The field's share of the distance moves it by up to 5%.
        assert found == pytest.approx(wanted, rel=5e-4)


def test_training_ends_when_many_draws_are_predicted_well(emulate, monkeypatch):
    model = emulate(blind=0)
    theory, honest = component(model), EmulatedEDEWBins.predicted_sd
    wanted = 60

    def pessimistic(self, prediction):
        """A tenth of the draws is off by much until there are points enough."""
        far = self._rng.random() < 0.1 and len(self.training_set) < wanted
        return 1.0 if far else honest(self, prediction)

    known = []

    def calibrate(self, errors, predicted):
        known.append(len(errors))

    monkeypatch.setattr(EmulatedEDEWBins, "predicted_sd", pessimistic)
    monkeypatch.setattr(Trust, "calibrate", calibrate)
    model.logposterior(POINT)
    _, notes = theory.exchange.board.read()
    assert len(theory.training_set) >= wanted
    assert np.sqrt(np.mean(np.square(notes["predicted"]))) < theory.tolerance
    # It was not believed before the errors of some points of the posterior were known.
    assert known[-1] >= training.N_ROUND // 2


def test_training_ends_at_n_max(emulate, caplog):
    model = emulate(blind=0, tolerance=1e-9, n_max=40)
    with caplog.at_level("WARNING"):
        model.logposterior(POINT)
    assert "n_max = 40 points reached" in caplog.text
    assert 40 <= len(component(model).training_set) <= 40 + SMALL["N_ROUND"]


def test_model_is_left_as_it_was_by_training_inside_a_point(emulate):
    model = emulate(blind=0)
    first = model.logposterior(POINT).logpost
    again = model.logposterior(POINT, cached=False).logpost
    assert first == again


def test_zero_tolerance_is_exact(emulate):
    exact, always = emulate(name="EDEWBins"), emulate(tolerance=0)
    for x in points(exact, 5):
        assert always.logposterior(x).logpost == exact.logposterior(x).logpost > -100
    assert component(always).counts == {"emulated": 0, "by CLASS": 5}


def test_far_point_is_computed_and_learned(emulate):
    model = emulate(blind=0, tolerance=0.01)
    model.logposterior(POINT)
    theory = component(model)
    n, runs = len(theory.training_set), theory.classy.runs
    # Every point counts, however far below the best one.
    theory.trust.best = -np.inf
    far = {"H0": 61.0, "omega_cdm": 0.138, "A_s": 1.85e-9}
    found = model.logposterior(far).logpost
    assert (len(theory.training_set), theory.classy.runs) == (n + 1, runs + 1)
    assert found == emulate(name="EDEWBins").logposterior(far).logpost


def test_blind_checks_are_exact_and_counted(emulate, caplog):
    model = emulate(blind=1)
    exact = emulate(name="EDEWBins")
    for x in points(model, 4):
        assert model.logposterior(x).logpost == exact.logposterior(x).logpost
    theory = component(model)
    assert len(theory.checks) == theory.counts["emulated"] > 0
    error, sd = np.array(theory.checks).T
    assert np.all(np.abs(error) < 10 * sd + 1e-3)
    with caplog.at_level("INFO"):
        model.close()
    assert f"{len(error)} blind checks" in caplog.text


def test_points_are_kept_for_another_run(emulate, tmp_path):
    path = tmp_path / "points.npz"
    model = emulate()
    model.logposterior(POINT)
    n = len(component(model).training_set)
    shutil.copy(component(model).exchange.file, path)
    before = path.read_bytes()
    again = emulate(training=str(path))
    again.logposterior(POINT)
    # They predict each other: none has to be computed to know that.
    assert component(again).counts["by CLASS"] == 0
    assert len(component(again).training_set) == n
    assert path.read_bytes() == before


def test_points_that_do_not_tell_of_the_posterior_are_not_enough(emulate, tmp_path):
    model = emulate()
    model.logposterior(POINT)
    with np.load(component(model).exchange.file, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    identity = json.loads(str(arrays.pop("identity")))
    known = component(model).training_set
    peak = np.argsort([model.loglike(known.point(i))[0] for i in range(len(known))])
    few = np.sort(peak[: -training.N_ROUND // 2])
    save(tmp_path / "few.npz", identity, {name: value[few] for name, value in arrays.items()})
    again = emulate(training=str(tmp_path / "few.npz"))
    again.logposterior(POINT)
    assert len(component(again).training_set) > len(few)


def test_file_of_other_physics_is_refused(emulate, tmp_path):
    model = emulate()
    model.logposterior(POINT)
    shutil.copy(component(model).exchange.file, path := tmp_path / "points.npz")
    other = emulate(training=str(path), params={"n_s": 0.97})
    with pytest.raises(LoggedError, match="fixed"):
        other.logposterior(POINT)


def test_points_that_come_with_the_package_are_found(emulate, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(exchange, "PACKAGED", tmp_path)
    save(tmp_path / "a.npz", {"CLASS": "older"}, {})
    model = emulate()
    with caplog.at_level("INFO"):
        assert np.isfinite(model.logposterior(POINT).logpost)
    assert "it learns from nothing" in caplog.text
    shutil.copy(component(model).exchange.file, tmp_path / "b.npz")
    n = len(component(model).training_set)
    again = emulate()
    with caplog.at_level("INFO"):
        again.logposterior(POINT)
    assert f"{n} points that come with the package" in caplog.text


def test_damaged_file_is_one_line(emulate, tmp_path):
    path = tmp_path / "points.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(LoggedError, match=r"points\.npz") as error:
        emulate(training=str(path)).logposterior(POINT)
    assert "\n" not in str(error.value)


def test_what_cannot_be_emulated_is_refused(emulate):
    needs = {"Omega_cdm": {"z": [0, 1]}}
    with pytest.raises(LoggedError, match="Omega_cdm"):
        emulate({"needs": {"class": Needs, "needs": needs}})
    emulate({"needs": {"class": Needs, "needs": needs}}, tolerance=0)


@pytest.mark.parametrize(
    "options, line",
    [
        ({"tolerance": -1}, "tolerance = -1: must be a number from 0 to 1000"),
        ({"tolerance": 10**400}, "must be a number from 0 to 1000"),
        ({"blind": 2}, "blind = 2: must be a number from 0 to 1"),
        ({"n_max": "all"}, "n_max = 'all': must be a whole number from 1 to"),
        ({"check": True}, "check = True: must be a whole number from 0 to"),
        ({"training": True}, "training = True: must be a file, or null"),
        ({"start": [1.0]}, r"start = \[1.0\]: must be a file, or null"),
    ],
)
def test_wrong_option_is_named(emulate, options, line):
    with pytest.raises(LoggedError, match=line):
        emulate(**options)


def test_wrong_start_is_named(emulate, tmp_path):
    with pytest.raises(LoggedError, match="absent"):
        emulate(start=str(tmp_path / "absent.covmat")).logposterior(POINT)


def test_points_that_class_cannot_compute_are_left_out(emulate):
    # Those above 2.5e-9 are refused by the stand-in.
    wide = {"A_s": SAMPLED["A_s"] | {"prior": {"min": 1.8e-9, "max": 2.8e-9}}}
    wide["A_s"]["ref"] = {"dist": "norm", "loc": 2.3e-9, "scale": 1e-10}
    model = emulate(params=wide, blind=0)
    assert np.isfinite(model.logposterior(POINT).logpost)
    assert component(model).rejected.counts.total() > 0


def test_spectra_that_are_not_finite_are_never_learned(emulate, monkeypatch):
    monkeypatch.setattr(Universe, "broken_above", 0.123)
    model = emulate(blind=0)
    assert np.isfinite(model.logposterior(POINT).logpost)
    assert all(np.isfinite(rows).all() for rows in component(model).training_set.rows.values())


def test_training_gives_the_proposal_of_the_sampler(emulate):
    model = emulate(blind=0)
    model.logposterior(POINT)
    found = component(model).get_auto_covmat({}, {})
    path = os.path.join(found["folder"], found["name"])
    with open(path) as file:
        assert file.readline().split()[1:] == list(model.prior.params)
    widths = np.sqrt(np.diag(np.loadtxt(path)))
    assert np.all(widths > 0)
    assert np.all(widths < [np.ptp(bounds) / 2 for bounds in model.prior.bounds()])


def test_training_leaves_draws_of_the_posterior(emulate):
    model = emulate(blind=0)
    assert component(model).draws is None
    centre = model.logposterior(POINT).logpost
    draws = component(model).draws
    assert len(np.unique(draws, axis=0)) > len(draws) / 2
    assert min(model.logposterior(x).logpost for x in draws) > centre - 20


def test_distances_alone_can_be_emulated(emulate):
    class Far(Needs):
        def logp(self, **params):
            H0 = self.provider.get_Hubble(0.0, units="km/s/Mpc")[0]
            return -0.5 * ((H0 - 67) / 2) ** 2

    likelihood = {"far": {"class": Far, "needs": {"Hubble": {"z": [0.0, 1.0]}}}}
    nothing = {name: {"derived": False} for name in ("sigma8", "S8")}
    exact = emulate(likelihood, nothing, name="EDEWBins")
    quick = emulate(likelihood, nothing, blind=0)
    expected = exact.logposterior(POINT).logpost
    quick.logposterior({**POINT, "H0": 68.0})
    assert quick.logposterior(POINT).logpost == pytest.approx(expected, abs=1e-6)
    assert component(quick).counts["emulated"] == 2
