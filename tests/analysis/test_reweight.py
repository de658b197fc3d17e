"""A run under functional priors."""

import numpy as np
import pytest

from ede_wbins import priors
from ede_wbins.analysis.reweight import reweighted
from ede_wbins.errors import EDEWBinsError


def test_weights_are_those_of_the_prior(w3):
    new = reweighted(w3, ["early"], 2.0)
    prior = priors.early(2.0)
    logp = [prior(*pair) for pair in zip(w3.samples["fEDE"], w3.samples["log10z_c"], strict=True)]
    weights = w3.samples.weights * np.exp(np.array(logp) - max(logp))
    expected = np.average(w3.samples["fEDE"], weights=weights)
    assert new.samples.mean("fEDE") == pytest.approx(expected, rel=1e-6)
    assert new.samples.mean("fEDE") < 0.8 * w3.samples.mean("fEDE")
    assert w3.samples.numrows == 2100


def test_samples_of_a_flat_prior_do_not_serve_a_steep_one(w3):
    """The prior of the bins rises to its peak so steeply that few samples keep a weight."""
    with pytest.raises(EDEWBinsError, match="prior late of scale 5 its samples are worth only"):
        reweighted(w3, ["late"], 5.0)


def test_what_cannot_be_is_one_line(w3):
    with pytest.raises(EDEWBinsError, match="samples are worth only"):
        reweighted(w3, ["early", "late"], 0.01)
    with pytest.raises(EDEWBinsError, match="prior = 'x': must be early or late"):
        reweighted(w3, ["x"])
