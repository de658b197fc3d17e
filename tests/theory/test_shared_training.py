"""Training that processes share, of which one is killed: on the stand-in for CLASS."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from types_of_run import SMALL

from ede_wbins.emulator import Board

HERE = str(Path(__file__).parent)


def _train(prefix: str, killed_at: int | None, ahead=None, mine=None):
    """
    Train in a process of its own on the files at `prefix`; die in the given call of CLASS.

    Calls are counted in `mine`. With `ahead`, the count of another process, wait in each call, for
    some seconds at most, until the other one has been called as often.
    """
    sys.path.insert(0, HERE)
    from test_emulated import POINT, SAMPLED
    from types_of_run import quick_model
    from universe import Universe

    compute = Universe.compute
    mine = mine or multiprocessing.Value("i", 0)

    def counted(self):
        if mine.value == killed_at:
            mine.value = 10**6  # nobody waits for the dead
            os.kill(os.getpid(), signal.SIGKILL)
        mine.value += 1
        given_up = time.monotonic() + 5
        while ahead and ahead.value < mine.value and time.monotonic() < given_up:
            time.sleep(0.01)
        compute(self)

    Universe.compute = counted
    model = quick_model(prefix, SAMPLED)
    assert np.isfinite(model.logposterior(POINT).logpost)


@pytest.mark.parametrize("killed_at", [5, 12])
def test_killed_process_loses_one_point_and_blocks_nobody(tmp_path, killed_at):
    context = multiprocessing.get_context("spawn")
    prefix = str(tmp_path / "run")
    # On a busy machine one process could do all the work before the other one starts.
    calls = context.Value("i", 0)
    dying = context.Process(target=_train, args=(prefix, killed_at, None, calls))
    other = context.Process(target=_train, args=(prefix, None, calls))
    dying.start()
    other.start()
    for each in (dying, other):
        each.join(120)
    assert dying.exitcode == -signal.SIGKILL
    assert other.exitcode == 0
    tasks, notes = Board(Path(prefix + ".emulator.board.json")).read()
    assert notes["finished"]
    assert len([task for task in tasks if task["taken"] and "result" not in task]) <= 1


def test_training_that_was_stopped_goes_on_where_it_was(tmp_path):
    context = multiprocessing.get_context("spawn")
    prefix = str(tmp_path / "run")
    for killed_at, code in ((10, -signal.SIGKILL), (None, 0)):
        Board(Path(prefix + ".emulator.board.json")).clear()
        process = context.Process(target=_train, args=(prefix, killed_at))
        process.start()
        process.join(120)
        assert process.exitcode == code
        if killed_at:
            with np.load(prefix + ".emulator.npz") as file:
                known = len(file["points"])
    tasks, _ = Board(Path(prefix + ".emulator.board.json")).read()
    assert len([task for task in tasks if task["kind"] == "first"]) == SMALL["N_START"] - known
    assert known > 0
