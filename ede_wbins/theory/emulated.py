"""EDEWBins with most points emulated: the same inputs, the same products."""

from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError

from ede_wbins.ede_models import FIELD_DERIVED
from ede_wbins.errors import EDEWBinsError
from ede_wbins.theory.coordinates import ANGLE_HORIZON
from ede_wbins.theory.edewbins import EDEWBins
from ede_wbins.theory.exact_check import ExactCheck
from ede_wbins.theory.exchange import Exchange
from ede_wbins.theory.getters import QuickGetters
from ede_wbins.theory.products import (
    DISTANCES,
    GROWTH,
    MATTER,
    SPECTRA,
    Products,
    complete,
    derived_values,
)
from ede_wbins.theory.rejected import output_of_run
from ede_wbins.theory.run_likelihoods import RunLikelihoods
from ede_wbins.theory.surrogate import Prediction, Surrogate
from ede_wbins.theory.training import Trainer
from ede_wbins.theory.training_set import HORIZON, TrainingSet
from ede_wbins.theory.trust import Trust
from ede_wbins.theory.varying import compare, coordinates, identity

# After so many emulated points it is looked whether likelihoods are still what they were.
_LOOKS = 100
_SAME = 1e-3


_NUMBERS = (
    ("tolerance", int | float, 0, 1e3),
    ("blind", int | float, 0, 1),
    ("n_max", int, 1, 1e6),
    ("check", int, 0, 1e6),
)
"""Options: name, kind, least and largest value."""


