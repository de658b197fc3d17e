import multiprocessing
import os
import signal
import time

import pytest

from ede_wbins.emulator import Board, store


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board.json")


def test_each_task_is_taken_once_and_its_result_is_kept(board):
    board.post([{"x": 1.0}, {"x": 2.0}], round=0)
    first, second = board.take(), board.take()
    assert (first[1]["x"], second[1]["x"]) == (1.0, 2.0)
    assert board.take() is None
    board.finish(second[0], float("-inf"))
    board.post([{"x": 3.0}], round=1)
    tasks, notes = board.read()
    assert [task.get("result") for task in tasks] == [None, float("-inf"), None]
    assert notes == {"round": 1}


def test_empty_board_wants_a_plan_and_a_full_one_does_not(board):
    with board.planning() as mine:
        assert mine
    board.post([{"x": 1.0}])
    with board.planning() as mine:
        assert not mine
    # While the last tasks are computed, another process may plan.
    with board.planning(few=1) as mine:
        assert mine
        with board.planning(few=1) as also_mine:
            assert not also_mine
        assert board.take()


def _work(path):
    """Take tasks, plan when there is none, and end with 20 results, of more than one process."""
    board = Board(path)
    results = []
    while len(results) < 20 or len(set(results)) < 2:
        results = [task["result"] for task in board.read()[0] if "result" in task]
        if taken := board.take():
            time.sleep(0.01)
            board.finish(taken[0], os.getpid())
            continue
        with board.planning() as mine:
            if mine:
                board.post([{"x": 0.0}] * 4)


def _die_planning(path):
    with Board(path).planning() as mine:
        assert mine
        os.kill(os.getpid(), signal.SIGKILL)


def _die_working(path):
    board = Board(path)
    board.post([{"x": 0.0}, {"x": 1.0}])
    board.take()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("die, lost", [(_die_planning, 0), (_die_working, 1)])
def test_process_that_is_killed_blocks_nobody_and_loses_its_task_alone(tmp_path, die, lost):
    path = tmp_path / "board.json"
    context = multiprocessing.get_context("spawn")
    dead = context.Process(target=die, args=(path,))
    dead.start()
    dead.join(60)
    assert dead.exitcode == -signal.SIGKILL
    others = [context.Process(target=_work, args=(path,)) for _ in range(2)]
    for each in others:
        each.start()
    for each in others:
        each.join(60)
        assert each.exitcode == 0
    tasks, _ = Board(path).read()
    unfinished = [task for task in tasks if task["taken"] and "result" not in task]
    assert len(unfinished) == lost
    assert len({task["result"] for task in tasks if "result" in task}) == 2


def test_stopped_process_does_not_hold_a_lock_for_ever(board, monkeypatch):
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    board.post([{"x": 1.0}])
    with store.locked(board._path):
        assert board.take()[0] == 0
