"""Profile likelihood of one parameter, by minimisations that start from each other's results."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pybobyqa
from cobaya import mpi
from cobaya.model import Model

from ede_wbins.errors import EDEWBinsError

_ROUNDS = 6
_IMPROVED = 0.02
_REJECTED = 1e4
_MAX_CALLS = 60
"""Of the likelihood for each parameter that is fitted."""


@dataclass(frozen=True)
class Point:
    """
    The best fit at one value of the parameter.

    Attributes
    ----------
    value : float
        Of the parameter.
    chi2 : float
        What was minimised: of all likelihoods, and of the Gaussian priors of other parameters.
    by_likelihood : dict of float
        chi2 of each, "prior" among them.
    parameters : dict of float
        All sampled parameters.
    """

    value: float
    chi2: float
    by_likelihood: dict[str, float]
    parameters: dict[str, float] = field(default_factory=dict)


class Profiler:
    """
    Minimises over all other parameters of a Cobaya model.

    Minimisations run in the coordinates in which `covariance` is the unit matrix, at a given value
    of the parameter; beyond the end of a prior chi2 rises by the squared distance in sigma.

    Parameters
    ----------
    model : Model
        The model.
    name : str
        The parameter, which its prior does not limit.
    centre : mapping of float
        Where to start, all sampled parameters.
    covariance : array, shape (n, n)
        Of all sampled parameters, in the model's order.

    Raises
    ------
    EDEWBinsError
        If the model does not sample the parameter.
    """

    def __init__(self, model: Model, name: str, centre: Mapping[str, float], covariance):
        self.model, self.name = model, name
        self.names = list(model.parameterization.sampled_params())
        if name not in self.names:
            raise EDEWBinsError(
                f"param = {name!r}: must be one that is sampled: {', '.join(self.names)}"
            )
        self.centre = np.array([centre[each] for each in self.names])
        i = self.names.index(name)
        self._others = [j for j in range(len(self.names)) if j != i]
        covariance = np.asarray(covariance)
        self._slope = covariance[self._others, i] / covariance[i, i]
        conditional = covariance[np.ix_(self._others, self._others)]
        conditional = conditional - np.outer(self._slope, self._slope) * covariance[i, i]
        self._root = np.linalg.cholesky(conditional)
        self._sd = np.sqrt(np.diag(conditional))
        bounds = model.prior.bounds(confidence_for_unbounded=1 - 1e-12)[self._others]
        self._bounds = bounds.T
        self._priors = [model.prior.pdf[j] for j in self._others]
        self._index = i

    def shifted(self, x: np.ndarray, value: float) -> np.ndarray:
        """All parameters `x`, moved to `value` along the covariance."""
        moved = np.array(x)
        moved[self._others] += self._slope * (value - x[self._index])
        moved[self._index] = value
        return moved

    def minimise(self, start: np.ndarray, value: float) -> Point:
        """The best fit at `value`, from all parameters `start`."""
        origin = np.clip(self.shifted(start, value)[self._others], *self._bounds)

        def objective(z: np.ndarray) -> float:
            x = origin + self._root @ z
            inside = np.clip(x, *self._bounds)
            chi2 = sum(self._chi2(inside, value).values())
            if not np.isfinite(chi2):
                return _REJECTED
            return chi2 + float(np.sum(((x - inside) / self._sd) ** 2))

        z = np.zeros(len(origin))
        if len(z):
            options = {"rhobeg": 0.5, "rhoend": 0.01, "maxfun": _MAX_CALLS * len(z)}
            found = pybobyqa.solve(objective, z, do_logging=False, **options)
            z = found.x if found.x is not None else z
        return self._point(np.clip(origin + self._root @ z, *self._bounds), value)

    def again(self, point: Point) -> Point:
        """The same parameters, with chi2 as the model has it now."""
        x = np.array([point.parameters[name] for name in self.names])
        return self._point(x[self._others], point.value)

    def _point(self, x: np.ndarray, value: float) -> Point:
        by_likelihood = self._chi2(x, value)
        return Point(
            float(value),
            float(sum(by_likelihood.values())),
            by_likelihood,
            dict(zip(self.names, np.insert(x, self._index, value).tolist(), strict=True)),
        )

    def _chi2(self, x: np.ndarray, value: float) -> dict[str, float]:
        point = dict(zip(self.names, np.insert(x, self._index, value).tolist(), strict=True))
        loglikes = self.model.loglikes(point, return_derived=False, cached=False)
        prior = sum(
            -2 * float(pdf.logpdf(each) - pdf.logpdf(pdf.median()))
            for pdf, each in zip(self._priors, x, strict=True)
        )
        found = dict(zip(self.model.likelihood, (-2 * loglikes).tolist(), strict=True))
        return {**found, "prior": prior}


class Log:
    """
    Minimisations that are done, one line of JSON each, so that a profile can be resumed.

    Each MPI process has its own file, <prefix>.profile_<name>.<process>.jsonl.
    """

    def __init__(self, prefix: Path, name: str):
        self._stem = f"{prefix.name}.profile_{name}"
        self._folder = prefix.parent
        self.path = self._folder / f"{self._stem}.{mpi.rank() + 1}.jsonl"

    def read(self) -> dict[str, Point]:
        """All that is done, by any process."""
        done = {}
        for path in sorted(self._folder.glob(f"{self._stem}.*.jsonl")):
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    # Cut off when the run was killed.
                    continue
                job = entry.pop("job")
                done[job] = Point(**entry)
        return done

    def forget(self) -> None:
        """Drop all of it, of all processes."""
        for path in self._folder.glob(f"{self._stem}.*.jsonl"):
            path.unlink()

    def add(self, job: str, point: Point) -> None:
        """Note one."""
        with open(self.path, "a") as file:
            file.write(json.dumps({"job": job, **asdict(point)}) + "\n")


def profile(
    profiler: Profiler,
    values: np.ndarray,
    log: Log,
    starts: int = 2,
    report: Callable[[str], None] = print,
) -> list[Point]:
    """
    Profile at increasing `values`.

    Each value is minimised from the centre and from `starts` - 1 random points around it; then
    again and again from the results of its neighbours, until none falls by 0.02. Processes share
    the minimisations of each round.

    Returns
    -------
    list of Point
        The best at each value.
    """
    best: dict[int, Point] = {}
    for number in range(_ROUNDS):
        jobs = dict(_first_jobs(profiler, values, starts) if not number else _jobs(profiler, best))
        done = mpi.share_mpi(log.read() if mpi.rank() == 0 else None)
        own = [job for job in list(jobs)[mpi.rank() :: mpi.size()] if job not in done]
        for count, job in enumerate(own, start=1):
            i, start = jobs[job]
            point = profiler.minimise(start, values[i])
            log.add(job, point)
            report(
                f"round {number + 1}, {count} of {len(own)}: {profiler.name} = {values[i]:.4g}: "
                f"chi2 = {point.chi2:.2f}"
            )
        mpi.sync_processes()
        done = mpi.share_mpi(log.read() if mpi.rank() == 0 else None)
        improved = False
        for job, (i, _) in jobs.items():
            point = done[job]
            if i not in best or point.chi2 < best[i].chi2 - _IMPROVED:
                improved = True
            if i not in best or point.chi2 < best[i].chi2:
                best[i] = point
        if number and not improved:
            break
    return [best[i] for i in range(len(values))]


def _first_jobs(profiler: Profiler, values, starts: int) -> Iterator:
    for i, value in enumerate(values):
        for start in range(starts):
            rng = np.random.default_rng((start, i))
            x = profiler.shifted(profiler.centre, value)
            if start:
                others = [j for j in range(len(x)) if j != profiler._index]
                x[others] += 1.5 * profiler._root @ rng.standard_normal(len(others))
            yield f"{value!r} start {start}", (i, x)


def _jobs(profiler: Profiler, best: dict[int, Point]) -> Iterator:
    """From each neighbour, unless it was started from that very result before."""
    for i, point in best.items():
        for j in (i - 1, i + 1):
            if j in best:
                x = np.array([best[j].parameters[name] for name in profiler.names])
                job = f"{point.value!r} from {best[j].value!r} at {best[j].chi2:.4f}"
                yield job, (i, x)
