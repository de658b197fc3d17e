"""Numbered steps on standard error: one live line each on a terminal, plain lines elsewhere."""

import sys
import time


class Progress:
    """Show where a job of ``total`` steps is.

    Parameters
    ----------
    total
        Number of calls of `step` to expect.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._number = 0
        self._live = sys.stderr.isatty()
        self._open = False

    def step(self, text: str) -> None:
        """Begin the next step, called ``text``."""
        self.close()
        self._number += 1
        self._text = f"[{self._number}/{self._total}] {text}"
        self._start = time.monotonic()
        print(self._text, end="" if self._live else "\n", file=sys.stderr, flush=True)
        self._open = self._live

    def update(self, done: str = "") -> None:
        """Refresh the live line with the time since the step began and what is ``done``."""
        if self._live:
            elapsed = f"{time.monotonic() - self._start:.0f} s"
            detail = f"{done}, {elapsed}" if done else elapsed
            print(f"\r\033[K{self._text}: {detail}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the live line."""
        if self._open:
            print(file=sys.stderr, flush=True)
            self._open = False
