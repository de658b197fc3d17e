"""Trials that may crash, hang or fail, one after another, in a process that is replaced then.

A trial gives one line: what came out. The process that makes them sends it, with its CPU time,
resident memory, file descriptors and threads, and all is kept in a file: trials that were made are
never made again.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FAILED = "FAILED"
MAKER = Path(__file__).with_name("maker.py")


class Item:
    """
    A number of trials of one kind.

    Attributes
    ----------
    name, tried : str
        A word, and what the table says.
    trials : int
        How many there are to be.
    cpu_s : float or None
        Instead, the CPU time after which there are enough of them.
    limit_s : float
        Wall time that a trial may take.
    has_cpu_s : bool
        Whether the CPU time of each trial is known.
    """

    name: str
    tried: str
    trials: int
    cpu_s: float | None = None
    limit_s: float = 60.0
    has_cpu_s: bool = True

    def start(self) -> None:
        """Get ready for trials, in the process that makes them."""

    def trial(self, number: int) -> str:
        """What comes out of one: "FAILED: ..." where it should not, or anything else."""
        raise NotImplementedError

    def verdict(self, records: "Sequence[Record]") -> str:
        """What can only be said of many trials; begins with "FAILED" where that is bad."""
        return ""


@dataclass(frozen=True)
class Record:
    """One trial: number, outcome, CPU s, resident bytes, descriptors, threads, process, commit."""

    number: int
    outcome: str
    cpu_s: float
    rss: int
    descriptors: int
    threads: int
    process: int
    commit: str


class Trials:
    """
    The trials of an item, and the file that keeps them.

    Parameters
    ----------
    item : Item
    folder : Path
        Where that file is.
    identity : str
        What outcomes depend on: those of another one are dropped.
    commit : str
        Kept with each trial.
    """

    def __init__(self, item: Item, folder: Path, identity: str, commit: str):
        self.item, self._identity, self._commit = item, identity, commit
        self._path = folder / f"{item.name}.jsonl"
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        if not lines or json.loads(lines[0]) != identity:
            folder.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(identity) + "\n")
            lines = lines[:1]
        self.records = [Record(**json.loads(line)) for line in lines[1:]]

    @property
    def complete(self) -> bool:
        """Whether there are as many as there are to be."""
        if self.item.cpu_s is not None:
            return sum(record.cpu_s for record in self.records) >= self.item.cpu_s
        return len(self.records) >= self.item.trials

    def go_on(self, seconds: float = float("inf"), show: Callable[[str], None] = print) -> None:
        """Make what is missing, or as many as can be begun in some seconds."""
        end = time.monotonic() + seconds
        while not self.complete and time.monotonic() < end:
            with _Maker(self.item, len(self.records)) as maker:
                while not self.complete and time.monotonic() < end:
                    number = len(self.records)
                    found = maker.next()
                    self._keep(Record(**found, number=number, commit=self._commit))
                    show(self._progress())
                    if found["outcome"].startswith(f"{FAILED}: the process"):
                        break

    def _progress(self) -> str:
        done = f"{len(self.records)} of {self.item.trials}"
        if self.item.cpu_s is not None:
            spent = sum(record.cpu_s for record in self.records)
            done = f"{spent:.0f} of {self.item.cpu_s:.0f} CPU s"
        return f"{self.item.name}: {done}, {self.failures} failed"

    def _keep(self, record: Record) -> None:
        self.records.append(record)
        with self._path.open("a") as file:
            file.write(json.dumps(vars(record)) + "\n")

    @property
    def failures(self) -> int:
        """How many trials went as they should not."""
        return sum(record.outcome.startswith(FAILED) for record in self.records)

    def counts(self) -> Counter[str]:
        """How often each outcome came out."""
        return Counter(record.outcome for record in self.records)


class _Maker:
    """The process that makes trials, from one number on."""

    def __init__(self, item: Item, first: int):
        self._limit = item.limit_s
        self._unread = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, MAKER, item.name, str(first)],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

    def __enter__(self):
        # Compiling may come before the first trial.
        if self._line(3600.0) != b"ready":
            self._errors.seek(0)
            reason = self._errors.read()[-2000:].decode(errors="replace")
            self.__exit__()
            raise RuntimeError(f"{self._process.args[2]} could not start:\n{reason}")
        return self

    def __exit__(self, *_):
        # With all that it has started.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def next(self) -> dict:
        """What the next trial gave; if the process dies or hangs, that."""
        if line := self._line(self._limit):
            return json.loads(line)
        if self._process.poll() is None:
            how = f"hung for {self._limit:g} s"
        else:
            code = self._process.returncode
            how = f"ended with {signal.Signals(-code).name if code < 0 else f'status {code}'}"
        nothing = dict.fromkeys(("rss", "descriptors", "threads"), 0)
        outcome = {"outcome": f"{FAILED}: the process {how}", "cpu_s": 0.0}
        return outcome | {"process": self._process.pid} | nothing

    def _line(self, limit_s: float) -> bytes:
        """The next line; empty if none came in time, or the process has ended."""
        end = time.monotonic() + limit_s
        while b"\n" not in self._unread:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return b""
            if not (more := os.read(self._process.stdout.fileno(), 1 << 16)):
                self._process.wait()
                return b""
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        return line