class EmulatedEDEWBins(QuickGetters, EDEWBins):
    r"""
    EDEWBins, which learns from the points that CLASS \cite{Blas:2011rf} computes to do without it:
    principal components of the spectra and Gaussian processes, with errors carried to $\ln L$.

    Expansion history and distances are closed forms, given the sound horizon. A point whose
    predicted error of $\ln L$ is too large is computed by CLASS, and learned.

    Attributes
    ----------
    draws : ndarray, shape (n, d), or None
        Points of the posterior as known from the training, once trained.
    """

    bibtex_file = "EDEWBins.bibtex"

    tolerance: float
    training: str | None
    start: str | None
    n_max: int
    blind: float
    check: int

    # Set-up

    def initialize(self):
        """
        Check the options.

        Raises
        ------
        LoggedError
            If one is wrong.
        """
        super().initialize()
        for name, kind, least, most in _NUMBERS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
                what = "whole number" if kind is int else "number"
                raise LoggedError(
                    self.log, "%s = %r: must be a %s from %g to %g", name, value, what, least, most
                )
        for name in ("training", "start"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise LoggedError(self.log, "%s = %r: must be a file, or null", name, value)
        self.derived_extra = list(HORIZON)
        self.counts = dict.fromkeys(("emulated", "by CLASS"), 0)
        self.checks: list[tuple[float, float]] = []
        self.output = output_of_run()
        self.exchange = Exchange(self.output)
        self._rng = np.random.default_rng(mpi.rank())
        self._mode = "exact" if self.tolerance == 0 else "untrained"
        self._forget()

    def _forget(self):
        self.training_set: TrainingSet | None = None
        self.surrogate: Surrogate | None = None
        self.draws: np.ndarray | None = None
        self.trust = Trust(self.tolerance)
        self.exchange.forget()
        self._doubts: list[bool] | None = None
        self._indices = {}

    def get_helper_theories(self):
        """None: most points are emulated as a whole."""
        return {}

    def must_provide(self, **requirements):
        """
        Note what is needed.

        Raises
        ------
        LoggedError
            If it is nothing that can be emulated.
        """
        super().must_provide(**(complete(requirements) if self.tolerance else requirements))
        known = {*SPECTRA, *DISTANCES, *GROWTH, *MATTER}
        names = [key[0] if isinstance(key, tuple) else key for key in self.collectors]
        if self.tolerance and (other := [name for name in names if name not in known]):
            raise LoggedError(
                self.log,
                "cannot emulate %s: use ede_wbins.EDEWBins, or tolerance: 0",
                ", ".join(other),
            )
        # What was learned lacks what is asked for now.
        self._forget()
        if self._mode == "trained":
            self._mode = "untrained"

    def initialize_with_provider(self, provider):
        """
        Learn which parameters vary.

        Raises
        ------
        LoggedError
            If the expansion history is not one that the closed forms know.
        """
        super().initialize_with_provider(provider)
        self.coordinates = coordinates(self)
        self.likelihoods = RunLikelihoods(self)

    # Computation

    def calculate(self, state, want_derived=True, **params_values_dict):
        """Predict one point, or compute it; False if there is no such universe."""
        if self._mode == "untrained":
            self._mode = "exact"
            Trainer(self).train()
            self._mode = "trained"
            self.log.info("Emulator: trained on %d points", len(self.training_set))
        if self._mode == "exact":
            return self._compute(state, want_derived, params_values_dict)
        try:
            self.last = self.surrogate.predict(self.varying(params_values_dict))
        except EDEWBinsError as error:
            self.rejected.add(error)
            return False
        doubtful = self._mode == "trained" and not self._allowed(self.last)
        if self._doubts is not None:
            self._doubts.append(doubtful)
        elif doubtful:
            return self._compute(state, want_derived, params_values_dict)
        self._fill(state, want_derived)
        if self._mode == "trained" and not doubtful:
            self.counts["emulated"] += 1
            if self.counts["emulated"] % _LOOKS == 0:
                self._look(state, params_values_dict)
            if self._rng.random() < self.blind:
                return self._check(state, want_derived, params_values_dict)
        return True

    def _compute(self, state, want_derived, params) -> bool | None:
        """Have CLASS compute a point, and learn it."""
        done = super().calculate(state, want_derived, **params)
        self.counts["by CLASS"] += 1
        if done is False or not self.tolerance:
            return done
        point = self.varying(params)
        scalars = self._scalars(point)
        horizon = [scalars[name] for name in self.coordinates.horizon]
        compare(self, self.coordinates.background(point, *horizon))
        row = self.products.row(self.training_set, point, state, scalars)
        broken = {name for name, value in row.items() if not np.isfinite(value).all()}
        if broken - {*FIELD_DERIVED}:
            self.rejected.add(ValueError("CLASS gave numbers that are not finite"))
            return False
        if broken:
            # At fEDE = 0 there is no field that could have a mass.
            return done
        self.training_set.add(row)
        if self._mode == "trained":
            self.learn()
        else:
            self.sync()
        return done

    def _scalars(self, point: Mapping[str, float]) -> dict[str, float]:
        """The scalars of the point that CLASS has just computed."""
        names = set(self.products.scalars)
        if not self.coordinates.at_peak:
            return self._ask_class(names)
        scalars = self._ask_class(names - {ANGLE_HORIZON} | {"H0", "theta_s_100"})
        of_angle = {name: scalars[name] for name in ("H0", "theta_s_100", "z_rec")}
        return scalars | {ANGLE_HORIZON: self.coordinates.angle_horizon(point, **of_angle)}

    def _allowed(self, prediction: Prediction) -> bool:
        nuisance = self.likelihoods.nuisance()
        return self.trust.allows(
            self.predicted_sd(prediction),
            prediction.components,
            nuisance,
            self.provider.model.prior.d(),
        )

    def predicted_sd(self, prediction: Prediction) -> float:
        """Predicted standard deviation of the error of ln L at the provider's current point."""
        nuisance = self.likelihoods.nuisance()
        return self.trust.sd(prediction.components, nuisance, prediction.variances)

    def _look(self, state, params) -> None:
        """Weigh errors anew if the likelihoods are no longer what was expanded."""
        reference, loglike = self._expanded
        now = self.likelihoods.of_vectors(*reference)
        if abs(now - loglike) < _SAME:
            return
        self.log.info("Emulator: ln L was %.1f and is %.1f: errors are weighed anew", loglike, now)
        self._current_state = state
        noise = self.likelihoods.noise(self.likelihoods.remember())
        self.fit({"noise": noise, "lengths": self.surrogate.lengths}, refine=False)
        self.last = self.surrogate.predict(self.varying(params))
        self.expand_likelihood()

    def _check(self, state, want_derived, params) -> bool | None:
        """Compute an emulated point too: its error is recorded, and the exact results are used."""
        # In a copy, where Cobaya may keep interpolators of what is predicted.
        predicted, sd = self.likelihoods.total(dict(state)), self.predicted_sd(self.last)
        done = self._compute(state, want_derived, params)
        if done is not False:
            error = predicted - self.likelihoods.total(state)
            self.checks.append((error, sd))
            self.trust.learn(error, sd)
        return done

    @property
    def trained(self) -> bool:
        """Whether points are emulated; a run that goes on trains at its first point."""
        return self._mode == "trained"

    def varying(self, params: Mapping[str, float]) -> dict[str, float]:
        """The parameters that vary, by CLASS's names."""
        values = {self.translate_param(name): x for name, x in params.items()}
        return {name: values[name] for name in self.coordinates.sampled}

    def _fill(self, state, want_derived: bool) -> None:
        """Put the last prediction where CLASS's results would be."""
        prediction = self.last
        self.products.fill(state, prediction, self.surrogate.expand(prediction.components))
        values = derived_values(prediction)
        if want_derived:
            state["derived"] = {x: values[self.translate_param(x)] for x in self.output_params}
        state["derived_extra"] = {name: values[name] for name in self.derived_extra}

    # Learning

    @contextmanager
    def always(self, mode: str):
        """Have CLASS compute every point ("exact"), or none ("emulated")."""
        before, self._mode = self._mode, mode
        try:
            yield
        finally:
            self._mode = before

    @contextmanager
    def deferring(self):
        """Emulate also what CLASS should compute, and list of each point whether it should."""
        self._doubts = []
        try:
            yield self._doubts
        finally:
            self._doubts = None

    def fit(self, notes: Mapping, refine: bool = True) -> None:
        """Learn from all points, with the noise and the length scales in `notes`."""
        self.surrogate = Surrogate(
            self.coordinates,
            self.training_set,
            notes.get("noise", {}),
            notes.get("lengths"),
            refine,
        )

    def learn(self) -> None:
        """Learn what the processes have computed since, with the same length scales."""
        self.sync()
        self.surrogate = self.surrogate.updated(self.training_set)

    def expand_likelihood(self) -> None:
        """Expand the likelihoods about the current point, which is emulated."""
        reference = self.likelihoods.remember()
        self._expanded = reference, self.likelihoods.of_vectors(*reference)
        self.trust.local = self.likelihoods.expand(self.surrogate, reference)
        nuisance = self.likelihoods.nuisance()
        self.trust.best = max(
            self.trust.local.loglike(each, nuisance) for each in self.surrogate.components
        )

    # Files

    def load(self) -> None:
        """
        Start from the points of this run, and of one with the same physics.

        Raises
        ------
        LoggedError
            If a file cannot be used.
        """
        outputs = {*map(self.translate_param, self.output_params), *self.derived_extra}
        self.products = Products(
            self.collectors,
            self.extra_args.get("l_max_scalars", 1),
            {product: self._must_provide.get(product) or () for product in SPECTRA},
            {k: v for k, v in self._must_provide.items() if k[0] == MATTER[0]},
            outputs,
            self.has_ede,
            self.coordinates.horizon,
        )
        self.training_set = self.products.training_set(self.coordinates.sampled)
        self.exchange.start(self.training_set, identity(self), self.training, self.log)

    def sync(self) -> None:
        """Exchange computed points with the other processes."""
        self.exchange.sync(self.training_set, identity(self))

    def get_auto_covmat(self, params_info, likes_info):
        """For a sampler's `covmat: auto`: the posterior's covariance as known from the training."""
        path = self.exchange.covariance
        if self._mode != "trained" or not path.exists():
            return super().get_auto_covmat(params_info, likes_info)
        return {"folder": str(path.parent), "name": path.name}

    # End

    def __exit__(self, exception_type, exception_value, traceback):
        used = self.trained or self.exchange.file.exists()
        if exception_type is None and self.check and self.tolerance and used:
            ExactCheck(self).run()
        super().__exit__(exception_type, exception_value, traceback)

    def close(self):
        """Log how many points were emulated, and how well."""
        text = (
            f"{self.counts['emulated']} points emulated, {self.counts['by CLASS']} computed by "
            f"CLASS; expected shift of any mean of the posterior below {self.tolerance:g} sd"
        )
        if self.checks:
            error, sd = np.array(self.checks).T
            text += (
                f"; {len(error)} blind checks: rms error of ln L {np.sqrt(np.mean(error**2)):.2f}, "
                f"error over predicted {np.sqrt(np.mean((error / sd) ** 2)):.2f}"
            )
        self.log.info("%s", text)
        super().close()
