"""Progress of a run, from its files alone."""

import numpy as np
import pytest

from ede_wbins.analysis import load_run
from ede_wbins.analysis.watch import Progress, describe, look, watch
from ede_wbins.errors import EDEWBinsError


def test_counts_all_chains(chains, w3):
    progress = look(chains / "w3")
    assert progress.accepted == (1500, 1500)
    assert progress.steps == tuple(np.loadtxt(chains / f"w3.{i}.txt")[:, 0].sum() for i in (1, 2))
    assert progress.R_minus_1 == w3.R_minus_1
    assert progress.effective == w3.effective_samples


def test_speed_and_time_left():
    before = Progress(100.0, (10, 10), (50, 50), 0.5, 5.0)
    now = Progress(110.0, (20, 20), (100, 100), 0.05, 20.0)
    text = describe(now, before)
    assert "2 chain(s), 40 accepted of 200 steps (20%), 10 steps/s" in text
    # Five times as long a run: 800 steps more at 10 a second.
    assert "converged in about 1.3 min" in text
    assert describe(Progress(10.0, (9,), (9,), 0.005, 900)).endswith("converged")


def test_speed_takes_two_looks():
    """A run that was resumed has steps from before: how fast it is now is not in its files."""
    text = describe(Progress(100.0, (10, 10), (50, 50), 0.5, 5.0))
    assert "steps/s" not in text and "converged" not in text


def test_a_run_that_has_just_begun(chains, tmp_path, capsys):
    for name in ("w3.updated.yaml",):
        (tmp_path / name).write_text((chains / name).read_text())
    assert "no steps yet" in describe(look(tmp_path / "w3"))
    lines = (chains / "w3.1.txt").read_text().splitlines()
    (tmp_path / "w3.1.txt").write_text("\n".join(lines[:3]) + "\n1.0 5")
    watch(tmp_path / "w3", once=True)
    out = capsys.readouterr().out
    assert "1 chain(s), 3 accepted of" in out
    assert "R-1 = nan" in out


def test_files_are_only_read(chains):
    before = {path: path.stat().st_mtime_ns for path in chains.iterdir()}
    look(chains / "w3")
    assert {path: path.stat().st_mtime_ns for path in chains.iterdir()} == before


def test_no_run_is_one_line(tmp_path):
    with pytest.raises(EDEWBinsError, match="no run there"):
        look(tmp_path / "x")
    with pytest.raises(EDEWBinsError, match="no run there"):
        load_run(tmp_path / "x")
