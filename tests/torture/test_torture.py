"""What tries for long, for a moment: each kind of trial, and the machinery around them."""

import os
import shutil
import signal
import subprocess
import time

import pytest
import trials
from checked_class import CASES, findings, judge
from draws import Background, BackgroundNear, embedded_model, evaluate, near_posterior
from endurance import Endurance
from items import ITEMS, SECTIONS
from readers import READERS, Reader, changed, good_file
from torture import row, table
from trials import FAILED, Item, Record, Trials


class Odd(Item):
    """Trials that go wrong in all ways."""

    name = "odd"
    tried = "odd trials"
    trials = 6
    limit_s = 3.0

    def trial(self, number):
        if number == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 2:
            time.sleep(60)
        if number == 3:
            raise ValueError("two\nlines")
        if number == 4:
            print("noise")
        return "fine"


@pytest.fixture
def odd(monkeypatch, tmp_path):
    """Have the process that makes trials know them."""
    maker = tmp_path / "maker.py"
    maker.write_text(
        f"import sys\nsys.path[:0] = [{str(trials.__file__)[: -len('trials.py')]!r}]\n"
        "import items, maker, test_torture\n"
        "items.ITEMS['odd'] = test_torture.Odd()\nmaker.main('odd', int(sys.argv[2]))\n"
    )
    monkeypatch.setattr(trials, "MAKER", maker)
    return tmp_path


def test_trials_that_crash_hang_or_fail_are_told_apart(odd):
    Trials(Odd(), odd, "x", "c").go_on(show=lambda line: None)
    kept = Trials(Odd(), odd, "x", "c")
    assert [record.outcome for record in kept.records] == [
        "fine",
        f"{FAILED}: the process ended with SIGSEGV",
        f"{FAILED}: the process hung for 3 s",
        f"{FAILED}: ValueError: two lines",
        "fine",
        "fine",
    ]
    assert kept.complete and kept.failures == 3
    assert "does not hold" in row(Odd(), kept)
    # Of another patch nothing is kept.
    assert Trials(Odd(), odd, "y", "c").records == []


def test_table_has_what_was_not_run(tmp_path):
    text = table({name: Trials(item, tmp_path, "x", "c") for name, item in ITEMS.items()})
    assert text.count("not run") == len(ITEMS)
    assert all(f"## {section}" in text for section in SECTIONS)


def test_table_keeps_lines_that_were_made_elsewhere(tmp_path):
    trials = {name: Trials(item, tmp_path, "x", "c") for name, item in ITEMS.items()}
    one = next(iter(ITEMS.values()))
    other = list(ITEMS.values())[-1]
    trials[other.name].records.append(Record(0, "fine", 1.0, 0, 0, 0, 0, "new"))
    before = f"| {one.tried} | 7 |  | 7 fine | holds | old |\n| {other.tried} | 9 | | | | old |"
    text = table(trials, before)
    assert "| 7 fine | holds | old |" in text
    assert "1 fine" in text and "| 9 |" not in text
    assert text.count("not run") == len(ITEMS) - 2


@pytest.mark.parametrize("model", ["fluid", "scalar"])
def test_draws(classy, monkeypatch, model):
    monkeypatch.setattr("draws.packages", lambda: classy.__file__.split("/code/")[0])
    for item, allowed in (
        (Background(model), ("computed", "rejected")),
        (BackgroundNear(model), "computed"),
    ):
        item.start()
        for number in range(5):
            assert item.trial(number).startswith(allowed)


def test_evaluations(classy, monkeypatch):
    """One that is computed and one that is not; the rest is for the long run."""
    monkeypatch.setattr("draws.packages", lambda: classy.__file__.split("/code/")[0])
    model = embedded_model("fluid")
    assert evaluate(model, near_posterior(1)) == "computed"
    assert evaluate(model, near_posterior(1) | {"omega_b": 0.09}).startswith("rejected: ")


