"""Progress of a run that is sampling, from the files that it writes: no load on the run."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ede_wbins.analysis.files import chain_paths, record_path
from ede_wbins.analysis.run import load_run
from ede_wbins.convergence import CONVERGED
from ede_wbins.errors import EDEWBinsError


@dataclass(frozen=True)
class Progress:
    """
    Where a run is.

    Attributes
    ----------
    time : float
        When this was seen, in seconds.
    accepted, steps : tuple of int
        Of each chain.
    R_minus_1, effective : float
        After the burn-in; NaN while the chains are too short.
    """

    time: float
    accepted: tuple[int, ...]
    steps: tuple[int, ...]
    R_minus_1: float
    effective: float


def look(prefix: Path) -> Progress:
    """
    Where a run is now.

    Raises
    ------
    EDEWBinsError
        If there is no run.
    """
    record, chains = record_path(prefix), chain_paths(prefix)
    if not record.is_file():
        raise EDEWBinsError(f"{prefix}: no run there (looked for {record.name})")
    counted = [_count(chain) for chain in chains]
    R_minus_1, effective = np.nan, np.nan
    try:
        run = load_run(prefix)
        R_minus_1, effective = run.R_minus_1, run.effective_samples
    except EDEWBinsError:
        # Too short yet, or a line is being written.
        pass
    accepted, steps = zip(*counted, strict=True) if counted else ((), ())
    return Progress(time.time(), accepted, steps, R_minus_1, effective)


def describe(now: Progress, before: Progress | None = None) -> str:
    """
    One line, with the speed since `before`: files do not tell for how long a run stood still.

    Time to convergence supposes that R-1 falls as the inverse of the length, as the variance of a
    mean does.
    """
    total, accepted = sum(now.steps), sum(now.accepted)
    speed = (total - sum(before.steps)) / (now.time - before.time) if before else np.nan
    parts = [
        f"{len(now.steps)} chain(s)",
        f"{accepted} accepted of {total} steps ({accepted / total:.0%})"
        if total
        else "no steps yet",
        *([f"{speed:.3g} steps/s"] if before else []),
        f"R-1 = {now.R_minus_1:.2g}",
        f"{now.effective:.0f} effective samples",
    ]
    if now.R_minus_1 < CONVERGED:
        parts.append("converged")
    elif now.R_minus_1 > CONVERGED and speed > 0:
        left = (now.R_minus_1 / CONVERGED - 1) * total / speed
        parts.append(f"converged in about {_duration(left)}")
    return ", ".join(parts)


def watch(prefix: Path, every: float = 10.0, once: bool = False) -> None:
    """
    Print where a run is, again and again until interrupted, in one line of the terminal.

    Raises
    ------
    EDEWBinsError
        If there is no run, or `every` is not positive.
    """
    if not every > 0:
        raise EDEWBinsError(f"every = {every:g}: must be above 0 seconds")
    first = look(prefix)
    line, before = describe(first), first
    while not once:
        live = sys.stdout.isatty()
        print(f"\r\033[K{line}" if live else line, end="" if live else "\n", flush=True)
        time.sleep(every)
        now = look(prefix)
        line = describe(now, before)
        if sum(now.steps) > sum(before.steps):
            before = now
    print(line)


def _count(chain: Path) -> tuple[int, int]:
    """Accepted points and steps of a chain: its weights are steps."""
    with open(chain) as file:
        words = [line.split(maxsplit=1)[:1] for line in file if not line.startswith("#")]
    # The last line may be unfinished.
    weights = [float(word[0]) for word in words if word]
    return len(weights), int(sum(weights))


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
