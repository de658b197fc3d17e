"""What a stopped run leaves is made fit to go on from."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from cobaya.log import LoggedError
from cobaya.yaml import yaml_load

from ede_wbins.theory.resumption import mend

CHECKPOINT = "sampler:\n  mcmc: {converged: false, Rminus1_last: 0.5, burn_in: 0, mpi_size: %d}\n"


@pytest.fixture
def output(tmp_path):
    (tmp_path / "run.1.txt").write_text("# weight\n 1.25\n 2.5\n")
    (tmp_path / "run.covmat").write_text("# a b\n1 0\n0 2\n")
    (tmp_path / "run.checkpoint").write_text(CHECKPOINT % 1)
    # Other processes write it anew.
    (tmp_path / "run.updated.yaml").write_text("")
    return SimpleNamespace(
        folder=str(tmp_path),
        prefix="run",
        is_resuming=lambda: True,
        get_updated_info=lambda use_cache: {"sampler": {"mcmc": {"burn_in": 0}}},
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mended(output):
    mend(output, logging.getLogger("test"))


def test_whole_files_stay_as_they_are(output, tmp_path):
    before = contents(tmp_path)
    mended(output)
    assert contents(tmp_path) == before


def test_nothing_is_touched_unless_resuming(output, tmp_path):
    (tmp_path / "run.covmat").write_text("")
    output.is_resuming = lambda: False
    before = contents(tmp_path)
    mended(output)
    mended(None)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("rest", [b" 2.", b"\0\0\0", b" 2.5\0\0"])
def test_unfinished_line_is_cut_off(output, tmp_path, rest):
    chain = tmp_path / "run.1.txt"
    whole = chain.read_bytes()
    chain.write_bytes(whole + rest)
    mended(output)
    assert chain.read_bytes() == whole


@pytest.mark.parametrize("text", ["", "# a b\n1 0\n", "# a b\n1 0\n0 -2\n", "# a b\n1 0\n0 2."])
def test_covariance_matrix(output, tmp_path, text):
    (tmp_path / "run.covmat").write_text(text)
    mended(output)
    # A last digit may be missing from what is still a covariance matrix: it is only a proposal.
    assert (tmp_path / "run.covmat").exists() == text.endswith("2.")


@pytest.mark.parametrize("text", [None, "", "sampler:", "sampler:\n  mcmc: {mpi_s", "a: [\n"])
def test_checkpoint(output, tmp_path, text):
    path = tmp_path / "run.checkpoint"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    mended(output)
    state = yaml_load(path.read_text())["sampler"]["mcmc"]
    assert (state["mpi_size"], state["converged"], state["burn_in"]) == (1, False, 0)
    assert state["Rminus1_last"] == np.inf


def test_nothing_to_tell_the_sampler_is_one_line(output, tmp_path):
    (tmp_path / "run.checkpoint").write_text("")
    output.get_updated_info = lambda use_cache: None
    with pytest.raises(LoggedError, match=r"run.checkpoint and .*run.updated.yaml were not"):
        mended(output)


def test_other_number_of_processes(output, tmp_path):
    (tmp_path / "run.checkpoint").write_text(CHECKPOINT % 3)
    mended(output)
    state = yaml_load((tmp_path / "run.checkpoint").read_text())["sampler"]["mcmc"]
    assert state == {"converged": False, "Rminus1_last": 0.5, "burn_in": 0, "mpi_size": 1}
