"""Tables say what GetDist says."""

import csv
import io
import json

import numpy as np
import pytest

from ede_wbins.analysis import load_run
from ede_wbins.analysis.table import comma_separated, latex, rows, summary


def test_limits_are_one_sided_where_the_posterior_touches_the_prior(w3):
    limits = {row.name: row for row in rows(w3)}
    assert limits["fEDE"].text(1).startswith("< ")
    assert limits["H0"].text(1).startswith("[")
    assert limits["w3"].text(1) == "unconstrained"
    # An upper limit of 95% has 95% of the samples below it.
    below = w3.samples["fEDE"] < limits["fEDE"].limits[1].upper
    assert np.average(below, weights=w3.samples.weights) == pytest.approx(0.95, abs=0.015)


def test_csv_has_the_numbers_of_getdist_in_full(w3, w5):
    table = list(csv.DictReader(io.StringIO(comma_separated(w3, w5))))
    (row,) = [r for r in table if (r["run"], r["parameter"]) == ("w5", "S8")]
    parameter = w5.samples.getMargeStats().parWithName("S8")
    assert float(row["mean"]) == parameter.mean
    assert float(row["upper68"]) == parameter.limits[0].upper
    (row,) = [r for r in table if (r["run"], r["parameter"]) == ("w3", "fEDE")]
    assert row["lower95"] == ""
    (row,) = [r for r in table if (r["run"], r["parameter"]) == ("w3", "R-1")]
    assert float(row["mean"]) == w3.R_minus_1


def test_best_fit_is_the_highest_posterior_with_its_chi2(w3, chains):
    with open(chains / "w3.1.txt") as file:
        names = file.readline()[1:].split()
    all_rows = np.concatenate([np.loadtxt(chains / f"w3.{i}.txt")[450:] for i in (1, 2)])
    best = dict(zip(names, all_rows[all_rows[:, 1].argmin()], strict=True))
    assert w3.best.values["H0"] == pytest.approx(best["H0"])
    assert w3.best.total == pytest.approx(best["chi2"])
    assert len(w3.best.chi2) == 3
    assert not w3.best.minimised


def test_a_minimiser_beside_the_chains_is_taken(chains, tmp_path):
    for path in chains.glob("w3.*"):
        (tmp_path / path.name).write_text(path.read_text())
    lines = (tmp_path / "w3.1.txt").read_text().splitlines()
    (tmp_path / "w3.minimum.txt").write_text("\n".join([lines[0], lines[7]]))
    best = load_run(tmp_path / "w3").best
    assert best.minimised
    assert best.values["fEDE"] == pytest.approx(np.loadtxt(tmp_path / "w3.1.txt")[6, 8])


def test_several_runs_stand_side_by_side(w3, w5):
    lines = summary(w3, w5).splitlines()
    (head,) = [line for line in lines if line.startswith("parameter")]
    assert head.split() == ["parameter", "w3", "w5"]
    (only,) = [line for line in lines if line.startswith("w4 ")]
    assert only[head.index("w3") : head.index("w5")].strip() == ""
    (planck,) = [line for line in lines if line.startswith("PlanckCompressed")]
    assert f"{w5.best.total:.2f}" in planck


def test_latex_is_a_booktabs_table(w3, w5):
    text = latex(w3, w5)
    lines = text.splitlines()
    assert lines[0] == r"\begin{tabular}{lcc}"
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert {line.count("&") for line in lines if line.endswith(r"\\")} == {2}
    (line,) = [line for line in lines if line.startswith(r"$f_\mathrm{EDE}$")]
    assert line.count(r"(95\%)") == 2
    assert "e-09" not in text


def test_latex_of_one_run_has_the_columns_of_the_text(w3):
    text = latex(w3)
    assert r"w3 & Mean & 68\% & 95\% & Best fit \\" in text
    (fede,) = (row for row in rows(w3) if row.name == "fEDE")
    line = next(line for line in text.splitlines() if line.startswith(r"$f_\mathrm{EDE}$"))
    assert f"${fede.text(0)}$ & ${fede.text(1)}$ & ${fede.number(fede.best)}$" in line
    assert {line.count("&") for line in text.splitlines() if line.endswith(r"\\")} == {4}
    assert r"\times 10^{-9}" in text and "e-09" not in text


def test_latex_escapes_names(w3, chains, tmp_path):
    for path in chains.glob("w3.*"):
        (tmp_path / path.name.replace("w3", "a_b%")).write_text(path.read_text())
    assert r"a\_b\%" in latex(load_run(tmp_path / "a_b%"))


def test_check_of_an_emulated_run_stands_under_its_convergence(w3):
    assert "CLASS" not in summary(w3)
    file = w3.prefix.with_name(f"{w3.prefix.name}.exact_check.json")
    file.write_text(json.dumps({"verdict": "24 points of the chain: good", "points": []}))
    try:
        assert "checked by CLASS at 24 points of the chain: good" in summary(w3)
    finally:
        file.unlink()
