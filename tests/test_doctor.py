"""The preflight: what it finds, and its exit code."""

from pathlib import Path

import numpy as np
import pytest
from cobaya.yaml import yaml_load

from ede_wbins import doctor
from ede_wbins.cli import main
from ede_wbins.doctor import Finding, examine, report
from ede_wbins.errors import EDEWBinsError
from ede_wbins.run_file import run_file


def found(info, packages) -> dict[str, list[Finding]]:
    findings = {}
    for finding in examine(info, packages):
        findings.setdefault(finding.name, []).append(finding)
    return findings


def test_a_machine_that_can_do_the_run(classy):
    packages = Path(classy.__file__).parents[2]
    findings = found(yaml_load(run_file(["embedded"], n_bins=3, ede="fluid")), packages)
    assert list(findings) == [
        *("compiler", "MPI", "threads", "CLASS", "data", "evaluation", "convergence")
    ]
    assert all(finding.usable for each in findings.values() for finding in each)
    assert classy.ede_wbins_patch in findings["CLASS"][0].text
    assert len(findings["data"]) == 3
    value = float(findings["evaluation"][0].text.split()[2].rstrip(","))
    assert np.isfinite(value) and -700 < value < -250


def test_an_emulated_run_is_timed_without_training(classy):
    packages = Path(classy.__file__).parents[2]
    info = yaml_load(run_file(["embedded"], n_bins=3, ede="fluid"))
    exact = found(info, packages)["evaluation"][0]
    (options,) = info["theory"].values()
    info["theory"] = {"ede_wbins.EmulatedEDEWBins": options}
    findings = found(info, packages)
    value = exact.text.split(",")[0]
    assert findings["evaluation"][0].text.startswith(value)
    assert "calls that all chains share" in findings["convergence"][0].text


def test_a_run_without_theory_is_evaluated(tmp_path):
    info = {
        "likelihood": {"toy": {"external": lambda x: -(x**2)}},
        "params": {"x": {"prior": [0, 1]}},
    }
    evaluation, _ = doctor._evaluation(info, tmp_path)
    assert evaluation.usable


def test_an_empty_packages_path_is_not_usable(tmp_path, capsys):
    assert main(["doctor", "-p", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "NO  CLASS" in captured.out
    # Nothing is computed where something is missing.
    assert "evaluation" not in captured.out
    assert captured.err == "ede-wbins: not usable: CLASS\n"


def test_missing_data_are_named(tmp_path):
    findings = found(yaml_load(run_file(["act_dr4", "union3"])), tmp_path)
    lines = [finding.text for finding in findings["data"] if not finding.usable]
    assert any("act_dr4.ACTDR4 is not whole" in line for line in lines)
    assert any(line.startswith("sn.union3") for line in lines)


def test_wrong_number_of_threads_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "all")
    (threads,) = doctor._threads({}, tmp_path)
    assert not threads.usable and "OMP_NUM_THREADS = all" in threads.text


def test_compiler_is_needed_only_without_a_build(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "_first_line", lambda command: None)
    (compiler,) = doctor._compiler({}, tmp_path)
    assert compiler == Finding("compiler", False, "no gcc, g++, make")
    monkeypatch.setattr(doctor.boltzmann, "is_installed", lambda path: True)
    (compiler,) = doctor._compiler({}, tmp_path)
    assert compiler.usable
    (mpi,) = doctor._mpi({}, tmp_path)
    assert mpi.usable and "one chain a run" in mpi.text


def test_report_ends_in_an_error_that_names_what_is_wrong(monkeypatch):
    findings = [
        Finding("CLASS", True, "x"),
        Finding("data", False, "y"),
        Finding("data", False, "z"),
    ]
    monkeypatch.setattr(doctor, "examine", lambda info, path: iter(findings))
    lines = []
    with pytest.raises(EDEWBinsError, match=r"^not usable: data$"):
        report({}, "packages", lines.append)
    assert [line.split()[0] for line in lines] == ["ok", "NO", "NO"]


def test_run_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["doctor", "none.yaml", "-p", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "ede-wbins: none.yaml: No such file or directory\n"
