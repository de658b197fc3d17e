"""Runs of one, two and four processes: right chains, one stop for all, and none left behind."""

import os
import signal
import time

import numpy as np
import pytest
from cobaya.yaml import yaml_load_file
from runs import HERE, LEARN_EVERY, RUN, chains, p_value, ranks, wait_for, whole_lines


def check_stopped_together(folder, processes):
    """All ended by the same verdict, each with a chain of its own."""
    (checkpoint,) = yaml_load_file(str(folder / "run.checkpoint"))["sampler"].values()
    assert checkpoint["converged"] and checkpoint["mpi_size"] == processes
    assert checkpoint["Rminus1_last"] < 0.01
    found = chains(folder)
    assert len(set(found.values())) == processes
    rows = [len(np.loadtxt(content.decode().splitlines())) for content in found.values()]
    checks = len(np.loadtxt(folder / "run.progress", usecols=0, ndmin=1))
    # Each had grown before every check, however slow it was: none was left behind.
    assert min(rows) >= checks * LEARN_EVERY


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("sampler", ["mcmc", "ede_wbins.samplers.MixtureMCMC"])
@pytest.mark.parametrize(
    "processes", [1, 2, pytest.param(4, marks=pytest.mark.slow)], ids="n={}".format
)
def test_chains_are_right_and_stop_together(run, tmp_path, processes, sampler):
    text = (RUN % HERE).replace("0.002", "0.01").replace("mcmc", sampler)
    (tmp_path / "run.yaml").write_text(text)
    process = run(processes)
    wait_for(tmp_path, 20)
    pids = ranks(process)
    assert len(pids) == processes
    assert process.wait(180) == 0, (tmp_path / "log").read_text()
    assert not any(map(is_alive, pids))
    check_stopped_together(tmp_path, processes)
    assert p_value(chains(tmp_path)) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 3])
def test_four_stop_when_one_is_killed(run, tmp_path, killed):
    process = run(4)
    wait_for(tmp_path, 100)
    pids = ranks(process)
    os.kill(pids[killed], signal.SIGKILL)
    start = time.monotonic()
    assert process.wait(60) != 0
    while any(map(is_alive, pids)):
        assert time.monotonic() < start + 60
        time.sleep(0.1)
    log = (tmp_path / "log").read_text()
    assert "exited on" in log and "signal 9 (Killed)" in log


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 2), (4, 1)])
def test_resumed_with_more_and_with_fewer(run, tmp_path, before, after):
    process = run(before)
    wait_for(tmp_path, 60 * before)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    stopped = chains(tmp_path)
    process = run(after, resume=True)
    assert process.wait(180) == 0, (tmp_path / "log").read_text()
    ended = chains(tmp_path)
    for name, content in stopped.items():
        assert ended[name].startswith(whole_lines(content)), f"{name} lost samples"
    assert len(ended) == max(before, after)
    assert p_value(chains(tmp_path)) > 1e-4
