"""YAML and command lines made at random: a model, or one line that says what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

from trials import Item

TESTS = Path(__file__).parent.parent


class Surface(Item):
    """A property of tests/theory/test_properties.py; each trial is another start of hypothesis."""

    trials = 1
    cpu_s = 600.0
    limit_s = 600.0
    examples = 500

    def __init__(self, test: str, tried: str):
        self.name, self._test = f"surface_{test}", test
        self.tried = f"{tried}: {self.examples} a trial"

    def trial(self, number: int) -> str:
        """Some hundred inputs."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        test = f"tests/theory/test_properties.py::test_{self._test}"
        options = [f"--hypothesis-seed={number}", test]
        done = subprocess.run(
            [*command, *options],
            cwd=TESTS.parent,
            env=os.environ | {"PROPERTY_EXAMPLES": str(self.examples)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            lines = [line[2:].strip() for line in done.stdout.splitlines() if line[:1] == "E"]
            raise AssertionError(lines[0] if lines else done.stdout[-200:])
        return "a model, or one line"
