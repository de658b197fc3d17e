"""Tests of the suite as trials: each test, as often as wanted, the long ones too."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from trials import FAILED, Item

REPOSITORY = Path(__file__).parent.parent.parent
# Unbuffered, so that each result comes when it is there.
PYTEST = [sys.executable, "-u", "-m", "pytest", "-m", "", "-p", "no:cacheprovider"]


class Suite(Item):
    """The tests of some files, `times` over; one process makes all of one time."""

    limit_s = 900.0
    # That of a process which makes many of them is known at its end only.
    has_cpu_s = False

    def __init__(self, name: str, tried: str, *files: str, times: int = 1):
        self.name, self.tried = name, tried
        self._files, self._times = files, times
        self._results = None

    @property
    def trials(self) -> int:
        """How many tests there are, `times` over."""
        return self._times * len(self.tests)

    @cached_property
    def tests(self) -> list[str]:
        """The tests, as pytest calls them."""
        command = [*PYTEST, "-q", "--collect-only", *self._files]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        return [line for line in done.stdout.splitlines() if "::" in line]

    def trial(self, number: int) -> str:
        """One test."""
        first = number % len(self.tests)
        if self._results is None or first == 0:
            self._results = self._make(self.tests[first:])
        return next(self._results)

    def _make(self, tests: list[str]) -> Iterator[str]:
        # Why one fails is told at the end, for all of them.
        report = REPOSITORY / "build" / "torture" / f"{self.name}.xml"
        command = [*PYTEST, "-v", "--tb=no", f"--junitxml={report}", *tests]
        with subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout:
                if found := re.match(r"\S*::(.*) (PASSED|SKIPPED|FAILED|ERROR)\b", line):
                    test, result = found.groups()
                    names = {"PASSED": "survived", "SKIPPED": "skipped"}
                    yield names.get(result, f"{FAILED}: {test}"[:200])
