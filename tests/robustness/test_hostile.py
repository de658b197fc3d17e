"""Files and names that would like to be executed."""

import subprocess
import zipfile
from pathlib import Path

import pytest
from cobaya.grid_tools.jobqueue import submitJob
from cobaya.log import LoggedError, get_logger

from ede_wbins.cli import main
from ede_wbins.errors import EDEWBinsError
from ede_wbins.likelihoods import released
from ede_wbins.likelihoods.cosmic_2pt.twopoint_file import read_2pt
from ede_wbins.npz import read_npz
from ede_wbins.read_yaml import read_yaml

YAMLS = Path(__file__).parent.parent.parent / "yamls"
CALLS = (
    "!!python/object/apply:os.system ['touch called']",
    "!!python/object/new:os.system ['touch called']",
    "!!python/object/apply:subprocess.check_output [[touch, called]]",
    "!!python/module:antigravity ''",
    "!!python/object:builtins.object {}",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("command", ["table", "plot", "tension", "report"])
def test_record_of_a_run_calls_nothing(tmp_path, monkeypatch, capsys, command, call):
    monkeypatch.chdir(tmp_path)
    Path("run.1.txt").write_text("# weight minuslogpost a\n" + "1 2 3\n" * 50)
    Path("run.updated.yaml").write_text(f"likelihood: {{one: null}}\nparams: {call}\n")
    assert main([command, "run"]) == 1
    error = capsys.readouterr().err
    assert "run.updated.yaml: not YAML" in error
    assert error.count("\n") == 1
    assert not Path("called").exists()


def test_neither_does_a_file_that_another_includes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("inner.yaml").write_text(f"a: {CALLS[0]}\n")
    Path("outer.yaml").write_text("params: !defaults [inner]\n")
    with pytest.raises(EDEWBinsError, match=r"outer\.yaml: not YAML"):
        read_yaml(Path("outer.yaml"), "params")
    assert not Path("called").exists()


def test_of_a_function_the_name_is_kept(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("likelihood: {a: !!python/name:os.system ''}\n")
    assert read_yaml(path) == {"likelihood": {"a": "os.system"}}


def test_members_of_archives_stay_in_their_folder(tmp_path, monkeypatch):
    archive = tmp_path / "served" / "release.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("top/../../escaped", "/tmp/escaped-from-archive", "top/data.txt"):
            file.writestr(name, "x")
    folder = tmp_path / "folder" / "inner"
    folder.mkdir(parents=True)
    assert downloaded(monkeypatch, archive.read_bytes(), folder)
    assert (folder / "top" / "data.txt").exists()
    assert not list(tmp_path.glob("**/folder/escaped")) and not (tmp_path / "escaped").exists()
    assert not Path("/tmp/escaped-from-archive").exists()


def test_download_that_does_not_end_is_refused(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(released, "MAX_BYTES", 1000)
    assert not downloaded(monkeypatch, b"0" * 2000, tmp_path)
    assert "more than 1000 bytes" in caplog.text


def test_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(released, "MAX_BYTES", 100_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(10**6))
    assert not downloaded(monkeypatch, path.read_bytes(), tmp_path)
    assert "its files have more than 100000 bytes" in caplog.text
    assert not (tmp_path / "zeros").exists()


def downloaded(monkeypatch, content: bytes, folder: Path) -> bool:
    """Whether a download that gives some content goes well."""

    class Reply:
        headers = {}  # noqa: RUF012

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def raise_for_status(self):
            pass

        def iter_content(self, size):
            return (content[i : i + size] for i in range(0, len(content), size))

    monkeypatch.setattr(released.requests, "get", lambda *_, **__: Reply())
    log = released.get_logger("download")
    return released._download("http://x/release.zip", str(folder), True, log)


def test_an_array_that_is_a_pickle_is_refused(tmp_path):
    import numpy as np

    path = tmp_path / "pickle.npz"
    np.savez(path, points=np.array([{}], dtype=object))
    with pytest.raises(EDEWBinsError, match=r"pickle\.npz: not a file of arrays"):
        read_npz(path)


@pytest.mark.parametrize("engine", ["slurm", "pbs"])
def test_names_of_runs_are_no_commands_of_a_job(engine, tmp_path, monkeypatch):
    """A job's script is run with all that it starts replaced."""
    monkeypatch.chdir(tmp_path)
    submitJob(
        "run",
        "a; touch called; $(touch called) `touch called` b.yaml",
        **{"job_template": str(YAMLS / "jobs" / engine), "no_sub": True, "nodes": 1},
        **{"cores_per_node": 4, "walltime": "1:00:00", "batchPath": str(tmp_path)},
    )
    (script,) = (path for path in tmp_path.rglob("*run*") if "touch" in path.read_text())
    none = tmp_path / "bin"
    none.mkdir()
    for name in ("srun", "mpirun"):
        (none / name).write_text("#!/bin/sh\n")
        (none / name).chmod(0o755)
    subprocess.run(["bash", script], env={"PATH": f"{none}:/usr/bin:/bin"}, cwd=tmp_path)
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    "card", [b"NAXIS   =          99999999999", b"TFIELDS =                 1000"]
)
def test_file_of_more_axes_than_anybody_counts_is_refused_at_once(tmp_path, card):
    path = tmp_path / "axes.fits"
    cards = (b"SIMPLE  =                    T", card, b"END")
    path.write_bytes(b"".join(each.ljust(80) for each in cards).ljust(2880))
    with pytest.raises(LoggedError, match="above 999"):
        read_2pt(get_logger("test"), path, ("xip",), {})
