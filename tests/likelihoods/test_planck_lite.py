"""Planck plik-lite against Cobaya's, its published example, and its own cuts."""

import numpy as np
import pytest
from cobaya.likelihoods.planck_2018_highl_plik.TT_lite_native import TT_lite_native
from cobaya.likelihoods.planck_2018_highl_plik.TTTEEE_lite_native import TTTEEE_lite_native
from cobaya.log import LoggedError
from cobaya.model import get_model
from stand_ins import P18, FixedSpectra

from ede_wbins.likelihoods.planck_lite import PlanckLite, PlanckLite2015
from ede_wbins.likelihoods.planck_lite.files import names

NAME = "ede_wbins.likelihoods.planck_lite.PlanckLite"
pytestmark = pytest.mark.data


def planck(packages, **options) -> PlanckLite:
    return PlanckLite(options, packages_path=packages)


def tilted(spectra, tilt):
    pivot = np.arange(3201).clip(1) / 800
    return {name: d * pivot**tilt for name, d in spectra.items()}


@pytest.mark.parametrize(
    ("cobayas", "ranges"),
    [
        (TTTEEE_lite_native, {"tt": "all", "te": "all", "ee": "all"}),
        (TT_lite_native, {"tt": "all"}),
        (TT_lite_native, {"tt": [30, 2508]}),
    ],
)
def test_equals_cobayas(spectra, packages, cobayas, ranges):
    theirs, ours = cobayas({}, packages_path=packages), planck(packages, ranges=ranges)
    for calibration, tilt in ((1, 0), (1.00044, 0.003), (0.99, -0.02)):
        dl = tilted(spectra, tilt)
        chi2 = theirs.get_chi_squared(0, dl["tt"], dl["te"], dl["ee"], calibration)
        assert -2 * ours.loglike(dl, calibration) == pytest.approx(chi2, abs=1e-6)


def test_each_spectrum_has_its_own_range(spectra, packages):
    ours = planck(packages, ranges={"tt": [30, 650], "te": [100, 1000], "ee": "all"})
    theirs = TTTEEE_lite_native({}, packages_path=packages)
    first, last = theirs.blmin, theirs.blmax
    keep = np.concatenate(
        [
            last[:215] <= 650,
            (first[:199] >= 100) & (last[:199] <= 1000),
            np.ones(199, dtype=bool),
        ]
    )
    theory = np.array(
        [
            spectra[name][first[b] : last[b] + 1] @ theirs.weights[first[b] : last[b] + 1]
            for name, count in (("tt", 215), ("te", 199), ("ee", 199))
            for b in range(count)
        ]
    )
    residual = (theirs.X_data - theory / 1.001**2)[keep]
    expected = residual @ np.linalg.solve(theirs.cov[np.ix_(keep, keep)], residual)
    assert -2 * ours.loglike(spectra, 1.001) == pytest.approx(expected, abs=1e-6)
    # The bins of TT end at l = 648: the next would reach beyond 650.
    assert ours.l_max == {"tt": 648, "te": 999, "ee": 1996}
    shorter = {name: spectra[name][: last + 1] for name, last in ours.l_max.items()}
    assert ours.loglike(shorter, 1.001) == ours.loglike(spectra, 1.001)


def test_published_example(packages):
    table = np.loadtxt(f"{packages}/data/planck_lite_lowl/Dl_planck2015fit.dat")
    dl = {
        name: np.concatenate([[0, 0], column])
        for name, column in zip(("tt", "te", "ee"), table.T[1:], strict=True)
    }
    assert planck(packages).loglike(dl) == pytest.approx(-291.33481235418, abs=1e-6)
    assert planck(packages, ranges={"tt": "all"}).loglike(dl) == pytest.approx(
        -101.581230687226, abs=1e-6
    )
    assert planck(packages, lowl_tt=True).loglike(dl) == pytest.approx(-293.955865, abs=1e-6)


