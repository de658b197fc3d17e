"""Work that processes share through one small file, without waiting for one that has died."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ede_wbins.emulator.store import locked, replacing


class Board:
    """
    A list of tasks, and notes for all.

    Whoever is free takes the next task. A process that dies keeps the task that it has taken, and
    nothing waits for it. When few tasks are free, one process plans new ones; the system lets
    another take over should it die.

    Parameters
    ----------
    path : Path
        The file, of plain JSON values.
    """

    def __init__(self, path: Path):
        self._path = Path(path)

    def read(self) -> tuple[list[dict], dict]:
        """All tasks, in which those done have "result", and the notes."""
        try:
            state = json.loads(self._path.read_text())
        except FileNotFoundError:
            return [], {}
        return state["tasks"], state["notes"]

    def take(self) -> tuple[int, dict] | None:
        """A task that nobody has, and its number; None if there is none."""
        # Who waits asks often: without a lock, and without writing.
        if not self._free():
            return None
        with self._changing() as (tasks, _):
            for i, task in enumerate(tasks):
                if not task["taken"]:
                    task["taken"] = True
                    return i, task
        return None

    def finish(self, number: int, result: float | list | dict) -> None:
        """Record what came out of a task."""
        with self._changing() as (tasks, _):
            tasks[number]["result"] = result

    def post(self, tasks: list[dict], **notes) -> None:
        """Add tasks, and notes over those that are there."""
        with self._changing() as (known, all_notes):
            known += [{"taken": False, **task} for task in tasks]
            all_notes.update(notes)

    @contextmanager
    def planning(self, few: int = 0) -> Iterator[bool]:
        """
        Whether this process is the one that plans now: if no other one does, and no more than a few
        tasks are free.
        """
        if self._free() > few:
            yield False
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path.with_name(self._path.name + ".planning"), "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            # Another one may have planned just before.
            yield self._free() <= few

    def _free(self) -> int:
        return sum(not task["taken"] for task in self.read()[0])

    def clear(self) -> None:
        """Take the board down."""
        for path in self._path.parent.glob(self._path.name + "*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def _changing(self) -> Iterator[tuple[list[dict], dict]]:
        with locked(self._path):
            tasks, notes = self.read()
            yield tasks, notes
            with replacing(self._path) as fresh:
                fresh.write_text(json.dumps({"tasks": tasks, "notes": notes}))
