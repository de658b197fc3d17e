"""The compressed Hubble diagram: the compression, its invariances, and Cobaya's full one."""

import numpy as np
import pytest
from cobaya.model import get_model
from stand_ins import FlatDistances

from ede_wbins.likelihoods.sn_compressed import SNCompressed
from ede_wbins.likelihoods.sn_compressed.make_table import compress, fiducial_magnitude
from ede_wbins.model.background import Background
from ede_wbins.model.late import WBins

NAME = "ede_wbins.likelihoods.sn_compressed"
PARAMS = {p: {"prior": [0, 1e4]} for p in ("rdrag", "H0", "omegam", "scale")}
PLANCK = {"omega_b": 0.02238, "omega_cdm": 0.12}


def magnitude(z: np.ndarray, background: Background) -> np.ndarray:
    return 5 * np.log10((1 + z) * background.comoving_distance(z))


def test_table_is_a_hubble_diagram():
    sn = SNCompressed()
    assert len(sn.zcmb) < 16
    assert np.all(np.diff(sn.zcmb) > 0) and np.all(np.diff(sn.mag) > 0)
    assert np.linalg.eigvalsh(sn.invcov).min() > 0
    # The faint half of the diagram is fainter than without dark energy: it accelerates.
    matter = 5 * np.log10((1 + sn.zcmb) * 2 * (1 - (1 + sn.zcmb) ** -0.5))
    excess = sn.mag - matter
    assert excess[np.searchsorted(sn.zcmb, 0.6)] - excess[0] > 0.2


def test_compression_keeps_any_smooth_model():
    z = np.geomspace(0.01, 1.6, 40)
    knots = np.linspace(z[0] ** 0.25, z[-1] ** 0.25, 12) ** 4
    model = Background(H0=68, late=WBins((0.3, 0.9, 3.0), (-0.8, -1.4, -0.5)), **PLANCK)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(40, 40))
    fitted, cov = compress(z, magnitude(z, model), 1e-4 * (noise @ noise.T + np.eye(40)), knots)
    np.testing.assert_allclose(fitted, magnitude(knots, model), atol=2e-3)
    assert np.all(np.linalg.eigvalsh(cov) > 0)


def test_constant_offset_has_the_same_variance_in_both_diagrams():
    z = np.geomspace(0.01, 1.6, 40)
    cov = np.diag(np.linspace(1e-3, 1e-2, 40)) + 1e-3
    _, knot_cov = compress(z, fiducial_magnitude(z), cov, np.geomspace(0.01, 1.6, 10))
    full, compressed = np.linalg.inv(cov).sum(), np.linalg.inv(knot_cov).sum()
    assert compressed == pytest.approx(full)


def test_absolute_magnitude_is_marginalised():
    model = get_model(
        {"theory": {"theory": FlatDistances}, "likelihood": {NAME: None}, "params": PARAMS}
    )

    def chi2(scale, omegam):
        point = {"rdrag": 147, "H0": 68, "omegam": omegam, "scale": scale}
        return -2 * model.loglike(point, return_derived=False)

    assert chi2(1.1, 0.3) == pytest.approx(chi2(1, 0.3))
    # Pantheon alone: Omega_m = 0.298 +- 0.022 (1710.00845), here its 1 sigma, with room.
    assert chi2(1, 0.298) < chi2(1, 0.24) - 3
    assert chi2(1, 0.298) < chi2(1, 0.37) - 3


@pytest.mark.data
@pytest.mark.parametrize("n_bins", [3, 5, 10])
def test_agrees_with_the_full_diagram(packages, n_bins):
    from cobaya.likelihoods.sn.pantheon import Pantheon

    full = Pantheon({"dataset_file": "PantheonBinned/ds17f.dataset"}, packages_path=packages)
    compressed = SNCompressed()
    rng = np.random.default_rng(n_bins)
    edges = np.linspace(0, 3, n_bins + 1)[1:]
    differences = []
    for _ in range(20):
        late = WBins(tuple(edges), tuple(rng.uniform(-1.2, -0.8, n_bins)))
        model = Background(H0=rng.uniform(66, 70), late=late, **PLANCK)
        chi2 = [-2 * sn.alpha_beta_logp(magnitude(sn.zcmb, model)) for sn in (full, compressed)]
        differences.append(chi2[0] - chi2[1])
    assert np.std(differences) < 0.02
