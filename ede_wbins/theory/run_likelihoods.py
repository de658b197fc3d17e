"""The likelihoods of a run as functions of what the theory gives them."""

from collections.abc import Mapping

import numpy as np

from ede_wbins.theory.noise import Noise
from ede_wbins.theory.products import by_product
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
        self._looking: list | None = None

    def total(self, state: dict) -> float:
        """ln L at the provider's parameters with the results in `state`."""
        return self._sum(self._all, state)

    def of_spectra(self, state: dict) -> float:
        """The same of the likelihoods that look at spectra alone."""
        return self._sum(self._looking, state)

    def nuisance(self) -> np.ndarray:
        """Values of the sampled parameters that only likelihoods of spectra have."""
        params = self._provider.params
        return np.array([params[name] for name in self._nuisance_names()])

    def remember(self) -> tuple[dict, dict]:
        """The current point: its parameters, and the theory's results."""
        state = dict(self._theory._current_state)
        if self._looking is None:
            self._looking = [each for each in self._all if self._looks(each, state)]
        return dict(self._provider.params), state

    def expand(self, surrogate: Surrogate, reference: tuple[dict, dict]) -> LocalLikelihood:
        """Second-order expansion in the components of the spectra about a remembered point."""
        params, state = reference
        prior = self._provider.model.prior
        steps = 0.05 * np.sqrt(prior.covmat(ignore_external=True).diagonal())
        steps = dict(zip(prior.params, steps, strict=True))
        names = self._nuisance_names()
        theory = self._theory
        centre = surrogate.predict(theory.varying({k: params[k] for k in theory.input_params}))

        def loglike(components: np.ndarray, nuisance: np.ndarray) -> float:
            moved = dict(zip(names, nuisance.tolist(), strict=True))
            self._provider.set_current_input_params({**params, **moved})
            spectra = by_product(surrogate.expand(components))
            return self._sum(self._looking, {**state, **spectra})

        with self._parameters_restored():
            return LocalLikelihood(
                loglike,
                centre.components,
                np.array([params[name] for name in names]),
                np.array([steps[name] for name in names]),
            )

    def noise(self, reference: tuple[dict, dict]) -> dict[str, list[float]]:
        """How far the noise of these likelihoods is from `Noise`'s own, see `Noise.factors`."""
        params, state = reference
        spectra = {
            (product, name): state[product][name][2:]
            for product, name in self._theory.training_set.spectra
        }

        def loglike(key: tuple[str, str], shift: np.ndarray) -> float:
            product, name = key
            moved = state[product][name].copy()
            moved[2:] += shift
            return self._sum(self._looking, {**state, product: {**state[product], name: moved}})

        noise = Noise(spectra)
        with self._parameters_restored():
            self._provider.set_current_input_params(params)
            noise.measure(loglike)
        return noise.factors

    def _parameters_restored(self):
        return _Restored(self._provider)

    def _nuisance_names(self) -> list[str]:
        theirs = {name for each in self._looking or () for name in each.input_params}
        theirs -= set(self._theory.input_params)
        sampled = self._provider.model.parameterization.sampled_params()
        return [name for name in sampled if name in theirs]

    def _looks(self, likelihood, state: Mapping) -> bool:
        """Whether a likelihood asks for spectra."""
        self._theory.spectra_given = 0
        self._sum([likelihood], dict(state))
        return self._theory.spectra_given > 0

    def _sum(self, likelihoods: list, state: dict) -> float:
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
