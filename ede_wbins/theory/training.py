"""The rounds of training: the posterior as known so far says which points CLASS computes next."""

from contextlib import contextmanager

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError
from scipy.stats import norm, qmc

from ede_wbins.emulator import choose, draw

N_START = 48
"""Points before the first fit, spread over the parameters."""

N_ROUND = 16
TEMPERATURES = (4, 2, 1)
"""Of the posterior that is drawn from, round by round; the last one is repeated."""

_REACH = 1.5
"""Spread of the first points, in standard deviations of the start."""

_WALKERS, _STEPS, _CANDIDATES = 24, 80, 300
# Without fEDE nothing depends on these: whatever the data, their whole prior is in reach.
_UNBOUND = ("log10z_c", "thetai_ede")


class Trainer:
    """
    Trains the emulator of one theory component, on all MPI processes together.

    Parameters
    ----------
    theory : EmulatedEDEWBins
    """

    def __init__(self, theory):
        self._theory = theory
        self._model = theory.provider.model
        self._names = list(self._model.parameterization.sampled_params())
        self._seen: list[tuple[float, np.ndarray]] = []
        self._rng = np.random.default_rng(20)

    def train(self) -> None:
        """
        Compute and learn until random draws of the posterior are predicted well enough.

        Raises
        ------
        LoggedError
            If CLASS can compute too few of the first points.
        """
        theory = self._theory
        with self._aside():
            theory.load()
            missing = max(0, N_START - len(theory.training_set))
            if missing:
                theory.mpi_info("Emulator: the first %d points", missing)
                self._compute(self._first()[N_START - missing : N_START])
            if len(theory.training_set) < N_START // 2:
                raise LoggedError(
                    theory.log,
                    "CLASS could compute %d of the first %d points of the emulator: narrow the "
                    "priors, or give `start`",
                    len(theory.training_set),
                    N_START,
                )
            passed = 0
            # What is known from a file only needs to be shown to be enough.
            first = 0 if missing else len(TEMPERATURES) - 1
            for i in range(first, 1000):
                temperature = TEMPERATURES[min(i, len(TEMPERATURES) - 1)]
                rms = self._round(temperature)
                passed = passed + 1 if temperature == 1 and rms < theory.accuracy else 0
                if passed == (2 if missing else 1):
                    break
                if len(theory.training_set) >= theory.n_max:
                    theory.mpi_info("Emulator: n_max = %d points reached", theory.n_max)
                    break
            theory.fit()
            self._expand(self._draw(1))

    def _round(self, temperature: float) -> float:
        """One round; the rms error of ln L at its random draws."""
        theory = self._theory
        theory.fit()
        draws = self._draw(temperature)
        self._expand(draws)
        n_random = N_ROUND // 2 if temperature == 1 else N_ROUND
        batch = draws[:n_random]
        if temperature == 1:
            candidates = draws[n_random : n_random + _CANDIDATES]
            inputs, sd = zip(*(self._emulated(x)[1:] for x in candidates), strict=True)
            correlation = theory.surrogate.correlation(np.array(inputs))
            chosen = choose(np.array(sd), correlation, N_ROUND - n_random)
            batch = np.vstack([batch, candidates[chosen]])
        batch = mpi.share_mpi(batch)
        predicted = [self._emulated(x) for x in batch[:n_random]]
        exact = self._compute(batch)[:n_random]
        error = np.array([a - p[0] for a, p in zip(exact, predicted, strict=True)])
        sd = np.array([p[2] for p in predicted])
        good = np.isfinite(error)
        rms = float(np.sqrt(np.mean(error[good] ** 2))) if good.any() else np.inf
        # The processes must agree on whether this was enough.
        rms = mpi.share_mpi(rms)
        theory.mpi_info(
            "Emulator: %d points, T = %g: rms error of ln L %.2f (predicted %.2f)",
            len(theory.training_set),
            temperature,
            rms,
            np.sqrt(np.mean(sd[good] ** 2)) if good.any() else np.nan,
        )
        if temperature == 1:
            theory.calibrate(error[good], sd[good])
        return rms

    # Points

    def _first(self) -> np.ndarray:
        """Sobol points, Gaussian about the reference, folded at the bounds of the prior."""
        prior, info = self._model.prior, self._model.parameterization.sampled_params_info()
        low, high = prior.bounds().T
        centre, covariance = self._start()
        unit = qmc.Sobol(len(self._names), rng=self._rng).random_base2(7)
        x = centre + _REACH * norm.ppf(unit) @ np.linalg.cholesky(covariance).T
        for name in set(_UNBOUND).intersection(info):
            i = self._names.index(name)
            x[:, i] = low[i] + (high[i] - low[i]) * unit[:, i]
        for _ in range(4):
            x = np.where(x < low, 2 * low - x, x)
            x = np.where(x > high, 2 * high - x, x)
        return x[np.all((x > low) & (x < high), axis=1)]

    def _start(self) -> tuple[np.ndarray, np.ndarray]:
        prior = self._model.prior
        centre = np.mean([prior.reference(random_state=self._rng) for _ in range(200)], axis=0)
        variances = np.nan_to_num(prior.reference_variances(), nan=0.0)
        variances = np.where(
            variances > 0, variances, prior.covmat(ignore_external=True).diagonal()
        )
        covariance = np.diag(variances)
        path = self._theory.start
        if path:
            try:
                with open(path) as file:
                    names = file.readline().strip("# \n").split()
                given = np.loadtxt(path, ndmin=2)
                both = [name for name in self._names if name in names]
                mine = [self._names.index(name) for name in both]
                theirs = [names.index(name) for name in both]
                covariance[np.ix_(mine, mine)] = given[np.ix_(theirs, theirs)]
                np.linalg.cholesky(covariance)
            except (OSError, ValueError, IndexError, np.linalg.LinAlgError) as error:
                raise LoggedError(
                    self._theory.log, "start = %r: not a covariance matrix (%s)", path, error
                ) from None
        return centre, covariance

    def _draw(self, temperature: float) -> np.ndarray:
        """Draws of the emulated posterior with its likelihood to the power 1/temperature."""

        def log_density(x: np.ndarray) -> float:
            found = self._logposterior(x)
            if np.isfinite(found.logpost):
                self._best = max(self._best, (found.loglike, x.tobytes()))
                return sum(found.logpriors) + found.loglike / temperature
            return -np.inf

        self._best = (-np.inf, b"")
        start = [x for _, x in sorted(self._seen, key=lambda each: -each[0])[:_WALKERS]]
        while len(start) < _WALKERS:
            start.append(self._model.prior.reference(random_state=self._rng))
        with self._theory.always("emulated"):
            return draw(log_density, np.array(start), _STEPS, self._rng)

    def _expand(self, draws: np.ndarray) -> None:
        """Expand the likelihoods about the best draw."""
        best = np.frombuffer(self._best[1]) if self._best[1] else draws[0]
        with self._theory.always("emulated"):
            self._logposterior(best)
        self._theory.expand_likelihood()

    def _emulated(self, x: np.ndarray) -> tuple[float, np.ndarray, float]:
        """ln L, coordinates, and predicted error of ln L at a point of the prior."""
        theory = self._theory
        with theory.always("emulated"):
            loglike = self._logposterior(x).loglike
        return loglike, theory.last.coordinates, theory.predicted_sd(theory.last)

    def _compute(self, points: np.ndarray) -> np.ndarray:
        """Exact ln L, shape (n,); processes share the work and what they learn."""
        theory = self._theory
        mine = range(mpi.rank(), len(points), mpi.size())
        before = len(theory.training_set)
        loglikes = {}
        with theory.always("exact"):
            for i in mine:
                loglikes[i] = self._logposterior(points[i]).loglike
                theory.save()
        new = {name: value[before:] for name, value in theory.training_set.rows.items()}
        for rows, values in mpi.allgather((new, loglikes)):
            theory.training_set.add(rows)
            loglikes |= values
        theory.save()
        found = np.array([loglikes[i] for i in range(len(points))])
        self._seen += [(f, x) for f, x in zip(found, points, strict=True) if np.isfinite(f)]
        return found

    def _logposterior(self, x: np.ndarray):
        return self._model.logposterior(x, return_derived=False, cached=False)

    @contextmanager
    def _aside(self):
        """Leave the model as it was: training happens inside the computation of a point."""
        components = [*self._model.theory.values(), *self._model.likelihood.values()]
        states = {each: getattr(each, "_current_state", None) for each in components}
        # Cobaya keeps one dictionary of parameters, which it overwrites at each point.
        params = self._theory.provider.params
        values = dict(params)
        try:
            yield
        finally:
            params.update(values)
            self._theory.provider.set_current_input_params(params)
            for each, state in states.items():
                if state is not None:
                    each._current_state = state
