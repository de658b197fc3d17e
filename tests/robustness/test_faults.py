"""Runs that are killed, whole or in part, go on without losing a sample, to the same posterior."""

import os
import signal

import pytest
from runs import HERE, RUN, chains, finish, kill, ranks, wait_for, whole_lines


def test_one_process_killed(run, tmp_path):
    process = run()
    wait_for(tmp_path, 100)
    os.kill(ranks(process)[0], signal.SIGKILL)
    # The others do not go on alone, nor hang.
    assert process.wait(60) != 0
    before = chains(tmp_path)
    finish(run, run(resume=True), before, tmp_path)


@pytest.mark.slow
def test_all_killed_many_times(run, tmp_path):
    """At moments that fall on any part of a run, in the writing of a checkpoint among them."""
    process = run()
    before = {}
    for n in (3, 40, 150):
        wait_for(tmp_path, n)
        # Known as long as their parent lives.
        kill([*ranks(process), process.pid])
        process.wait(60)
        for name, content in chains(tmp_path).items():
            assert content.startswith(whole_lines(before.get(name, b"")))
            before[name] = content
        process = run(resume=True)
    finish(run, process, before, tmp_path)


@pytest.mark.slow
def test_stopped_by_a_scheduler(run, tmp_path):
    process = run()
    wait_for(tmp_path, 60)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) != 0
    before = chains(tmp_path)
    finish(run, run(resume=True), before, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 3])
def test_resumed_with_other_number_of_processes(run, tmp_path, processes):
    process = run()
    wait_for(tmp_path, 100)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    before = chains(tmp_path)
    finish(run, run(processes, resume=True), before, tmp_path)
    assert f"Resuming with {processes} process(es), before 2" in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0, 20])
@pytest.mark.parametrize("name", ["run.checkpoint", "run.covmat"])
def test_file_written_by_half(run, tmp_path, stopped, name, kept):
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:kept])
    finish(run, run(resume=True), stopped, tmp_path)
    assert f"{name}: was not written to its end" in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("rest", [b"  1.0   0.25", b"\0" * 100])
def test_chain_with_half_a_line(run, tmp_path, stopped, rest):
    path = tmp_path / "run.1.txt"
    path.write_bytes(whole_lines(path.read_bytes()) + rest)
    finish(run, run(resume=True), stopped, tmp_path)
    assert "cut off a last line" in (tmp_path / "log").read_text()


def test_two_runs_on_one_output(run, tmp_path):
    (tmp_path / "run.yaml").write_text((RUN % HERE).replace("stop: 0.002", "stop: 0"))
    first = run()
    wait_for(tmp_path, 20)
    (tmp_path / "log").rename(tmp_path / "first.log")
    assert run(resume=True).wait(60) != 0
    assert "is locked" in (tmp_path / "log").read_text()
    wait_for(tmp_path, 20)
    assert first.poll() is None
