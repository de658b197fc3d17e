"""Points that could not be computed, counted by reason."""

import inspect
import json
import os
import re
from collections import Counter
from logging import Logger
from pathlib import Path

from cobaya import mpi
from cobaya.output import Output

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b")
_LONGEST = 160


def root_cause(error: Exception) -> str:
    """
    The last message of a chain of CLASS errors in one line.

    Without function, line number, and the C condition that was tested where words follow it.
    """
    last = str(error).split("=>")[-1].replace("Error in Class:", "")
    last = re.sub(r"^\s*\w+\(L:\d+\)\s*:", "", " ".join(last.split())).strip()
    return re.sub(r"^condition \(.+?\) is true; (?=\S)", "", last)


def reason(error: Exception) -> str:
    """What errors of the same kind share: the root cause with its numbers as #."""
    return _NUMBER.sub("#", root_cause(error))[:_LONGEST]


class RejectedPoints:
    """
    Counts rejected points by reason, across the resumptions of a run.

    Each MPI process keeps its own count and its own file: a collective sum would hang when another
    process has died.

    Parameters
    ----------
    log : Logger
        Where new reasons and the summaries go.
    output : Output, optional
        The run's output. The counts lie beside its chains, as <prefix>.rejected.<process>.json;
        those of an earlier run are dropped unless the run is resumed.
    """

    def __init__(self, log: Logger, output: Output | None = None):
        self.counts: Counter[str] = Counter()
        self._log = log
        self._file = None
        if output:
            self._file = Path(output.add_suffix(f"rejected.{mpi.rank() + 1}.json", separator="."))
            self._take_up(resuming=output.is_resuming())

    def add(self, error: Exception) -> None:
        """Count one point, and log its reason if it is new."""
        key = reason(error)
        if key not in self.counts:
            self._log.info("A point was rejected: %s", root_cause(error))
        self.counts[key] += 1
        if self._file:
            # Replaced in one step: a run may be killed at any time.
            fresh = self._file.with_suffix(".new")
            fresh.write_text(json.dumps(dict(self.counts), indent=1))
            os.replace(fresh, self._file)

    def summary(self) -> str:
        """All counts in one line."""
        each = "; ".join(f"{n} x {key}" for key, n in self.counts.most_common())
        return f"{self.counts.total()} point(s) rejected{': ' if each else ''}{each}"

    def _take_up(self, resuming: bool) -> None:
        if not resuming:
            self._file.unlink(missing_ok=True)
        elif self._file.exists():
            self.counts.update(json.loads(self._file.read_text()))
            self._log.info("Before this resumption: %s", self.summary())


def output_of_run() -> Output | None:
    """
    The output of the Cobaya run that is being set up, None if there is none.

    Cobaya gives components no reference to it, but builds them inside `run`, which holds it.
    """
    frame = inspect.currentframe()
    while frame := frame.f_back:
        for value in frame.f_locals.values():
            if isinstance(value, Output):
                return value or None
    return None
