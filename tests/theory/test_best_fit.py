"""Best fits from several starts: they agree with each other, and with Cobaya's minimiser."""

import numpy as np
import pytest
from cobaya.sampler import get_sampler
from test_emulated import SAMPLED, emulate  # noqa: F401
from universe import Peaks

from ede_wbins.analysis.best_fit import Search
from ede_wbins.errors import EDEWBinsError

SHIFT = {"prior": {"dist": "norm", "loc": 0.5, "scale": 0.6}, "ref": 0.0}
SD = {"A_s": 2e-11, "H0": 1.0, "omega_cdm": 1e-3, "shift": 0.1}


def two_modes(shift):
    """A parameter of the data alone, and the second of its modes is the lower one."""
    return np.logaddexp(-0.5 * (shift / 0.1) ** 2, 1 - 0.5 * ((shift - 1.2) / 0.1) ** 2)


@pytest.fixture
def lines():
    return []


@pytest.fixture
def search(emulate, lines):  # noqa: F811
    model = emulate({"peaks": Peaks, "two_modes": {"external": two_modes}}, {"shift": SHIFT})
    return Search(model, lines.append)


def test_starts_agree_with_each_other_and_with_cobayas_minimiser(search, lines):
    model = search.model
    assert set(search.names) == set(SD)
    fits = [search.run(np.random.default_rng(seed)) for seed in range(2)]
    assert fits[0].chi2 == pytest.approx(fits[1].chi2, abs=0.01)
    assert len(lines) >= 4
    best = min(fits, key=lambda fit: fit.chi2)
    assert sum(best.by_likelihood.values()) == pytest.approx(best.chi2)
    # The lower mode. The Gaussian prior counts, from its peak.
    expected = (1.2 / 0.1**2 + 0.5 / 0.6**2) / (1 / 0.1**2 + 1 / 0.6**2)
    assert best.parameters["shift"] == pytest.approx(expected, abs=0.005)
    pull = ((best.parameters["shift"] - 0.5) / 0.6) ** 2
    assert best.by_likelihood["prior"] == pytest.approx(pull)
    # The training is the first one's.
    assert fits[0].evaluations > 24 > fits[1].evaluations > 1 and best.seconds > 0
    assert 12 < best.derived["age"] < 15
    # Cobaya's minimiser, on the theory itself and from starts of its own, finds nothing lower, and
    # comes as close as it can.
    for name in SD:
        centre = 1.2 if name == "shift" else SAMPLED[name]["ref"]["loc"]
        start = {"dist": "norm", "loc": centre, "scale": SD[name] / 3}
        model.prior.set_reference({name: start})
    covariance = np.diag([SD[name] ** 2 for name in search.names]).tolist()
    options = {"best_of": 2, "covmat": covariance, "covmat_params": search.names, "seed": 1}
    sampler = get_sampler({"minimize": options}, model)
    (theory,) = model.theory.values()
    with theory.always("exact"):
        sampler.run()
    peak = sum(float(pdf.logpdf(pdf.median())) for pdf in model.prior.pdf)
    ends = sampler.products()["full_set_of_mins"].values()
    lowest = [2 * (peak + end) for end, is_good in ends]
    assert best.chi2 - 0.005 < min(lowest) and max(lowest) < best.chi2 + 0.1


def test_best_fit_that_class_cannot_compute_is_one_line(search, monkeypatch):
    monkeypatch.setattr(search, "_cool", lambda walkers, *_: walkers[0])
    monkeypatch.setattr(search._theory, "_compute", lambda *_: False)
    with pytest.raises(EDEWBinsError, match="CLASS cannot compute the best fit of the emulator"):
        search.run(np.random.default_rng(0))
