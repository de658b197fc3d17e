"""EDEWBins with most points emulated: the same inputs, the same products."""

from collections.abc import Mapping
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.background import Background
from ede_wbins.theory.coordinates import Coordinates
from ede_wbins.theory.edewbins import EDEWBins
from ede_wbins.theory.exact_check import ExactCheck
from ede_wbins.theory.exchange import Exchange
from ede_wbins.theory.products import (
    DISTANCES,
    GROWTH,
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

_BACKGROUND = {"N_ur": 3.044, "m_ncdm": 0.0, "T_ncdm": 0.71611, "T_cmb": 2.7255}
# How far the closed-form H(z) may be from CLASS's, relative, and where they are compared.
_SAME_BACKGROUND = 1e-4
_COMPARED = (0.0, 1.0, 2000.0)
# After so many emulated points it is looked whether likelihoods are still what they were.
_LOOKS = 100


class EmulatedEDEWBins(EDEWBins):
    r"""
    EDEWBins, which learns from the points that CLASS \cite{Blas:2011rf} computes to do without it:
    principal components of the spectra and Gaussian processes, with errors carried to $\ln L$.

    Expansion history and distances are closed forms, given the sound horizon. A point whose
    predicted error of $\ln L$ is too large is computed by CLASS, and learned.
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
        for name, most in (("tolerance", np.inf), ("blind", 1), ("check", np.inf)):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value <= most):
                raise LoggedError(
                    self.log, "%s = %r: must be a number from 0 to %g", name, value, most
                )
        self.derived_extra = list(HORIZON)
        self.counts = dict.fromkeys(("emulated", "by CLASS"), 0)
        self.checks: list[tuple[float, float]] = []
        self.output = output_of_run()
        self.exchange = Exchange(self.output)
        self._rng = np.random.default_rng(mpi.rank())
        self._mode = "exact" if self.tolerance == 0 else "untrained"
        self.spectra_given = 0
        self._forget()

    def _forget(self):
        self.training_set: TrainingSet | None = None
        self.surrogate: Surrogate | None = None
        self.trust = Trust(self.tolerance)
        self.exchange.forget()
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
        known = {*SPECTRA, *DISTANCES, *GROWTH}
        if self.tolerance and (other := [k for k in self.collectors if k not in known]):
            raise LoggedError(
                self.log,
                "cannot emulate %s yet: use ede_wbins.EDEWBins, or tolerance: 0",
                ", ".join(str(k[0] if isinstance(k, tuple) else k) for k in other),
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
        constants = provider.model.parameterization.constant_params()
        numbers = {k: v for k, v in self.extra_args.items() if isinstance(v, int | float)}
        fixed = {**_BACKGROUND, **numbers}
        fixed |= {self.translate_param(k): v for k, v in constants.items()}
        sampled = [p for p in self.input_params if p not in constants]
        names = tuple(sorted(map(self.translate_param, sampled)))
        given = {*names, *fixed}
        has_scale = given & {"theta_s_100", "H0", "h"}
        if self.tolerance and not (has_scale and {"omega_b", "omega_cdm"} <= given):
            raise LoggedError(
                self.log, "emulation needs omega_b, omega_cdm, and one of theta_s_100, H0, h"
            )
        masses = self.extra_args.get("m_ncdm", fixed["m_ncdm"])
        if isinstance(masses, str):
            masses = [float(mass) for mass in masses.split(",")]
        has_mass = self.extra_args.get("N_ncdm", 0)
        fixed["m_ncdm"] = tuple(np.atleast_1d(masses).tolist()) if has_mass else ()
        self.coordinates = Coordinates(names, fixed, self.edges, self.w_beyond)
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
        if self._mode == "trained" and not self._allowed(self.last):
            return self._compute(state, want_derived, params_values_dict)
        self._fill(state, want_derived)
        if self._mode == "trained":
            self.counts["emulated"] += 1
            if self.counts["emulated"] % _LOOKS == 0:
                self._look(state)
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
        scalars = self._ask_class(set(self.products.scalars))
        self._compare(self.coordinates.background(point, *(scalars[x] for x in HORIZON)))
        row = self.products.row(self.training_set, point, state, scalars)
        if not all(np.isfinite(value).all() for value in row.values()):
            self.rejected.add(ValueError("CLASS gave numbers that are not finite"))
            return False
        self.training_set.add(row)
        self.sync()
        if self._mode == "trained":
            self.surrogate = self.surrogate.updated(self.training_set)
        return done

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

    def _look(self, state) -> None:
        """Expand the likelihoods anew if they are no longer what was expanded."""
        components, nuisance = self.last.components, self.likelihoods.nuisance()
        expected = self.trust.local.loglike(components, nuisance)
        now = self.likelihoods.of_spectra(state)
        # The expansion is of second order: some error far from its centre is in its nature.
        if abs(now - expected) < 2 + 0.5 * abs(self.trust.best - expected):
            return
        self.log.info(
            "Emulator: ln L is %.1f where %.1f was expected: expanded anew", now, expected
        )
        self._current_state = state
        self.expand_likelihood()

    def _check(self, state, want_derived, params) -> bool | None:
        """Compute an emulated point too: its error is recorded, and the exact results are used."""
        predicted, sd = self.likelihoods.total(state), self.predicted_sd(self.last)
        done = self._compute(state, want_derived, params)
        if done is not False:
            self.checks.append((predicted - self.likelihoods.total(state), sd))
        return done

    def varying(self, params: Mapping[str, float]) -> dict[str, float]:
        """The parameters that vary, by CLASS's names."""
        values = {self.translate_param(name): x for name, x in params.items()}
        return {name: values[name] for name in self.coordinates.sampled}

    def _compare(self, background: Background) -> None:
        """Stop if the closed forms do not give the expansion history that CLASS has."""
        for z in _COMPARED:
            exact, ours = self.classy.Hubble(z), float(background.hubble(z))
            if not abs(ours / exact - 1) < _SAME_BACKGROUND:
                raise LoggedError(
                    self.log,
                    "CLASS has H(z=%g) = %.4g/Mpc, the closed form %.4g/Mpc: this model cannot be "
                    "emulated; use ede_wbins.EDEWBins",
                    *(z, exact, ours),
                )

    def _fill(self, state, want_derived: bool) -> None:
        """Put the last prediction where CLASS's results would be."""
        prediction = self.last
        self.products.fill(state, prediction, self.surrogate.expand(prediction.components))
        values = derived_values(prediction)
        if want_derived:
            state["derived"] = {x: values[self.translate_param(x)] for x in self.output_params}
        state["derived_extra"] = {name: values[name] for name in self.derived_extra}

    # What likelihoods get: the parent's answers, without its deep copies and searches

    def _get_Cl(self, ell_factor=False, units="FIRASmuK2", lensed=True):
        self.spectra_given += 1
        cls = self.current_state.get("Cl" if lensed else "unlensed_Cl")
        if not cls:
            return super()._get_Cl(ell_factor, units, lensed)
        ell = cls["ell"]
        unit = self._cmb_unit_factor(units, self.current_state["derived_extra"]["T_cmb"])
        found = {"ell": ell.copy()}
        for name, cl in cls.items():
            if name != "ell":
                n_potentials = name.count("p")
                scaled = ell_factor and (lensed or not n_potentials)
                factor = _ell_factor(len(ell), n_potentials) if scaled else 1.0
                found[name] = cl * (factor * unit ** (2 - n_potentials))
        return found

    def _get_z_dependent(self, quantity, z, pool=None):
        key = quantity, np.asarray(z, dtype=float).tobytes()
        if pool is not None:
            return super()._get_z_dependent(quantity, z, pool)
        if key not in self._indices:
            self._indices[key] = self.collectors[quantity].z_pool.find_indices(z)
        return np.array(self.current_state[quantity])[self._indices[key]]

    # Learning

    @contextmanager
    def always(self, mode: str):
        """Have CLASS compute every point ("exact"), or none ("emulated")."""
        before, self._mode = self._mode, mode
        try:
            yield
        finally:
            self._mode = before

    def fit(self, notes: Mapping, refine: bool = True) -> None:
        """Learn from all points, with the noise and the length scales in `notes`."""
        self.surrogate = Surrogate(
            self.coordinates,
            self.training_set,
            notes.get("noise", {}),
            notes.get("lengths"),
            refine,
        )

    def expand_likelihood(self) -> None:
        """Expand the likelihoods about the current point, which is emulated."""
        reference = self.likelihoods.remember()
        self.trust.local = self.likelihoods.expand(self.surrogate, reference)
        nuisance = self.likelihoods.nuisance()
        self.trust.best = max(
            self.trust.local.loglike(each, nuisance) for each in self.surrogate.components
        )

    # Files

    def identity(self) -> dict:
        """What computed points depend on, beside the parameters that vary."""
        settings = {k: v for k, v in self.extra_args.items() if k != "output"}
        fixed = {k: v for k, v in self.coordinates.fixed.items() if k not in settings}
        return {
            "CLASS": self.get_version(),
            "parameters": list(self.coordinates.sampled),
            "fixed": {k: list(v) if isinstance(v, tuple) else v for k, v in fixed.items()},
            "settings": {
                k: v if isinstance(v, int | float) else str(v) for k, v in settings.items()
            },
        }

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
            outputs,
            self.has_ede,
        )
        self.training_set = self.products.training_set(self.coordinates.sampled)
        self.exchange.start(self.training_set, self.identity(), self.training, self.log)

    def sync(self) -> None:
        """Exchange computed points with the other processes."""
        self.exchange.sync(self.training_set, self.identity())

    # End

    def __exit__(self, exception_type, exception_value, traceback):
        if exception_type is None and self._mode == "trained" and self.check:
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


@lru_cache(maxsize=8)
def _ell_factor(n: int, n_potentials: int) -> np.ndarray:
    """What makes D_l of C_l: l(l+1)/2pi, and for each lensing potential a root of l(l+1)."""
    ell = np.arange(n)
    ell = ell * (ell + 1.0)
    return ell / (2 * np.pi) * ell ** (n_potentials / 2)
