"""Files of computed points: those of other runs, and the one that processes of a run share."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cobaya import mpi
from cobaya.log import LoggedError
from cobaya.output import Output

from ede_wbins.emulator import Board, StoreError, load, locked, save
from ede_wbins.theory.training_set import TrainingSet

PACKAGED = Path(__file__).with_name("computed")
"""Computed points that come with the package."""


class Exchange:
    """
    What the processes of a run share: computed points in one file, a board of points to come,
    the covariance of the posterior, and what CLASS says of the chains at the end.

    All lie beside the chains of the run, or, without any, in a temporary folder.

    Parameters
    ----------
    output : Output, optional
        The run's output.
    """

    def __init__(self, output: Output | None):
        self._resuming = bool(output) and output.is_resuming()
        if output:
            self.file = Path(output.add_suffix("emulator.npz", separator="."))
        else:
            # The folder lives as long as this object does in the first process.
            self._folder = None if mpi.rank() else tempfile.TemporaryDirectory()
            self.file = Path(mpi.share_mpi(self._folder and self._folder.name)) / "emulator.npz"
        self.board = Board(self.file.with_suffix(".board.json"))
        self.covariance = self.file.with_suffix(".covmat")
        self.check = self.file.with_name(self.file.name.replace("emulator.npz", "exact_check.json"))
        if mpi.is_main_process():
            self.board.clear()
            if not self._resuming:
                self.check.unlink(missing_ok=True)
        mpi.sync_processes()
        self.forget()

    def forget(self) -> None:
        """Start with another training set."""
        self._stamp, self._saved = None, 0

    def start(self, training_set: TrainingSet, identity: Mapping, training: str | None, log):
        """
        Take up the points of this run's file, and those of another one, `training`.

        "auto" stands for those that come with the package and are of the same physics.

        Raises
        ------
        LoggedError
            If one cannot be used.
        """
        if training == "auto":
            self._take_packaged(training_set, identity, log)
        elif training:
            try:
                training_set.add(training_set.checked(load(Path(training), identity)))
            except StoreError as error:
                raise LoggedError(log, "training: %s", error) from None
            log.info("Emulator: %d points from %s", len(training_set), training)
        try:
            self.sync(training_set, identity)
        except StoreError as error:
            if self._resuming:
                raise LoggedError(log, "%s (delete it to learn anew)", error) from None
            log.warning("%s: it is replaced", error)
            self.file.unlink(missing_ok=True)
            self.sync(training_set, identity)

    def sync(self, training_set: TrainingSet, identity: Mapping) -> None:
        """Exchange computed points with the other processes, through the file."""
        with locked(self.file):
            stamp = self._stamp_now()
            if stamp and stamp != self._stamp:
                rows = training_set.checked(load(self.file, identity))
                training_set.add(rows)
                self._saved = len(rows["points"])
            if self._saved < len(training_set):
                save(self.file, identity, training_set.rows)
                self._saved, stamp = len(training_set), self._stamp_now()
            self._stamp = stamp

    def _stamp_now(self) -> tuple[int, int] | None:
        found = os.stat(self.file) if self.file.exists() else None
        return found and (found.st_mtime_ns, found.st_ino)

    @staticmethod
    def _take_packaged(training_set: TrainingSet, identity: Mapping, log) -> None:
        for path in sorted(PACKAGED.glob("*.npz")):
            try:
                training_set.add(training_set.checked(load(path, identity)))
            except StoreError as error:
                log.debug("%s", error)
            else:
                log.info("Emulator: %d points that come with the package", len(training_set))
                return
        log.info("Emulator: no points that come with the package fit, it learns from nothing")
