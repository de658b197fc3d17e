"""EDEWBins with most points emulated: the same inputs, the same products."""

from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError
from scipy.interpolate import CubicHermiteSpline

from ede_wbins.emulator import StoreError, load, save
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.background import Background
from ede_wbins.model.species import KM_S_MPC
from ede_wbins.theory.coordinates import Coordinates
from ede_wbins.theory.edewbins import EDEWBins
from ede_wbins.theory.rejected import output_of_run
from ede_wbins.theory.surrogate import Prediction, Surrogate, TrainingSet
from ede_wbins.theory.training import N_ROUND, Trainer
from ede_wbins.theory.trust import LocalLikelihood

_HORIZON = ("rs_rec", "z_rec")
_SPECTRA = ("Cl", "unlensed_Cl")
_DISTANCES = ("Hubble", "angular_diameter_distance", "comoving_radial_distance")
_GROWTH = ("sigma8_z", "fsigma8")
_CLOSED_FORM = {"H0", "h", "Omega_m", "S8", "T_cmb"}
_BACKGROUND = {"N_ur": 3.044, "m_ncdm": 0.0, "T_ncdm": 0.71611, "T_cmb": 2.7255}
# How far the closed-form H(z) may be from CLASS's, relative, and where they are compared.
_SAME_BACKGROUND = 1e-4
_COMPARED = (0.0, 1.0, 2000.0)
# From so many redshifts on distances are interpolated.
_MANY = 100


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
    accuracy: float
    n_max: int
    blind: float

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
        for name, most in (("tolerance", np.inf), ("accuracy", np.inf), ("blind", 1)):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value <= most):
                raise LoggedError(
                    self.log, "%s = %r: must be a number from 0 to %g", name, value, most
                )
        self.derived_extra = list(_HORIZON)
        self.counts = dict.fromkeys(("emulated", "by CLASS"), 0)
        self.checks: list[tuple[float, float]] = []
        output = output_of_run()
        self._file = self.training or (output and output.add_suffix("emulator.npz", separator="."))
        self._rng = np.random.default_rng(mpi.rank())
        self._mode = "exact" if self.tolerance == 0 else "untrained"
        self._forget()

    def _forget(self):
        self.training_set: TrainingSet | None = None
        self.surrogate: Surrogate | None = None
        self._local: LocalLikelihood | None = None
        self._best, self._reference, self._errors = -np.inf, None, []

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
        super().must_provide(**requirements)
        known = {*_SPECTRA, *_DISTANCES, *_GROWTH}
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
        names = tuple(map(self.translate_param, sampled))
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
            self.last = self.surrogate.predict(self._varying(params_values_dict))
        except EDEWBinsError as error:
            self.rejected.add(error)
            return False
        if self._mode == "trained" and not self._is_good(self.last):
            return self._compute(state, want_derived, params_values_dict)
        self._fill(state, self.last, want_derived)
        if self._mode == "trained":
            self.counts["emulated"] += 1
            if self._rng.random() < self.blind:
                return self._check(state, want_derived, params_values_dict)
        return True

    def _compute(self, state, want_derived, params) -> bool | None:
        """Have CLASS compute a point, and learn it."""
        done = super().calculate(state, want_derived, **params)
        self.counts["by CLASS"] += 1
        if done is not False and self.tolerance:
            row = self._row(state, params)
            if not all(np.isfinite(value).all() for value in row.values()):
                self.rejected.add(ValueError("CLASS gave numbers that are not finite"))
                return False
            self.training_set.add(row)
            if self._mode == "trained":
                self.fit()
                self.expand_likelihood()
                self.save()
        return done

    def _is_good(self, prediction: Prediction) -> bool:
        below = self._best - self._local.loglike(prediction.components, self._nuisance())
        allowed = self.tolerance * max(1.0, below / len(self.provider.model.prior))
        return self.predicted_sd(prediction) < allowed

    def predicted_sd(self, prediction: Prediction) -> float:
        """
        Predicted standard deviation of the error of ln L at the provider's current point.

        Scaled up if random draws of the posterior have had larger errors than predicted.
        """
        return self._inflation * self._local.sd(
            prediction.components, self._nuisance(), prediction.variances
        )

    def _check(self, state, want_derived, params) -> bool | None:
        """Compute an emulated point too: its error is recorded, and the exact results are used."""
        predicted, sd = self.loglike_of(state), self.predicted_sd(self.last)
        done = self._compute(state, want_derived, params)
        if done is not False:
            self.checks.append((predicted - self.loglike_of(state), sd))
        return done

    # Products

    def _varying(self, params: Mapping[str, float]) -> dict[str, float]:
        values = {self.translate_param(name): x for name, x in params.items()}
        return {name: values[name] for name in self.coordinates.sampled}

    def _empty_training_set(self) -> TrainingSet:
        """A training set with room for what is asked of this component."""
        n_l = self.extra_args.get("l_max_scalars", 1) - 1
        spectra = {
            (product, name): n_l
            for product in _SPECTRA
            for name in sorted(self._must_provide.get(product) or ())
        }
        outputs = {*map(self.translate_param, self.output_params), *self.derived_extra}
        if outputs & {"S8"}:
            outputs.add("sigma8")
        outputs -= {*_HORIZON, *_CLOSED_FORM}
        arrays = [
            f"{product}[{i}]"
            for product in _GROWTH
            if product in self.collectors
            for i in range(len(self.collectors[product].z_pool.values))
        ]
        return TrainingSet(
            self.coordinates.sampled, spectra, (*_HORIZON, *sorted(outputs), *arrays)
        )

    def _row(self, state, params) -> dict[str, np.ndarray]:
        """What is kept of a point that CLASS has just computed."""
        varying = self._varying(params)
        training = self.training_set
        names = {name for name in training.scalars if "[" not in name}
        found = self._ask_class(names)
        self._compare(self.coordinates.background(varying, *(found[x] for x in _HORIZON)))
        scalars = [found[name] for name in training.scalars if name in names]
        scalars += [x for product in _GROWTH if product in state for x in state[product]]
        spectra = [
            state[product][name][2 : 2 + n] for (product, name), n in training.spectra.items()
        ]
        return {
            "points": np.array(list(varying.values())),
            "spectra": np.concatenate(spectra) if spectra else np.empty(0),
            "scalars": np.array(scalars, dtype=float),
        }

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

    def _fill(self, state, prediction: Prediction, want_derived: bool) -> None:
        """Put what is predicted where CLASS's results would be."""
        state.update(self._spectra(prediction.components))
        background = prediction.background
        for product in _DISTANCES:
            if product in self.collectors:
                z = np.asarray(self.collectors[product].z_pool.values, dtype=float)
                state[product] = _distance(product, background, z)
        for product in _GROWTH:
            if product in self.collectors:
                n = len(self.collectors[product].z_pool.values)
                state[product] = np.array([prediction.scalars[f"{product}[{i}]"] for i in range(n)])
        values = {**prediction.scalars, **self._closed_form(prediction)}
        if want_derived:
            state["derived"] = {x: values[self.translate_param(x)] for x in self.output_params}
        state["derived_extra"] = {name: values[name] for name in self.derived_extra}

    def _spectra(self, components: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
        found = {}
        for (product, name), cl in self.surrogate.expand(components).items():
            found.setdefault(product, {"ell": np.arange(len(cl))})[name] = cl
        return found

    @staticmethod
    def _closed_form(prediction: Prediction) -> dict[str, float]:
        background = prediction.background
        h = background.H0 / 100
        density, pressure = background._massive(0.0)
        neutrinos = float(density - 3 * pressure) / (background.H0 * KM_S_MPC) ** 2
        omega_m = (background.omega_b + background.omega_cdm) / h**2 + neutrinos
        values = {"H0": 100 * h, "h": h, "Omega_m": omega_m, "T_cmb": background.T_cmb}
        if "sigma8" in prediction.scalars:
            values["S8"] = prediction.scalars["sigma8"] * np.sqrt(omega_m / 0.3)
        return {name: float(value) for name, value in values.items()}

    # Learning

    @contextmanager
    def always(self, mode: str):
        """Have CLASS compute every point ("exact"), or none ("emulated")."""
        before, self._mode = self._mode, mode
        try:
            yield
        finally:
            self._mode = before

    def fit(self) -> None:
        """Learn from all points."""
        self.surrogate = Surrogate(self.coordinates, self.training_set, self.surrogate)

    def calibrate(self, errors: np.ndarray, sd: np.ndarray) -> None:
        """Take up errors of ln L, and what was predicted for them."""
        self._errors += list((errors / sd) ** 2 * self._inflation**2)

    @property
    def _inflation(self) -> float:
        # As if as many points again had been predicted right: few say little.
        prior = 2 * N_ROUND
        return max(1.0, np.sqrt((sum(self._errors) + prior) / (len(self._errors) + prior)))

    def expand_likelihood(self) -> None:
        """Expand the likelihoods about the last point that was emulated, or again about that."""
        if self._mode != "trained" or self._reference is None:
            self._reference = dict(self.provider.params), dict(self._current_state)
        current, (params, state) = self.provider.params, self._reference
        varying = self._varying({name: params[name] for name in self.input_params})
        centre = self.surrogate.predict(varying).components
        prior = self.provider.model.prior
        steps = 0.05 * np.sqrt(prior.covmat(ignore_external=True).diagonal())
        steps = dict(zip(prior.params, steps, strict=True))
        names = self._nuisance_names()

        def loglike(components: np.ndarray, nuisance: np.ndarray) -> float:
            moved = dict(zip(names, nuisance.tolist(), strict=True))
            self.provider.set_current_input_params({**params, **moved})
            return self.loglike_of({**state, **self._spectra(components)})

        try:
            self._local = LocalLikelihood(
                loglike,
                centre,
                np.array([params[name] for name in names]),
                np.array([steps[name] for name in names]),
            )
            nuisance = np.array([params[name] for name in names])
        finally:
            self.provider.set_current_input_params(current)
        self._best = max(self._local.loglike(c, nuisance) for c in self.surrogate.components)

    def _nuisance_names(self) -> list[str]:
        model = self.provider.model
        theirs = {name for each in model.likelihood.values() for name in each.input_params}
        sampled = model.parameterization.sampled_params()
        return [name for name in sampled if name in theirs - set(self.input_params)]

    def _nuisance(self) -> np.ndarray:
        return np.array([self.provider.params[name] for name in self._nuisance_names()])

    def loglike_of(self, state) -> float:
        """ln L of the run's likelihoods with the results in `state` in place of ours."""
        kept = getattr(self, "_current_state", None)
        self._current_state = state
        try:
            total = 0.0
            for likelihood in self.provider.model.likelihood.values():
                params = {name: self.provider.params[name] for name in likelihood.input_params}
                own = {}
                likelihood.calculate(own, want_derived=False, **params)
                total += float(np.squeeze(own["logp"]))
            return total
        finally:
            self._current_state = kept

    # Files

    def identity(self) -> dict:
        """What computed points depend on, beside the parameters that vary."""
        training = self.training_set
        settings = {k: v for k, v in self.extra_args.items() if k != "output"}
        fixed = {k: v for k, v in self.coordinates.fixed.items() if k not in settings}
        return {
            "CLASS": self.get_version(),
            "parameters": list(training.names),
            "fixed": {k: list(v) if isinstance(v, tuple) else v for k, v in fixed.items()},
            "settings": {
                k: v if isinstance(v, int | float) else str(v) for k, v in settings.items()
            },
            "spectra": [[*key, n] for key, n in training.spectra.items()],
            "scalars": list(training.scalars),
        }

    def load(self) -> None:
        """
        Start from the points in the files of this run, or of one with the same physics.

        Raises
        ------
        LoggedError
            If a file cannot be used.
        """
        self.training_set = self._empty_training_set()
        # One process reads, so that all start from the same.
        found = mpi.share_mpi(None if mpi.rank() else self._read())
        if isinstance(found, StoreError):
            raise LoggedError(self.log, "%s (name another file in `training`, or delete it)", found)
        for rows in found:
            self.training_set.add(rows)
        if len(self.training_set):
            self.mpi_info("Emulator: %d points from %s", len(self.training_set), self._file)

    def _read(self) -> list[dict[str, np.ndarray]] | StoreError:
        if not self._file:
            return []
        first = self._path(0)
        others = sorted(first.parent.glob(f"{first.stem}.*{first.suffix}"))
        try:
            paths = [path for path in (first, *others) if path.exists()]
            return [self.training_set.checked(load(path, self.identity())) for path in paths]
        except StoreError as error:
            return error

    def save(self) -> None:
        """Write all points; each process to its own file, so that none waits for another."""
        if self._file:
            save(self._path(mpi.rank()), self.identity(), self.training_set.rows)

    def _path(self, rank: int) -> Path:
        path = Path(self._file)
        return path.with_suffix(f".{rank + 1}{path.suffix}") if rank else path

    def close(self):
        """Log how many points were emulated, and how well."""
        n = self.counts["emulated"]
        text = f"{n} points emulated, {self.counts['by CLASS']} computed by CLASS"
        if self.checks:
            error, sd = np.array(self.checks).T
            text += (
                f"; {len(error)} blind checks: rms error of ln L {np.sqrt(np.mean(error**2)):.2f}, "
                f"error over predicted {np.sqrt(np.mean((error / sd) ** 2)):.2f}"
            )
        self.log.info("%s", text)
        super().close()


def _distance(product: str, background: Background, z: np.ndarray) -> np.ndarray:
    """H(z) in 1/Mpc, or a distance in Mpc."""
    if product == "Hubble":
        return background.hubble(z)
    if len(z) > _MANY:
        n = np.log1p(np.concatenate([np.linspace(0, z.max(), 150), background.late.breakpoints()]))
        n = np.unique(n[n <= np.log1p(z.max())])
        knots = np.expm1(n)
        slope = (1 + knots) / background.hubble(knots)
        chi = CubicHermiteSpline(n, background.comoving_distance(knots), slope)(np.log1p(z))
    else:
        chi = background.comoving_distance(z)
    return chi / (1 + z) if product == "angular_diameter_distance" else chi
