"""What the emulated component does where it must not trust itself: on the stand-in for CLASS."""

import numpy as np
import pytest
from stand_in import component
from test_emulated import POINT, emulate, points  # noqa: F401
from universe import Peaks

from ede_wbins.model.species import KM_S_MPC
from ede_wbins.theory import emulated


class TwoModes(Peaks):
    """Two universes that are equally good, and nothing in between."""

    def logp(self, **params):
        H0 = self.provider.get_Hubble(0.0, units="1/Mpc")[0] / KM_S_MPC
        low, high = -0.5 * ((H0 - 66.2) / 0.12) ** 2, -0.5 * ((H0 - 67.8) / 0.12) ** 2
        return 0.05 * super().logp(**params) + np.logaddexp(low, high)


class Sharpened(Peaks):
    """A likelihood that somebody changes while it is in use."""

    sharper = 1.0

    def logp(self, **params):
        return self.sharper * super().logp(**params)


class LongTails(Peaks):
    """A likelihood that falls ever more slowly, as no parabola does."""

    def logp(self, **params):
        return -4 * np.log1p(-super().logp(**params))


def truth(model):
    """Where `Peaks` has its maximum."""
    values = {"H0": 67.0, "omega_cdm": 0.12, "A_s": 2.1e-9}
    return np.array([values[name] for name in model.prior.params])


def test_both_modes_are_learned(emulate):  # noqa: F811
    likelihood = {"two": TwoModes}
    exact, quick = emulate(likelihood, name="EDEWBins"), emulate(likelihood, blind=0)
    theory = component(quick)
    quick.logposterior(POINT)
    emulated_in = set()
    for H0 in (66.1, 66.3, 67.7, 67.9):
        for cdm in (0.119, 0.12, 0.121):
            at, before = {**POINT, "H0": H0, "omega_cdm": cdm}, theory.counts["emulated"]
            expected = exact.logposterior(at).logpost
            error = quick.logposterior(at).logpost - expected
            assert abs(error) < 4 * theory.trust.limit
            if theory.counts["emulated"] > before:
                emulated_in.add(H0 > 67)
    assert emulated_in == {False, True}


def test_likelihood_that_changes_is_noticed_and_still_right(emulate, monkeypatch):  # noqa: F811
    monkeypatch.setattr(emulated, "_LOOKS", 5)
    likelihood = {"sharp": Sharpened}
    exact, quick = emulate(likelihood, name="EDEWBins"), emulate(likelihood, blind=0)
    for x in points(quick, 10):
        quick.logposterior(x)
    before = component(quick).counts["by CLASS"]
    for model in (quick, exact):
        model.likelihood["sharp"].sharper = 2e6
    near = [truth(quick) + 0.003 * (x - truth(quick)) for x in points(quick, 20)]
    for x in near:
        quick.logposterior(x, cached=False)
    theory = component(quick)
    assert theory.counts["by CLASS"] > before
    for x in near:
        expected = exact.logposterior(x, cached=False).logpost
        error = quick.logposterior(x, cached=False).logpost - expected
        assert abs(error) < 4 * theory.trust.limit * max(1, -expected / 3)


def test_likelihood_that_is_no_parabola_has_not_changed(emulate, monkeypatch):  # noqa: F811
    monkeypatch.setattr(emulated, "_LOOKS", 1)
    quick = emulate({"tails": LongTails}, blind=0)
    quick.logposterior(truth(quick))
    theory = component(quick)
    local, off = theory.trust.local, []
    for x in points(quick, 20):
        loglike = quick.logposterior(truth(quick) + 2 * (x - truth(quick))).loglike
        expected = local.loglike(theory.last.components, theory.likelihoods.nuisance())
        off.append(abs(loglike - expected))
    assert theory.trust.local is local
    assert max(off) > 50 and theory.counts["emulated"] > 10


def test_nothing_is_emulated_far_outside(emulate):  # noqa: F811
    quick = emulate(blind=0)
    quick.logposterior(POINT)
    theory = component(quick)
    theory.trust.best = -np.inf
    far = {"H0": 74.5, "omega_cdm": 0.101, "A_s": 2.39e-9}
    found = quick.logposterior(far).logpost
    assert theory.counts["emulated"] <= 1
    assert found == pytest.approx(emulate(name="EDEWBins").logposterior(far).logpost)