def test_verdict_on_a_long_run():
    def records(rss, cpu_s, descriptors=7):
        return [Record(i, "computed", cpu_s(i), rss(i), descriptors, 3, 1, "c") for i in range(200)]

    good = Endurance().verdict(records(lambda i: 10**8, lambda i: 1.0))
    assert good.startswith("200 by one process: memory grew by 0.0 MB, descriptors and threads con")
    # A tenth that cannot be computed holds less: records begin with one and do not end with one.
    tenth = records(lambda i: 10**8 - 3 * 10**7 * (i % 10 == 0), lambda i: 1.0)
    assert Endurance().verdict(tenth) == good
    for bad in (
        records(lambda i: 10**8 + 10**5 * i, lambda i: 1.0),
        records(lambda i: 10**8, lambda i: 1.0 + i / 1000),
    ):
        assert Endurance().verdict(bad).startswith(FAILED)


@pytest.mark.parametrize("name", READERS)
def test_reader(name):
    if name == "2-point FITS":
        pytest.importorskip("astropy", reason="the extra `lss`")
    reader = Reader(name)
    reader.examples = 10 if name == "ACT windows" else 100
    reader.start()
    assert reader.trial(0) == "own error or numbers"


def test_changes_inside_an_archive_pass_its_checksums(tmp_path):
    path = tmp_path / "file.npz"
    path.write_bytes(changed(good_file("training file"), [(0, 4, b"")], inside=True))
    with pytest.raises(Exception, match="not a file of"):
        READERS["training file"][1](path)


WRONG = """
#include <stdlib.h>
int main(int argc, char ** argv) {
  int * a = (int *)malloc(4*sizeof(int));
  int big = 2147483647;
  if (argc == 2) return a[argc+3];
  if (argc == 3) big += argc;
  if (argc == 4 && a[argc-1] == big) return 1;
  a = NULL;
  return big == 0;
}
"""


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([], "Direct leak"),
        (["1"], "heap-buffer-overflow"),
        (["1", "2"], "signed integer overflow"),
    ],
)
def test_what_sanitizers_say_is_understood(tmp_path, arguments, what):
    (tmp_path / "wrong.c").write_text(WRONG)
    command = ["gcc", "-g", "-fsanitize=address,undefined", "wrong.c", "-o", "wrong"]
    if subprocess.run(command, cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("the compiler has no sanitizers")
    done = subprocess.run([tmp_path / "wrong", *arguments], capture_output=True, text=True)
    assert any(file == "wrong.c" and what in said for file, said in findings(done.stderr))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["1"], "Invalid read of size 4"),
        (["1", "2", "3"], "Conditional jump or move depends on uninitialised value(s)"),
    ],
)
def test_what_valgrind_says_is_understood(tmp_path, arguments, what):
    if shutil.which("valgrind") is None:
        pytest.skip("no valgrind here")
    (tmp_path / "wrong.c").write_text(WRONG)
    subprocess.run(["gcc", "-g", "wrong.c", "-o", "wrong"], cwd=tmp_path, check=True)
    command = ["valgrind", "--leak-check=full", tmp_path / "wrong", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert ("wrong.c", what) in [
        (file, said.split("== ")[1]) for file, said in findings(done.stderr)
    ]


def test_a_value_that_nobody_set_counts_wherever_it_is_read():
    said = """
==7== Thread 2:
==7== Conditional jump or move depends on uninitialised value(s)
==7==    at 0x1: exp (w_exp.c:26)
==7==    by 0x2: transfer_sources (transfer.c:1794)
==7==
computed
"""
    assert judge(said, 0).startswith(f"{FAILED}: w_exp.c: ==7== Conditional jump")


def test_cases_are_both_models_in_both_gauges():
    assert len(CASES) == 9
    assert {(case["ede_model"], case["gauge"]) for case in CASES.values()} == {
        (model, gauge) for model in ("fluid", "scalar") for gauge in ("synchronous", "newtonian")
    }
