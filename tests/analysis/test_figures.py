"""Figures show what the runs say."""

import numpy as np
import pytest
from PIL import Image
from synthetic import background

from ede_wbins.analysis import load_run, save_figures
from ede_wbins.analysis.figures import KINDS, cmb, default_figures, draw
from ede_wbins.analysis.history import band, best_background, histories
from ede_wbins.analysis.measurements import PLANCK_LCDM, PLANCK_RS_DRAG, bao_points, measurement
from ede_wbins.analysis.spectra import L_MAX
from ede_wbins.errors import EDEWBinsError


@pytest.fixture
def no_class(monkeypatch):
    """Spectra in place of CLASS's."""
    ell = np.arange(L_MAX + 1)
    flat = {name: 1000.0 * np.exp(-ell / 1000) for name in ("tt", "te", "ee")}
    monkeypatch.setattr(cmb, "best_spectra", lambda run: flat)


def test_every_kind_is_drawn_for_one_run(w3, tmp_path, no_class):
    kinds = [kind for kind in KINDS if kind != "triangle"]
    every = ["triangle", "w", "f_ede", "expansion", "s8h0", "trace"]
    assert default_figures([w3]) == [(kind, [w3]) for kind in every]
    written = save_figures(w3, tmp_path / "new", kinds)
    assert [path.name for path in written[::2]] == [f"w3_{kind}.pdf" for kind in kinds]
    for path in written[1::2]:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert 0.005 < np.mean(pixels < 200) < 0.9
        # One column of a journal at 300 dots an inch.
        assert pixels.shape[1] <= 1100


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"trace", "triangle"}))
def test_every_kind_but_traces_is_drawn_for_two(w3, w5, kind, no_class):
    draw(kind, [w3, w5])


def test_a_triangle_has_the_parameters_of_all_runs(w3, w5):
    figure = KINDS["triangle"]([w3, w5], ["w3", "w4"])
    labels = {ax.get_xlabel() for ax in figure.axes} | {ax.get_ylabel() for ax in figure.axes}
    assert {"$w_{3}$", "$w_{4}$"} <= labels
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["w3", "w5"]


def test_f_ede_band_is_that_of_the_samples(w3):
    """At z_c the fluid's fraction is fEDE itself; its band is fEDE's where z_c is known."""
    z = np.geomspace(1500, 8000, 60)
    peaks = [each.background.f_ede(z).max() for each in histories(w3)]
    expected = w3.samples.confidence("f_ede_max", np.array([0.16, 0.5, 0.84]))
    assert np.quantile(peaks, [0.16, 0.5, 0.84]) == pytest.approx(expected, rel=0.15)
    drawn = band(histories(w3), lambda each: each.background.f_ede(z))
    assert np.all(drawn.ranges[0.95][0] <= drawn.ranges[0.68][0])
    assert np.all(drawn.ranges[0.68][0] <= drawn.median)
    assert np.all(drawn.median <= drawn.ranges[0.68][1])


def test_history_is_that_of_the_parameters(w3):
    ours, values = best_background(w3), w3.best.values
    assert (ours.H0, ours.omega_cdm) == (values["H0"], values["omega_cdm"])
    assert ours.late.w == [values["w1"], values["w2"], values["w3"]]
    assert ours.ede.fEDE == values["fEDE"]
    assert ours.m_ncdm == (0.06,)


@pytest.mark.parametrize("theory", [{"ede": "scalar"}, {"extra_args": {"ede_definition": "peak"}}])
def test_where_fEDE_is_the_peak_the_history_peaks_there(w3, theory):
    options = {"ede_wbins.EDEWBins": {"n_bins": 3, **theory}}
    run = type(w3)(w3.prefix, w3.samples, {**w3.info, "theory": options})
    f_max, z_max = best_background(run).ede_peak()
    assert f_max == pytest.approx(run.best.values["fEDE"], rel=1e-4)
    assert np.log10(z_max) == pytest.approx(run.best.values["log10z_c"], abs=1e-4)


def test_bao_points_lie_near_plancks_universe(w3):
    """Ratios to Planck's LambdaCDM are within 3 sigma and 10% of 1, in the right units."""
    from ede_wbins.analysis.figures.histories import _reference

    points = bao_points(w3)
    assert len(points) == 8
    for point in points:
        assert point.value / _reference(point) == pytest.approx(1, abs=0.1)
        assert abs(point.value - _reference(point)) < 3 * point.error
    info = {**w3.info, "likelihood": {"bao.desi_dr2.desi_bao_all": None}}
    assert len(bao_points(type(w3)(w3.prefix, w3.samples, info))) == 13


def test_planck_sound_horizon_fits_the_angle():
    """r_drag over the distance to recombination, for the units of the figure."""
    angle = PLANCK_RS_DRAG / PLANCK_LCDM.comoving_distance(np.array([1089.9]))[0]
    assert 100 * angle == pytest.approx(1.04 * 147.05 / 144.4, rel=2e-3)
    assert background().ede_peak()[0] == pytest.approx(1.15 * 0.03, rel=0.02)


def test_what_a_run_lacks_is_one_line(w3, w5, tmp_path):
    with pytest.raises(EDEWBinsError, match="no parameter w9 in the chains"):
        KINDS["triangle"]([w3], ["w9"])
    with pytest.raises(EDEWBinsError, match="figure = 'pie': must be one of triangle"):
        save_figures(w3, tmp_path, ["pie"])
    with pytest.raises(EDEWBinsError, match="trace: give one run"):
        draw("trace", [w3, w5])
    with pytest.raises(EDEWBinsError, match="measurement = 'x': must be one of SH0ES"):
        measurement("x")


def test_a_prior_only_run_is_shown_behind(chains, tmp_path):
    for path in chains.glob("w3.*"):
        (tmp_path / path.name).write_text(path.read_text())
        (tmp_path / path.name.replace("w3.", "w3_prior.")).write_text(path.read_text())
    run = load_run(tmp_path / "w3")
    assert run.prior.name == "w3_prior"
    texts = [
        text.get_text() for text in KINDS["triangle"]([run], ["fEDE", "H0"]).legends[0].get_texts()
    ]
    assert texts == ["w3", "prior"]
    (behind,) = [h for h in draw("f_ede", [run]).axes[0].collections if h.get_zorder() == 0]
    # This prior is the posterior itself, in a universe of its mean.
    top = behind.get_paths()[0].vertices[:, 1].max()
    z = np.geomspace(1500, 8000, 60)
    upper = band(histories(run), lambda each: each.background.f_ede(z)).ranges[0.95][1]
    assert top == pytest.approx(upper.max(), rel=0.05)
