"""The rounds of training: the posterior as known so far says which points CLASS computes next."""

import time
from contextlib import contextmanager

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError

from ede_wbins.emulator import choose, draw
from ede_wbins.theory.first_points import first_points

N_START = 48
"""Points before the first fit, spread over the parameters."""

N_ROUND = 16
TEMPERATURES = (2, 1)
"""Of the posterior that is drawn from, round by round; the last one is repeated."""

_LEFT = 0.05
"""Of the posterior, what may be left to CLASS: in its tails errors are largest, and few points of
them are ever asked for."""

_WALKERS, _STEPS, _LAST_STEPS, _CANDIDATES = 24, 40, 200, 300
_PAUSE = 0.1
"""Seconds after which a process without work looks again."""


class Trainer:
    """
    Trains the emulator of one theory component, together with those of other processes.

    They share a board: each takes points from it, has CLASS compute them, and whoever finds few
    left plans the next round, while the others compute those. None waits for another one's point.

    Parameters
    ----------
    theory : EmulatedEDEWBins
    """

    def __init__(self, theory):
        self._theory = theory
        self._board = theory.exchange.board
        self._model = theory.provider.model
        self._names = list(self._model.parameterization.sampled_params())
        # Differences of them have to point in all directions.
        self._walkers = max(_WALKERS, len(self._names) + 8)
        self._rng = np.random.default_rng(20)
        # To plan takes as long as two calls of CLASS.
        self._few = min(2 * (mpi.size() - 1), N_ROUND // 4)

    def train(self) -> None:
        """
        Compute and learn until nearly all draws of the posterior are predicted well enough.

        What is predicted of errors is scaled by what they are at the points of the posterior, each
        predicted by all the others: no point need be computed for that alone, and what an earlier
        emulator did not know tells nothing of this one.

        Raises
        ------
        LoggedError
            If CLASS can compute too few of the first points.
        """
        with self._aside():
            self._theory.load()
            while not (notes := self._board.read()[1]).get("finished"):
                with self._board.planning(self._few) as mine:
                    if mine:
                        self._plan()
                if mine:
                    continue
                if taken := self._board.take():
                    self._compute(*taken)
                else:
                    time.sleep(_PAUSE)
            self._finish(notes)

    # Work

    def _compute(self, number: int, task: dict) -> None:
        with self._theory.always("exact"):
            loglike = self._logposterior(np.array(task["x"])).loglike
        self._board.finish(number, float(loglike))

    def _plan(self) -> None:
        """Put the points of the next round on the board, or the end of the training."""
        theory, (tasks, notes) = self._theory, self._board.read()
        theory.sync()
        missing = N_START - len(theory.training_set) - len(_unfinished(tasks))
        if "round" not in notes and missing > 0:
            # Those of an earlier session are known.
            self._plan_first(missing, notes.get("first", len(theory.training_set)))
            return
        self._report(tasks, notes)
        self._plan_round(tasks, notes)

    def _plan_first(self, missing: int, sent: int) -> None:
        theory = self._theory
        first = first_points(self._model, theory.start, theory.log)
        if sent >= min(2 * N_START, len(first)):
            raise LoggedError(
                theory.log,
                "CLASS could compute %d of the first %d points of the emulator: narrow the "
                "priors, or give `start`",
                *(len(theory.training_set), sent),
            )
        theory.log.info("Emulator: %d of the first %d points", missing, N_START)
        points = first[sent : sent + missing]
        tasks = [{"x": x.tolist(), "kind": "first"} for x in points]
        self._board.post(tasks, first=sent + len(points))

    def _plan_round(self, tasks: list[dict], notes: dict) -> None:
        theory = self._theory
        n = notes.get("round", -1) + 1
        full = len(theory.training_set) >= theory.n_max
        # With the points of another run it is roughly known where the posterior is.
        fresh = any(task["kind"] == "first" for task in tasks)
        temperature = TEMPERATURES[min(n, len(TEMPERATURES) - 1) if fresh and not full else -1]
        theory.fit(notes)
        notes |= {"round": n, "temperature": temperature, "lengths": theory.surrogate.lengths}
        # Few draws may all be where errors are small: the end needs many.
        for steps in (_STEPS, _LAST_STEPS):
            draws, known = self._explore(temperature, steps, tasks, notes)
            if not (full or (temperature == 1 and known >= N_ROUND // 2)):
                break
            predicted = np.array([self._emulated(x)[2] for x in draws[:_CANDIDATES]])
            theory.trust.set_limit(predicted)
            few = np.mean(predicted > theory.trust.limit) < _LEFT
            if not (full or few):
                break
        else:
            if not few:
                theory.log.warning("Emulator: n_max = %d points reached", theory.n_max)
            self._write_covariance(draws)
            notes |= {"predicted": predicted.tolist(), "draws": np.unique(draws, axis=0).tolist()}
            self._board.post([], finished=True, **notes)
            return
        n_random = N_ROUND if temperature > 1 else N_ROUND // 2
        batch = self._batch(draws, n_random, temperature, n, _unfinished(tasks))
        self._board.post(batch, **notes)

    def _explore(
        self, temperature: float, steps: int, tasks: list[dict], notes: dict
    ) -> tuple[np.ndarray, int]:
        """
        Draws of the posterior, about the best of which the likelihoods are expanded, and of how
        many points there errors are known.
        """
        theory = self._theory
        # As many draws however many walkers there are.
        steps = steps * _WALKERS // self._walkers
        draws, notes["walkers"], notes["best"] = self._draw(temperature, steps, tasks, notes)
        if temperature == 1 and "noise" not in notes:
            notes["noise"] = self._measure_noise(notes["best"])
            theory.fit(notes)
        self._expand(notes["best"])
        return draws, self._calibrate()

    def _calibrate(self) -> int:
        """Scale predicted errors to those of points left out; at how many in the posterior."""
        theory = self._theory
        surrogate = theory.surrogate
        errors, predicted = theory.trust.left_out(
            surrogate.components, *surrogate.left_out(), self._model.prior.d()
        )
        theory.trust.calibrate(errors, predicted)
        return len(errors)

    def _batch(
        self, draws: np.ndarray, n_random: int, temperature: float, n: int, unfinished: list[dict]
    ) -> list[dict]:
        """
        Points for CLASS: random draws, whose errors are reported, and those that teach most beside
        these and what is not finished.
        """
        # A walker that rests is drawn twice.
        draws = draws[np.sort(np.unique(draws, axis=0, return_index=True)[1])]
        tasks = []
        for x in draws[:n_random]:
            loglike, _, sd = self._emulated(x)
            task = {"kind": "random", "x": x.tolist(), "round": n}
            tasks.append(task | {"predicted": loglike, "sd": sd})
        if n_random < N_ROUND:
            known = [task["x"] for task in (*unfinished, *tasks)]
            candidates = [*np.array(known), *draws[n_random : n_random + _CANDIDATES]]
            inputs, sd = zip(*(self._emulated(x)[1:] for x in candidates), strict=True)
            correlation = self._theory.surrogate.correlation(np.array(inputs))
            for i in choose(np.array(sd), correlation, N_ROUND - n_random, len(known)):
                tasks.append({"kind": "chosen", "x": candidates[i].tolist()})
        return tasks

    def _report(self, tasks: list[dict], notes: dict) -> None:
        """Log the rms error of ln L at the random draws of the last round, and as predicted."""
        found = [
            (task["predicted"] - task["result"], task["sd"])
            for task in tasks
            if "round" in task and task["round"] == notes["round"]
            if np.isfinite(task.get("result", np.nan))
        ]
        if found:
            self._theory.log.info(
                "Emulator: %d points, T = %g: rms error of ln L %.2f (predicted %.2f)",
                *(len(self._theory.training_set), notes["temperature"]),
                *np.sqrt(np.mean(np.square(found), axis=0)),
            )

    def _finish(self, notes: dict) -> None:
        """Learn all that was computed, in the same way as the other processes."""
        theory = self._theory
        theory.sync()
        theory.fit(notes, refine=False)
        self._expand(notes["best"])
        self._calibrate()
        theory.trust.set_limit(np.array(notes["predicted"]))
        theory.draws = np.array(notes["draws"])

    # Points

    def _draw(
        self, temperature: float, steps: int, tasks: list[dict], notes: dict
    ) -> tuple[np.ndarray, list, list]:
        """
        Draws of the emulated posterior with its likelihood to the power 1/temperature, where its
        walkers are in the end, and the best of them.
        """
        best = (-np.inf, None)

        def log_density(x: np.ndarray) -> float:
            nonlocal best
            found = self._logposterior(x)
            if not np.isfinite(found.logpost):
                return -np.inf
            best = max(best, (found.loglike, x.tolist()))
            return sum(found.logpriors) + found.loglike / temperature

        start = notes.get("walkers") or self._known(tasks)
        with self._theory.always("emulated"):
            draws = draw(log_density, np.array(start), steps, self._rng)
        if best[1] is None:
            raise LoggedError(self._theory.log, "the emulator finds no point that is allowed")
        return draws, draws[: self._walkers].tolist(), best[1]

    def _known(self, tasks: list[dict]) -> list[list[float]]:
        """The best points known, and more from the reference."""
        done = [task for task in tasks if np.isfinite(task.get("result", -np.inf))]
        done.sort(key=lambda task: -task["result"])
        start = [task["x"] for task in done[: self._walkers]]
        while len(start) < self._walkers:
            start.append(self._model.prior.reference(random_state=self._rng).tolist())
        return start

    # The emulator

    def _expand(self, best: list[float]) -> None:
        with self._theory.always("emulated"):
            self._logposterior(np.array(best))
            self._theory.expand_likelihood()

    def _measure_noise(self, best: list[float]) -> dict[str, list[float]]:
        theory = self._theory
        with theory.always("emulated"):
            self._logposterior(np.array(best))
            return theory.likelihoods.noise(theory.likelihoods.remember())

    def _emulated(self, x: np.ndarray) -> tuple[float, np.ndarray, float]:
        """ln L, coordinates, and predicted error of ln L at a point of the prior."""
        theory = self._theory
        with theory.always("emulated"):
            loglike = self._logposterior(x).loglike
        return float(loglike), theory.last.coordinates, theory.predicted_sd(theory.last)

    def _logposterior(self, x: np.ndarray):
        return self._model.logposterior(x, return_derived=False, cached=False)

    def _write_covariance(self, draws: np.ndarray) -> None:
        """The posterior's covariance, for the sampler's `covmat`."""
        path = self._theory.exchange.covariance
        np.savetxt(path, np.cov(draws.T), header=" ".join(self._names))

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


def _unfinished(tasks: list[dict]) -> list[dict]:
    return [task for task in tasks if "result" not in task]