def test_values_at_the_best_fit(class_spectra, packages):
    def chi2(**options):
        return -2 * planck(packages, **options).loglike(class_spectra, 1.00044)

    assert chi2() == pytest.approx(584.85, abs=0.05)
    assert chi2(ranges={"tt": "all"}) == pytest.approx(208.54, abs=0.05)
    assert chi2(lowl_tt=True) - chi2() == pytest.approx(4.14, abs=0.1)


def test_runs_in_cobaya(spectra, packages):
    info = {
        "theory": {"theory": {"class": FixedSpectra, "dl": spectra}},
        "likelihood": {NAME: {"ranges": {"tt": [30, 650], "te": "all", "ee": "all"}}},
        "params": {"n_s": P18["ns"]},
        "packages_path": packages,
    }
    model = get_model(info)
    (ours,) = model.likelihood.values()
    assert ours.get_requirements() == {"Cl": {"tt": 648, "te": 1996, "ee": 1996}}
    loglike = model.loglike({"A_planck": 1.001}, return_derived=False)
    assert loglike == pytest.approx(ours.loglike(spectra, 1.001))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"ranges": {"tt": [2, 650]}}, r"tt = \[2, 650\]; the data have \[30, 2508\]"),
        ({"ranges": {"te": [30, 2500]}}, r"te = \[30, 2500\]; the data have \[30, 1996\]"),
        ({"ranges": {"tt": [31, 33]}}, r"tt = \[31, 33\]; no bin is inside"),
        ({"ranges": {"tt": "650"}}, r"tt = '650'; it must be `all` or \[l_min, l_max\]"),
        ({"ranges": {"bb": "all"}}, r"no spectrum 'bb'; there are tt, te, ee"),
        ({"ranges": {}}, r"ranges is empty; give some of tt, te, ee"),
        ({"ranges": {"ee": "all"}, "lowl_tt": True}, r"lowl_tt is true, but ranges has no tt"),
    ],
)
def test_bad_options_are_one_clear_line(packages, options, line):
    with pytest.raises(LoggedError, match=line):
        planck(packages, **options)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda dl: {"tt": dl["tt"]}, r"no spectrum 'te': there are tt"),
        (lambda dl: dl | {"ee": dl["ee"][:1900]}, r"'ee' has l = 0 to 1899.* 0 to 1996"),
        (lambda dl: {n: d[2:] for n, d in dl.items()}, r"'tt' is \[.*\] at l = 0, 1"),
        (lambda dl: {n: d / 2.7255e6**2 for n, d in dl.items()}, r"muK\^2 is needed"),
    ],
)
def test_spectra_in_another_form_are_refused(packages, spectra, change, line):
    longer = {name: np.append(d, d[-3:]) for name, d in spectra.items()}
    with pytest.raises(LoggedError, match=line):
        planck(packages).loglike(change(longer))


def test_release_of_2015_reads_its_own_files(packages, tmp_path, spectra):
    with pytest.raises(LoggedError, match=r"planck_2015_pliklite/blmin\.dat is not there"):
        PlanckLite2015({"path": str(tmp_path)})
    # Its high-l files are not at hand: those of 2018 under their names, and its own low-l bins.
    for (role, name), other in zip(names(2015).items(), names(2018).values(), strict=True):
        target = tmp_path / "data" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = name if role.startswith("lowl") else other
        target.symlink_to(f"{packages}/data/{source}")
    old, new = PlanckLite2015({"path": str(tmp_path), "lowl_tt": True}), planck(packages)
    table = np.loadtxt(tmp_path / "data" / names(2015)["lowl_data"])
    ell = np.arange(2, 30)
    cl = spectra["tt"][2:30] * 2 * np.pi / (ell * (ell + 1))
    weights = np.loadtxt(tmp_path / "data" / names(2015)["lowl_weights"])
    theory = [weights[:14] @ cl[:14], weights[14:] @ cl[14:]]
    chi2 = np.sum(((table[:, 1] - theory) / table[:, 2]) ** 2)
    assert -2 * (old.loglike(spectra) - new.loglike(spectra)) == pytest.approx(chi2)
