"""ACT DR4: the published best fits, the windows' file, and the cuts."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from stand_ins import FixedSpectra

from ede_wbins.likelihoods.act_dr4 import ACTDR4, REGIONS
from ede_wbins.likelihoods.act_dr4.windows import BLOCKS, read_windows, sharpened_top_hats

NAME = "ede_wbins.likelihoods.act_dr4.ACTDR4"
pytestmark = pytest.mark.data


def act(packages, **options) -> ACTDR4:
    return ACTDR4({"windows": "sharpened_top_hat", **options}, packages_path=packages)


def best_fit(packages, name) -> dict[str, np.ndarray]:
    table = np.loadtxt(f"{packages}/data/act_dr4/bf_{name}.minimum.theory_cl").T
    return {
        spectrum: np.concatenate([[0, 0], column])
        for spectrum, column in zip(("tt", "te", "ee"), table[1:4], strict=True)
    }


def chi2(likelihood, dl, yp2):
    return -2 * likelihood.loglike(dl, yp2)


def test_approximate_windows_at_the_published_best_fits(packages):
    full = act(packages)
    with_wmap, alone = (best_fit(packages, f"ACTPol_{name}") for name in ("WMAP_lcdm", "lcdm"))
    # The windows were tuned on the first of these; the others are independent.
    assert chi2(full, with_wmap, 1.003) == pytest.approx(290.64, abs=0.02)
    assert chi2(full, with_wmap, 1.0) == pytest.approx(291.20, abs=0.02)
    assert chi2(full, alone, 1.0) == pytest.approx(281.45, abs=0.02)
    # As far from the released likelihood's values in each.
    offsets = [
        chi2(full, with_wmap, 1.003) - 288.25,
        chi2(full, with_wmap, 1.0) - 288.78,
        chi2(full, alone, 1.0) - 279.06,
    ]
    assert offsets == pytest.approx([2.4] * 3, abs=0.1)


def test_parts(packages):
    dl = best_fit(packages, "ACTPol_WMAP_lcdm")
    parts = {"tt": 99.71, "te": 81.65, "ee": 98.17}
    for name, expected in parts.items():
        assert chi2(act(packages, spectra=[name]), dl, 1.003) == pytest.approx(expected, abs=0.02)
    assert chi2(act(packages, tt_l_min=1800), dl, 1.003) == pytest.approx(237.55, abs=0.02)
    assert len(act(packages, tt_l_min=1800).data) == 260 - 2 * 24
    assert len(act(packages, regions=["deep"]).data) == 130


@pytest.fixture
def released(packages, tmp_path):
    """A packages path with files of the released windows' form: those of the approximation."""
    folder = tmp_path / "data" / "act_dr4"
    folder.mkdir(parents=True)
    for name in ("cl_cmb_ap.dat", "c_matrix_ap.dat", "Binning.dat"):
        (folder / name).symlink_to(f"{packages}/data/act_dr4/{name}")
    windows = sharpened_top_hats(np.loadtxt(folder / "Binning.dat")[:, :2])
    rng = np.random.default_rng(1)
    for file in REGIONS.values():
        table = rng.normal(size=(520, 7924)).astype(np.float32)
        for block in BLOCKS.values():
            table[52 * block : 52 * (block + 1)] = windows[:, 2:]
        np.savez(folder / file, bpwf=table)
    return tmp_path


def test_released_windows_are_read_from_their_file(released, packages):
    dl = best_fit(packages, "ACTPol_lcdm")
    read = ACTDR4({}, packages_path=str(released))
    assert chi2(read, dl, 1.001) == pytest.approx(chi2(act(packages), dl, 1.001), abs=1e-3)
    # One window at a time: each bandpower sees its own region, spectrum and bin.
    file = released / "data" / "act_dr4" / REGIONS["wide"]
    table = np.zeros((520, 7924))
    table[52 * BLOCKS["te"] + 3, 500 - 2] = 2.0
    np.savez(file, bpwf=table)
    (row,) = np.argwhere(read_windows(read.log, file)["te"])
    assert tuple(row) == (3, 500)
    only = ACTDR4({"regions": ["wide"]}, packages_path=str(released))
    theory = np.concatenate([matrix @ dl[name][:5001] for name, matrix in only.matrices])
    expected = np.zeros(130)
    expected[40 + 3] = 2.0 * dl["te"][500] * 2 * np.pi / (500 * 501)
    np.testing.assert_allclose(theory, expected)


def test_released_windows_are_never_replaced_by_the_approximation(packages):
    with pytest.raises(LoggedError, match=r"15mJy_191127_lmin2\.npz is not there"):
        act(packages, windows="released")


@pytest.mark.parametrize(
    "spoil, line",
    [
        ("truncated", "not a file of arrays"),
        ("other shape", r"'bpwf' is float64 of shape \(520, 7925\); it must be"),
        ("other name", "no array"),
    ],
)
def test_bad_window_file_is_one_clear_line(released, spoil, line):
    file = released / "data" / "act_dr4" / REGIONS["deep"]
    if spoil == "truncated":
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    else:
        name = "bpwf" if spoil == "other shape" else "windows"
        np.savez(file, **{name: np.zeros((520, 7925))})
    with pytest.raises(LoggedError, match=line):
        ACTDR4({}, packages_path=str(released))


def test_runs_in_cobaya(packages):
    dl = best_fit(packages, "ACTPol_lcdm")
    model = get_model(
        {
            "theory": {"theory": {"class": FixedSpectra, "dl": dl}},
            "likelihood": {NAME: {"windows": "sharpened_top_hat"}},
            "params": {"n_s": 0.97},
            "packages_path": packages,
        }
    )
    loglike = model.loglike({"yp2": 1.002}, return_derived=False)
    assert loglike == pytest.approx(act(packages).loglike(dl, 1.002))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"windows": "top_hat"}, "windows = 'top_hat'; must be of released, sharpened_top_hat"),
        ({"spectra": ["tt", "bb"]}, "spectra = 'bb'; must be of tt, te, ee"),
        ({"spectra": []}, r"spectra = \[\]; must be of tt, te, ee"),
        ({"regions": ["north"]}, "regions = 'north'; must be of deep, wide"),
        ({"tt_l_min": 30}, "tt_l_min = 30; the data have TT bins centred on 600 to"),
        ({"tt_l_min": 9000}, "tt_l_min = 9000; the data have TT bins centred on 600 to"),
        ({"l_max": 9000}, r"l_max = 9000; it must be in \[2, 7925\]"),
    ],
)
def test_bad_options_are_one_clear_line(packages, options, line):
    with pytest.raises(LoggedError, match=line):
        act(packages, **options)


def test_too_short_spectra_are_refused(packages):
    dl = {name: d[:4000] for name, d in best_fit(packages, "ACTPol_lcdm").items()}
    with pytest.raises(LoggedError, match="'tt' has l = 0 to 3999: needed are l = 0 to 5000"):
        act(packages).loglike(dl)
