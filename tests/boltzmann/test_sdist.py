import io
import tarfile

import pytest

from ede_wbins.boltzmann.sdist import CLASSY, Sdist, fetch, sha256, unpack
from ede_wbins.errors import InstallError


@pytest.fixture
def pip(monkeypatch, tmp_path):
    """Keep pip from every index; give the one folder where it looks instead."""
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return links


@pytest.fixture
def folders(tmp_path):
    keep, scratch = tmp_path / "keep", tmp_path / "scratch"
    keep.mkdir()
    scratch.mkdir()
    return keep, scratch


@pytest.fixture
def archive(pip, make_toy):
    """The toy's archive where pip finds it, with what pip's metadata step asks for."""
    setup = "from setuptools import setup\nsetup(name='toy', version='1.0', py_modules=[])\n"
    toy = make_toy(**{"setup.py": setup})
    (toy.workshop / toy.sdist.filename).rename(pip / toy.sdist.filename)
    return toy.sdist


def test_downloads_by_name_and_keeps_the_archive(archive, folders):
    kept = fetch(archive, *folders)
    assert kept == folders[0] / "toy-1.0.tar.gz"
    assert sha256(kept) == archive.sha256


def test_reuses_a_kept_archive_without_pip(archive, folders, monkeypatch):
    kept = fetch(archive, *folders)
    monkeypatch.setattr("ede_wbins.boltzmann.sdist.run", None)
    assert fetch(archive, *folders) == kept


def test_replaces_a_kept_archive_that_was_cut_short(archive, folders):
    (folders[0] / archive.filename).write_bytes(b"half")
    assert sha256(fetch(archive, *folders)) == archive.sha256


def test_wrong_checksum(archive, folders):
    with pytest.raises(InstallError) as caught:
        fetch(Sdist("toy", "1.0", "0" * 64), *folders)
    assert f"wrong checksum: sha256 is {archive.sha256}, must be 0000" in str(caught.value)
    assert not list(folders[0].iterdir())


def test_what_no_index_has(pip, folders):
    with pytest.raises(InstallError, match=r"could not download toy==1\.0: .*No matching"):
        fetch(Sdist("toy", "1.0", "0" * 64), *folders)


def test_no_network(pip, folders, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(InstallError) as caught:
        fetch(CLASSY, *folders)
    assert str(caught.value) == (
        "could not download classy==3.4.1.0: the package index cannot be reached "
        "(is there a network, or a proxy to set?)"
    )


def test_a_python_without_pip(folders, tmp_path, monkeypatch):
    # Takes the arguments of Python, and finds no module.
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$0: No module named $2"\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(InstallError, match=r"python has no pip \(mend: .*python -m ensurepip\)$"):
        fetch(CLASSY, *folders)


def test_unpacks_nothing_outside_its_folder(tmp_path):
    path = tmp_path / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("top/../../escaped")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(path, tmp_path / "inner")
    assert not (tmp_path / "escaped").exists()
