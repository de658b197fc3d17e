"""Whether a machine can do a run: compiler, MPI, threads, CLASS, data, and how long it takes."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ede_wbins import boltzmann
from ede_wbins.errors import EDEWBinsError

# Steps of each chain, per sampled parameter, until R-1 is 0.01: a random walk in a Gaussian has
# about 0.33/d independent samples a step, R-1 is about one over their number, and learning the
# proposal and burn-in double that. With early dark energy, whose posterior is no Gaussian, what
# `make bench-emulator RUN=w3` took (docs/emulator.md).
STEPS_PER_PARAMETER = 2 * 100 / 0.33
STEPS_PER_PARAMETER_EDE = 10_000
EMULATED_CALLS = 225
"""Of CLASS, by all chains of a run with the emulator: what that one took, training included."""


class Finding(NamedTuple):
    """One line of the report: what was looked at, whether it is good enough, what was found."""

    name: str
    usable: bool
    text: str


def examine(info: dict, packages_path: str | Path) -> Iterator[Finding]:
    """Look at what a run needs, cheapest first.

    Parameters
    ----------
    info
        The run.
    packages_path
        Cobaya's packages path.

    Yields
    ------
    finding
        The last ones, which compute, only if all before were usable.
    """
    usable = True
    for check in (_compiler, _mpi, _threads, _class, _data):
        for finding in check(info, Path(packages_path)):
            usable &= finding.usable
            yield finding
    if usable:
        yield from _evaluation(info, Path(packages_path))


def _first_line(command: list[str]) -> str | None:
    """First line of what a program says; None where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else None


def _compiler(_info: dict, packages: Path) -> Iterator[Finding]:
    found = {name: _first_line([name, "--version"]) for name in ("gcc", "g++", "make")}
    missing = [name for name, line in found.items() if line is None]
    # A build that is there needs no compiler.
    usable = not missing or boltzmann.is_installed(packages)
    text = f"no {', '.join(missing)}" if missing else str(found["gcc"])
    yield Finding("compiler", usable, text)


def _mpi(_info: dict, _packages: Path) -> Iterator[Finding]:
    # In a process of its own: importing it starts MPI.
    code = "from mpi4py import MPI; print(MPI.Get_library_version().splitlines()[0])"
    library = _first_line([sys.executable, "-c", code])
    launcher = next((name for name in ("srun", "mpirun") if shutil.which(name)), None)
    if library is None:
        text = "mpi4py is not there or does not start: one chain a run (pip install mpi4py)"
    else:
        text = f"{library}, started by {launcher or 'nothing that was found'}"
    yield Finding("MPI", True, text)


def _threads(_info: dict, _packages: Path) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    chosen = os.environ.get("OMP_NUM_THREADS")
    if chosen is None:
        yield Finding("threads", True, f"{cores} cores, shared by the processes of a node")
        return
    usable = chosen.isdigit() and int(chosen) > 0
    yield Finding("threads", usable, f"{cores} cores, OMP_NUM_THREADS = {chosen} a process")


def _class(_info: dict, packages: Path) -> Iterator[Finding]:
    try:
        module = boltzmann.load(packages)
    except EDEWBinsError as error:
        yield Finding("CLASS", False, str(error))
        return
    yield Finding("CLASS", True, f"{module.__version__}, patch {module.ede_wbins_patch}")


def _data(info: dict, packages: Path) -> Iterator[Finding]:
    from cobaya.component import get_component_class
    from cobaya.log import LoggedError, NoLogging
    from cobaya.tools import VersionCheckError

    for name, options in (info.get("likelihood") or {}).items():
        options = options or {}
        if "external" in options:
            continue
        try:
            with NoLogging():
                cls = get_component_class(name, kind="likelihood", class_name=options.get("class"))
                installed = getattr(cls, "is_installed", None)
                found = installed is None or installed(path=cls.get_path(str(packages)))
        except (LoggedError, VersionCheckError, OSError) as error:
            yield Finding("data", False, f"{name}: {str(error).splitlines()[0]}")
            continue
        text = name if found else f"{name} is not whole in {packages}: cobaya-install {name}"
        yield Finding("data", bool(found), text)


def _emulated(name: str, options: dict | None) -> bool:
    from cobaya.component import get_component_class

    from ede_wbins.theory.emulated import EmulatedEDEWBins

    options = options or {}
    if "external" in options:
        return False
    cls = get_component_class(name, kind="theory", class_name=options.get("class"))
    return issubclass(cls, EmulatedEDEWBins)


def _evaluation(info: dict, packages: Path) -> Iterator[Finding]:
    from cobaya.log import LoggedError
    from cobaya.model import get_model

    kept = ("theory", "likelihood", "params", "prior")
    run = {name: info[name] for name in kept if name in info} | {"packages_path": str(packages)}
    try:
        theories = run.get("theory") or {}
        emulated = [name for name, options in theories.items() if _emulated(name, options)]
        # Its evaluations are CLASS's, without the training that the first one would start.
        exact = {name: {**(theories[name] or {}), "tolerance": 0} for name in emulated}
        model = get_model(run | {"theory": theories | exact})
    except LoggedError as error:
        yield Finding("evaluation", False, str(error).splitlines()[0])
        return
    rng = np.random.default_rng(1)
    start = time.perf_counter()
    posterior = model.logposterior(model.prior.reference(random_state=rng))
    # The first evaluation includes tables that are computed once.
    middle = time.perf_counter()
    posterior = model.logposterior(model.prior.reference(random_state=rng))
    seconds = time.perf_counter() - middle
    size = model.prior.d()
    has_ede = "fEDE" in model.parameterization.sampled_params()
    model.close()
    finite = bool(np.isfinite(posterior.logpost))
    text = (
        f"ln posterior {posterior.logpost:.2f}, {seconds:.2f} s (the first {middle - start:.2f} s)"
    )
    yield Finding("evaluation", finite, text)
    if finite and emulated:
        hours = EMULATED_CALLS * seconds / 3600
        yield Finding(
            "convergence",
            True,
            f"about {hours:.2g} hours of CLASS, {EMULATED_CALLS} calls that all chains share, "
            "and minutes of sampling",
        )
    elif finite:
        steps = STEPS_PER_PARAMETER_EDE if has_ede else STEPS_PER_PARAMETER
        hours = steps * size * seconds / 3600
        yield Finding(
            "convergence",
            True,
            f"about {hours:.2g} hours a chain, run side by side: {size} parameters, "
            f"{steps:.0f} steps for each, without the gain of faster parameters",
        )


def report(info: dict, packages_path: str | Path, show: Callable[[str], None] = print) -> None:
    """Show the findings, one a line.

    Raises
    ------
    EDEWBinsError
        If something is not usable.
    """
    bad = []
    for finding in examine(info, packages_path):
        show(f"{'ok ' if finding.usable else 'NO '} {finding.name:12s} {finding.text}")
        if not finding.usable:
            bad.append(finding.name)
    if bad:
        raise EDEWBinsError(f"not usable: {', '.join(dict.fromkeys(bad))}")
