"""The likelihoods of a run as functions of what the theory gives them."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add

import numpy as np

from ede_wbins.theory.matter_power import PowerNoise
from ede_wbins.theory.noise import Noise
from ede_wbins.theory.surrogate import Surrogate
from ede_wbins.theory.trust import LocalLikelihood


class RunLikelihoods:
    """
    ln L of a run's likelihoods with other results in place of the theory's own.

    Parameters
    ----------
    theory : EmulatedEDEWBins
        After its provider is known.
    """

    def __init__(self, theory):
        self._theory = theory
        self._provider = theory.provider
        self._all = list(theory.provider.model.likelihood.values())
        # Those that look at vectors, by the kinds that they look at; known once there are results.
        self._looking: dict[frozenset[str], list] | None = None

    def total(self, state: dict) -> float:
        """ln L at the provider's parameters with the results in `state`."""
        return self._sum(self._all, state)

    def of_vectors(self, params: dict, state: dict) -> float:
        """
        ln L at a remembered point, of the likelihoods alone that look at spectra or matter power.
        """
        with self._parameters_restored():
            self._provider.set_current_input_params(params)
            return self._sum(self._who_look(), dict(state))

    def nuisance(self) -> np.ndarray:
        """Values of the sampled parameters that only these likelihoods have."""
        params = self._provider.params
        return np.array([params[name] for name in self._nuisance_names()])

    def remember(self) -> tuple[dict, dict]:
        """The current point: its parameters, and the theory's results."""
        results = self._theory._current_state
        # Without Cobaya's interpolators, which it keeps beside what they interpolate.
        state = {k: v for k, v in results.items() if k[0] != "Pk_interpolator"}
        if self._looking is None:
            self._looking = {}
            for each in self._all:
                if kinds := self._seen(each, state):
                    self._looking.setdefault(kinds, []).append(each)
        return dict(self._provider.params), state

    def expand(self, surrogate: Surrogate, reference: tuple[dict, dict]) -> LocalLikelihood:
        """Second-order expansion in the components of the vectors about a remembered point."""
        params, state = reference
        prior = self._provider.model.prior
        steps = 0.05 * np.sqrt(prior.covmat(ignore_external=True).diagonal())
        steps = dict(zip(prior.params, steps, strict=True))
        names = self._nuisance_names()
        theory = self._theory
        centre = surrogate.predict(theory.varying({k: params[k] for k in theory.input_params}))
        k, everything = len(centre.components), np.arange(len(centre.components))

        def expansion(kinds: frozenset[str], likelihoods: list) -> LocalLikelihood:
            def loglike(components: np.ndarray, nuisance: np.ndarray) -> float:
                moved = dict(zip(names, nuisance.tolist(), strict=True))
                self._provider.set_current_input_params({**params, **moved})
                vectors = surrogate.expand(components)
                found = theory.products.by_product(vectors, centre.background)
                return self._sum(likelihoods, {**state, **found})

            theirs = {name for each in likelihoods for name in each.input_params}
            active = [i for kind in kinds for i in everything[surrogate.parts[kind]]]
            active += [k + i for i, name in enumerate(names) if name in theirs]
            return LocalLikelihood(
                loglike,
                centre.components,
                np.array([params[name] for name in names]),
                np.array([steps[name] for name in names]),
                active,
            )

        with self._parameters_restored():
            each = [expansion(*group) for group in self._looking.items()]
            return reduce(add, each, expansion(frozenset(), []))

    def noise(self, reference: tuple[dict, dict]) -> dict[str, list[float]]:
        """How far the noise of these likelihoods is from our own, see `Noise` and `PowerNoise`."""
        params, state = reference
        training = self._theory.training_set
        spectra = {(product, name): state[product][name][2:] for product, name in training.spectra}

        def with_spectrum(key: tuple[str, str], shift: np.ndarray) -> float:
            product, name = key
            moved = state[product][name].copy()
            moved[2:] += shift
            found = {product: {**state[product], name: moved}}
            return self._sum(self._who_look("spectra"), {**state, **found})

        def with_power(key: tuple, shift: np.ndarray) -> float:
            k, z, power = state[key]
            found = {key: (k, z, power * np.exp(shift.reshape(power.shape)))}
            return self._sum(self._who_look("powers"), {**state, **found})

        noise, power_noise = Noise(spectra), PowerNoise(training.powers)
        with self._parameters_restored():
            self._provider.set_current_input_params(params)
            noise.measure(with_spectrum)
            power_noise.measure(with_power)
        return noise.factors | power_noise.factors

    def _parameters_restored(self):
        return _Restored(self._provider)

    def _nuisance_names(self) -> list[str]:
        theirs = {name for each in self._who_look() for name in each.input_params}
        theirs -= set(self._theory.input_params)
        sampled = self._provider.model.parameterization.sampled_params()
        return [name for name in sampled if name in theirs]

    def _who_look(self, kind: str | None = None) -> list:
        """The likelihoods that look at vectors of a kind, or at any."""
        groups = self._looking or {}
        return [each for kinds, some in groups.items() if kind in {None, *kinds} for each in some]

    def _seen(self, likelihood, state: Mapping) -> frozenset[str]:
        """Which kinds of vectors a likelihood asks for."""
        self._theory.given.clear()
        self._sum([likelihood], dict(state))
        return frozenset(self._theory.given)

    def _sum(self, likelihoods: Iterable, state: dict) -> float:
        theory = self._theory
        kept = getattr(theory, "_current_state", None)
        theory._current_state = state
        try:
            total = 0.0
            for each in likelihoods:
                params = {name: self._provider.params[name] for name in each.input_params}
                own = {}
                each.calculate(own, want_derived=False, **params)
                total += float(np.squeeze(own["logp"]))
            return total
        finally:
            theory._current_state = kept


class _Restored:
    """Gives the provider its parameters back."""

    def __init__(self, provider):
        self._provider = provider

    def __enter__(self):
        self._params = self._provider.params

    def __exit__(self, *_):
        self._provider.set_current_input_params(self._params)
