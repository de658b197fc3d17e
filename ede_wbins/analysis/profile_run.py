"""The profile of a run's YAML: model and start from it, results and figure beside it."""

import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError
from cobaya.model import Model, get_model

from ede_wbins.analysis.figures import FILES, publication
from ede_wbins.analysis.figures.profiles import draw_profile
from ede_wbins.analysis.files import record_path
from ede_wbins.analysis.intervals import interval, parabola
from ede_wbins.analysis.profile import Log, Point, Profiler, profile
from ede_wbins.analysis.run import load_run
from ede_wbins.analysis.spectra import is_emulator
from ede_wbins.errors import EDEWBinsError
from ede_wbins.read_yaml import read_yaml
from ede_wbins.theory.emulated import EmulatedEDEWBins

_LEVELS = (0.68, 0.95)
_SETTLED, _MOST = 0.05, 12
"""Fall of chi2 that is not worth a call of CLASS, and calls at one value at most."""
# Where a parameter ends by its meaning, so that no data can put it beyond.
_LOWER_BOUNDS = {"fEDE": 0.0, "f_ede_max": 0.0}


def profile_run(
    path: Path,
    name: str,
    ends: tuple[float, float],
    n_points: int = 16,
    starts: int = 2,
    packages_path: str | None = None,
    resume: bool = False,
) -> str:
    """
    Profile a parameter of the run in a YAML file.

    Writes <output>.profile_<name>.json and figures beside the run's chains, which are the
    posterior in the figure where they are there. With an emulator each optimum is one of CLASS's
    chi2.

    Parameters
    ----------
    path : Path
        The run's YAML.
    name : str
        A sampled parameter.
    ends : two floats
        Range of the profile.
    n_points, starts : int
        Values in it, and first starts of each.
    packages_path : str, optional
        Cobaya's packages path.
    resume : bool
        Whether to go on with what an earlier call did; else that is dropped.

    Returns
    -------
    str
        Best value and intervals, in words.

    Raises
    ------
    EDEWBinsError
        If the file is no run, or an argument is wrong.
    """
    if not ends[0] < ends[1]:
        raise EDEWBinsError(f"range = {ends[0]:g}:{ends[1]:g}: must increase")
    if n_points < 5 or starts < 1:
        raise EDEWBinsError(f"points = {n_points}, starts = {starts}: at least 5, and 1")
    info = read_yaml(path, "likelihood")
    try:
        info["packages_path"] = packages_path or info.get("packages_path")
        prefix = Path(info.pop("output", None) or path.with_suffix("").name)
        (options,) = (info.pop("sampler", None) or {"": None}).values()
        covmat = (options or {}).get("covmat")
        prefix.parent.mkdir(parents=True, exist_ok=True)
        model = get_model(_trained(info, prefix))
        profiler = Profiler(model, name, *centre_and_covariance(model, covmat))
        log = Log(prefix, name)
        if not resume and mpi.rank() == 0:
            log.forget()
        mpi.sync_processes()
        values = np.linspace(*ends, n_points).tolist()
        emulator = next((t for t in model.theory.values() if isinstance(t, EmulatedEDEWBins)), None)
        if emulator:
            # Trains it.
            model.loglikes(profiler.centre)
        with emulator.always("emulated") if emulator else nullcontext():
            points = profile(profiler, values, log, starts, report=_say)
            if emulator:
                points = _by_class(emulator, profiler, points)
    except (OSError, LoggedError, AttributeError, TypeError) as error:
        raise EDEWBinsError(f"{path}: {' '.join(str(error).split())}") from error
    return _finish(prefix, name, points) if mpi.rank() == 0 else ""


def words(name: str, points: list[Point]) -> str:
    """Best value and intervals of a profile."""
    values, chi2 = [p.value for p in points], [p.chi2 for p in points]
    bound = _LOWER_BOUNDS.get(name)
    lines = []
    for level in _LEVELS:
        best, low, high = interval(values, chi2, level, bound)
        if not lines:
            lines.append(f"{name}: best {best:.4g}, chi2 {min(chi2):.2f}")
        text = f"< {high:.4g}" if bound is not None and low == bound else f"[{low:.4g}, {high:.4g}]"
        lines.append(f"{level:.0%}: {text}")
    if bound is not None:
        centre, width = parabola(values, chi2)
        lines.append(f"Feldman-Cousins for a Gaussian at {centre:.4g} of width {width:.3g}")
    return "\n".join(lines)


