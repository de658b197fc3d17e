import os

import pytest
from cobaya import mpi

from ede_wbins.theory import threads


@pytest.fixture
def machine(monkeypatch):
    """Describe a machine: machine(my cores, [cores of each process on this node])."""

    def machine(mine, node=None):
        for name in (*threads.VARIABLES, "OMPI_COMM_WORLD_SIZE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OMP_NUM_THREADS", "")  # so that it is undone afterwards
        monkeypatch.setattr(threads, "_usable_cores", lambda: mine)
        monkeypatch.setattr(threads, "_cores_of_node", lambda cores: node or [cores])
        monkeypatch.setattr(os, "cpu_count", lambda: 16)

    return machine


def share():
    messages = []
    threads.share_cores(lambda text, *values: messages.append(text % values))
    return messages


@pytest.mark.parametrize(
    ("mine", "node", "expected"),
    [
        (set(range(16)), None, 16),
        (set(range(16)), [set(range(16))] * 4, 4),
        (set(range(16)), [set(range(16))] * 5, 3),
        (set(range(4)), [set(range(4))] * 8, 1),
        ({3}, [{i} for i in range(4)], 1),
        (set(range(8)), [set(range(8))] * 2 + [set(range(8, 16))] * 2, 4),
    ],
)
def test_processes_times_threads_are_the_cores(machine, mine, node, expected):
    machine(mine, node)
    share()
    assert os.environ["OMP_NUM_THREADS"] == str(expected)


@pytest.mark.parametrize("name", threads.VARIABLES)
def test_choice_of_the_user_stands(machine, monkeypatch, name):
    machine(set(range(16)))
    monkeypatch.setenv(name, "7")
    (message,) = share()
    assert "7" in message and name in message
    assert os.environ["OMP_NUM_THREADS"] == ("7" if name == "OMP_NUM_THREADS" else "")


def test_cores_left_idle_by_mpirun_are_mentioned(machine, monkeypatch):
    for node, lines in (([{0}, {1}], 2), ([{i} for i in range(16)], 1)):
        machine({0}, node)
        monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", str(len(node)))
        messages = share()
        assert len(messages) == lines
    machine({0}, [{0}, {1}])
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    assert "2 of 16 cores; `mpirun --bind-to none`" in share()[1]


def test_usable_cores_of_this_process():
    assert threads._usable_cores()
    if not mpi.more_than_one_process():
        assert threads._cores_of_node({1, 2}) == [{1, 2}]
