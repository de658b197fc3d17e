"""BAO tables against the numbers as published, and the likelihood against Cobaya's own."""

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from stand_ins import P18, T15, FlatDistances

from ede_wbins.likelihoods.bao_compressed import BAOCompressed
from ede_wbins.likelihoods.bao_compressed.make_tables import fit_mgs

NAME = "ede_wbins.likelihoods.bao_compressed"


def table(name: str):
    bao = BAOCompressed({"table": name})
    return bao.data, bao.cov, np.sqrt(np.diag(bao.cov))


def test_sdss_table_is_what_was_published():
    data, cov, error = table("sdss")
    value = data["value"].to_numpy()
    sixdf = 153.9 / 149.8
    assert value[0] * sixdf == pytest.approx(0.336)
    assert error[0] * sixdf == pytest.approx(0.015)
    # 1409.3242: D_V(0.15) = 664 +- 25 Mpc r_d/148.69 Mpc; its likelihood is skewed.
    assert value[1] * 148.69 == pytest.approx(664, abs=2)
    assert error[1] * 148.69 == pytest.approx(25, abs=1.5)
    # 1607.03155, table 7: D_M in Mpc and H in km/s/Mpc for r_d = 147.78 Mpc, BAO only.
    published = [1512, 81.2, 1975, 90.9, 2307, 99.0]
    published_error = [25, 2.4, 30, 2.3, 37, 2.5]
    unit = np.tile([147.78, 1 / 147.78], 3)
    np.testing.assert_allclose(value[2:] * unit, published, rtol=1e-3)
    np.testing.assert_allclose(error[2:] * unit, published_error, rtol=0.02)
    assert np.all(cov[:2, 2:] == 0)


def test_desi_table_is_what_was_published():
    data, cov, _ = table("desi_dr2")
    # 2503.14738, table IV: D_V/r_d of BGS, then D_M/r_d and D_H/r_d.
    published = {
        0.510: (13.588, 21.863),
        0.706: (17.351, 19.455),
        0.934: (21.576, 17.641),
        1.321: (27.601, 14.176),
        1.484: (30.512, 12.817),
        2.330: (38.988, 8.632),
    }
    assert data["value"][0] == pytest.approx(7.942, abs=1e-3)
    for z, expected in published.items():
        rows = data[data["z"] == z].sort_values("observable", ascending=False)
        assert tuple(rows["value"]) == pytest.approx(expected, abs=1.1e-3)
        # Transverse and radial distances from one ruler: always anticorrelated.
        assert cov[tuple(rows.index)] < 0
    assert np.linalg.eigvalsh(cov).min() > 0


@pytest.mark.parametrize("name", ["sdss", "desi_dr2"])
def test_only_distances_in_units_of_r_drag_matter(name):
    model = get_model(
        {
            "theory": {"theory": FlatDistances},
            "likelihood": {NAME: {"table": name}},
            "params": {p: {"prior": [0, 1e4]} for p in ("rdrag", "H0", "omegam", "scale")},
        }
    )

    def chi2(**point):
        return -2 * model.loglike(point, return_derived=False)

    reference = chi2(rdrag=147.1, H0=67.4, omegam=0.315, scale=1)
    assert chi2(rdrag=147.1 * 1.05, H0=67.4, omegam=0.315, scale=1.05) == pytest.approx(reference)
    assert chi2(rdrag=147.1, H0=67.4, omegam=0.315, scale=1.05) > reference + 10
    assert reference < 40


def test_unknown_table_is_one_clear_line():
    with pytest.raises(LoggedError, match=r"desi_dr3\.txt"):
        BAOCompressed({"table": "desi_dr3"})


def test_mgs_fit_returns_an_exact_parabola():
    alpha = np.linspace(0.8005, 1.1985, 399)
    assert fit_mgs(((alpha - 1.04) / 0.037) ** 2) == pytest.approx((1.04, 0.037))


@pytest.mark.data
def test_agrees_with_cobayas_likelihoods(packages):
    pytest.importorskip("camb")
    sdss = ["bao.sixdf_2011_bao", "bao.sdss_dr7_mgs", "bao.sdss_dr12_consensus_bao"]
    desi = ["bao.desi_dr2.desi_bao_all"]
    names = [*sdss, *desi]
    info = {
        "theory": {"camb": None},
        "likelihood": dict.fromkeys(names)
        | {"sdss": {"class": NAME}, "desi": {"class": NAME, "table": "desi_dr2"}},
        "packages_path": packages,
    }
    differences = []
    for point in (P18, T15):
        model = get_model(info | {"params": point})
        chi2 = dict(zip(model.likelihood, -2 * model.loglikes([])[0], strict=True))
        assert chi2["desi"] == pytest.approx(sum(chi2[name] for name in desi), abs=1e-3)
        differences.append(chi2["sdss"] - sum(chi2[name] for name in sdss))
    # MGS is a Gaussian here, a table there: not equal, but the same from model to model.
    assert differences[0] == pytest.approx(differences[1], abs=0.01)
    assert differences[0] == pytest.approx(0, abs=0.1)
