"""The sub-commands that read runs."""

import csv
import io
from pathlib import Path

import pytest
from synthetic import write_run

from ede_wbins.cli import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return str(write_run(tmp_path_factory.mktemp("cli") / "w3", n=400))


def test_table_in_three_formats(run, capsys):
    assert main(["table", run]) == 0
    assert "best fit" in capsys.readouterr().out
    assert main(["table", run, "--format", "latex", "--burn-in", "0.5"]) == 0
    assert r"\toprule" in capsys.readouterr().out
    assert main(["table", run, "--format", "csv"]) == 0
    table = csv.reader(io.StringIO(capsys.readouterr().out))
    assert {len(row) for row in table} == {9}


def test_plot_writes_what_is_asked_for(run, tmp_path, capsys):
    assert main(["plot", run, "--what", "w", "--what", "s8h0", "-o", str(tmp_path)]) == 0
    names = [Path(line).name for line in capsys.readouterr().out.split()]
    assert names == ["w3_w.pdf", "w3_w.png", "w3_s8h0.pdf", "w3_s8h0.png"]


def test_watch_once(run, capsys):
    assert main(["watch", run, "--once"]) == 0
    assert "2 chain(s), 800 accepted of" in capsys.readouterr().out


def test_tension_with_all_measurements(run, capsys):
    assert main(["tension", run, "--n-data", "600"]) == 0
    out = capsys.readouterr().out
    for expected in ("SH0ES: H0:", "DES Y3: S8:", "KiDS-1000: S8:", "AIC", "BIC", "NOT CONVERGED"):
        assert expected in out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["table", "nowhere"], "nowhere: no run there"),
        (["plot", "{run}", "--what", "pie"], "figure = 'pie': must be one of"),
        (["table", "{run}", "--burn-in", "900"], "burn-in = 900 rows: w3.1.txt has only 400"),
        (["tension", "{run}", "--joint", "{run}"], "give it with two runs, not 1"),
        (["tension", "{run}", "{run}", "--param", "x"], "no parameter x in the chains"),
        (["watch", "nowhere"], "nowhere: no run there"),
        (["prior", "nowhere.yaml"], "No such file"),
        (["report", "nowhere"], "nowhere: no run there"),
        (["report", "{run}", "-o", "{run}.1.txt/x.html"], "w3.1.txt"),
        (["plot", "{run}", "--what", "w", "-o", "{run}.1.txt"], "w3.1.txt: File exists"),
        (["tension", "{run}", "--n-data", "-5"], "n_data = -5: must be 1 or more"),
        (["watch", "{run}", "--every", "0"], "every = 0: must be above 0"),
    ],
)
def test_bad_input_is_one_line(run, capsys, arguments, reason):
    assert main([argument.replace("{run}", run) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