def _finish(prefix: Path, name: str, points: list[Point]) -> str:
    stem = f"{prefix.name}.profile_{name}"
    target = prefix.with_name(stem + ".json")
    target.write_text(json.dumps([asdict(point) for point in points], indent=1))
    run = load_run(prefix) if record_path(prefix).is_file() else None
    with publication():
        figure = draw_profile(name, points, run)
        written = [prefix.with_name(f"{stem}.{ending}") for ending in FILES]
        for path in written:
            figure.savefig(path, dpi=300)
    plt.close(figure)
    return "\n".join([words(name, points), *map(str, (target, *written))])


def centre_and_covariance(model: Model, covmat: str | None) -> tuple[dict[str, float], np.ndarray]:
    """Mean of the starting points, and the proposal's covariance, else the proposals' widths."""
    sampled = model.parameterization.sampled_params_info()
    names = list(sampled)
    centre = dict(zip(names, model.prior.reference(max_tries=100), strict=True))
    prior_sd = np.sqrt(np.diag(model.prior.covmat(ignore_external=True)))
    widths = [
        float(info.get("proposal") or sd)
        for info, sd in zip(sampled.values(), prior_sd, strict=True)
    ]
    for each, info in sampled.items():
        ref = info.get("ref")
        if isinstance(ref, dict) and "loc" in ref:
            centre[each] = ref["loc"]
        elif isinstance(ref, int | float):
            centre[each] = ref
    covariance = np.diag(np.square(widths))
    if isinstance(covmat, str) and covmat != "auto":
        with open(covmat) as file:
            known = file.readline().lstrip("#").split()
        shared = [each for each in names if each in known]
        rows, source = ([where.index(each) for each in shared] for where in (names, known))
        covariance[np.ix_(rows, rows)] = np.loadtxt(covmat)[np.ix_(source, source)]
    return mpi.share_mpi((centre, covariance))


def _trained(info: dict, prefix: Path) -> dict:
    """The input, in which an emulator takes the points that the run's own has learned, if any."""
    kept = prefix.with_name(prefix.name + ".emulator.npz")
    learned = {"training": str(kept)} if kept.is_file() else {}
    theory = {
        key: {**(options or {}), **learned} if is_emulator(key, options) else options
        for key, options in (info.get("theory") or {}).items()
    }
    return {**info, "theory": theory, "debug": logging.ERROR} if theory else info


def _by_class(theory: EmulatedEDEWBins, profiler: Profiler, points: list[Point]) -> list[Point]:
    """
    Minima of CLASS's chi2, computed by the processes together.

    CLASS computes each, the emulator learns it, and descents go on from there and from its
    neighbours until the emulator promises nothing lower.
    """
    best: dict[int, Point] = {}

    def compute(i: int) -> Point:
        with theory.always("exact"):
            exact = profiler.again(promised[i])
        emulated = promised[i].chi2
        _say(f"by CLASS: {exact.value:.4g}: chi2 = {exact.chi2:.2f} (emulated {emulated:.2f})")
        return exact

    def descend(i: int) -> tuple[Point, float]:
        before = profiler.again(best[i])
        starts = [best[j].parameters for j in (i, i - 1, i + 1) if j in best]
        descents = (
            profiler.minimise(np.array([start[name] for name in profiler.names]), before.value)
            for start in starts
        )
        found = min(descents, key=lambda point: point.chi2)
        return found, before.chi2 - found.chi2

    promised = dict(enumerate(points))
    for _ in range(_MOST):
        for i, exact in _shared(compute, list(promised)).items():
            if i not in best or exact.chi2 < best[i].chi2:
                best[i] = exact
        theory.learn()
        descents = _shared(descend, list(best))
        promised = {i: found for i, (found, gain) in descents.items() if gain > _SETTLED}
        if not promised:
            break
    return [best[i] for i in range(len(points))]


def _shared(work: Callable[[int], Any], jobs: list[int]) -> dict[int, Any]:
    """The results of all jobs, each done by one of the processes."""
    own = {job: work(job) for job in jobs[mpi.rank() :: mpi.size()]}
    return {job: done for part in mpi.allgather(own) for job, done in part.items()}


def _say(text: str) -> None:
    print(text, flush=True)
