"""Best fits from several starts: they agree with each other, and with Cobaya's minimiser."""

import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.sampler import get_sampler

from ede_wbins.analysis.best_fit import Search
from ede_wbins.errors import EDEWBinsError

SD = {"omega_cdm": 0.004, "H0": 1.5, "w1": 0.1, "w2": 0.5, "shift": 0.3}
CENTRE = {"omega_cdm": 0.12, "H0": 67.0, "w1": -1.0, "w2": -1.0, "shift": 0.5}


@pytest.fixture(scope="module")
def model(classy):
    """BAO and supernovae need no perturbations; `shift` is a parameter of the data alone."""
    info = {
        "theory": {
            "ede_wbins.EmulatedEDEWBins": {
                "path": classy.__file__.rsplit("/", 1)[0],
                "ede": "none",
                "n_bins": 2,
                # No data see sigma8.
                "extra_args": {
                    "tol_perturbations_integration": 1e-3,
                    "k_per_decade_for_pk": 5,
                    "k_per_decade_for_bao": 20,
                },
            }
        },
        "likelihood": {
            "ede_wbins.likelihoods.bao_compressed.BAOCompressed": None,
            "ede_wbins.likelihoods.sn_compressed.SNCompressed": None,
            # Of two modes in the shift, the second of which is the lower one.
            "toy": {
                "external": lambda omega_cdm, shift: (
                    -0.5 * ((omega_cdm - 0.12) / 0.002) ** 2
                    + np.logaddexp(-0.5 * (shift / 0.1) ** 2, 1 - 0.5 * ((shift - 1.2) / 0.1) ** 2)
                )
            },
        },
        "params": {
            "omega_b": 0.0224,
            "omega_cdm": {"prior": [0.08, 0.16], "ref": 0.12, "proposal": 0.002},
            "H0": {"prior": [50, 90], "ref": 67, "proposal": 1},
            "w1": {"prior": [-3, 1], "ref": -1, "proposal": 0.1},
            "w2": {"prior": [-3, 1], "ref": -1, "proposal": 0.5},
            "shift": {"prior": {"dist": "norm", "loc": 0.5, "scale": 0.6}, "ref": 0.0},
            "sigma8": {"derived": False},
            "S8": {"derived": False},
        },
    }
    found = get_model(info)
    yield found
    found.close()


@pytest.fixture(scope="module")
def search(model):
    return Search(model, lines.append)


lines: list[str] = []


def test_starts_agree_with_each_other_and_with_cobayas_minimiser(model, search):
    assert search.names == list(SD)
    fits = [search.run(np.random.default_rng(seed)) for seed in range(2)]
    chi2 = [fit.chi2 for fit in fits]
    assert max(chi2) - min(chi2) < 0.1
    assert len(lines) >= 4
    best = min(fits, key=lambda fit: fit.chi2)
    assert sum(best.by_likelihood.values()) == pytest.approx(best.chi2)
    # The lower mode. The Gaussian prior counts, from its peak.
    expected = (1.2 / 0.1**2 + 0.5 / 0.6**2) / (1 / 0.1**2 + 1 / 0.6**2)
    assert best.parameters["shift"] == pytest.approx(expected, abs=0.02)
    pull = ((best.parameters["shift"] - 0.5) / 0.6) ** 2
    assert best.by_likelihood["prior"] == pytest.approx(pull)
    # The training is the first one's.
    assert fits[0].evaluations > 48 > 20 > fits[1].evaluations > 1 and best.seconds > 0
    assert 12 < best.derived["age"] < 15
    # Cobaya's minimiser, on CLASS itself and from starts of its own, finds the same.
    for name, value in {**CENTRE, "shift": 1.2}.items():
        start = {"dist": "norm", "loc": value, "scale": SD[name] / 3}
        model.prior.set_reference({name: start})
    options = {"best_of": 2, "covmat": np.diag(np.square(list(SD.values()))).tolist(), "seed": 1}
    sampler = get_sampler({"minimize": {**options, "covmat_params": search.names}}, model)
    (theory,) = model.theory.values()
    with theory.always("exact"):
        sampler.run()
    peak = sum(float(pdf.logpdf(pdf.median())) for pdf in model.prior.pdf)
    ends = sampler.products()["full_set_of_mins"].values()
    lowest = [2 * (peak + end) for end, is_good in ends]
    assert lowest == pytest.approx([best.chi2] * 2, abs=0.1)


def test_best_fit_that_class_cannot_compute_is_one_line(search, monkeypatch):
    monkeypatch.setattr(search, "_cool", lambda walkers, *_: walkers[0])
    monkeypatch.setattr(search._theory, "_compute", lambda *_: False)
    with pytest.raises(EDEWBinsError, match="CLASS cannot compute the best fit of the emulator"):
        search.run(np.random.default_rng(0))
