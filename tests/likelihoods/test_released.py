"""Download and checksums of released files, with an archive on this machine."""

import hashlib
import logging
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from cobaya.log import LoggedError

from ede_wbins.likelihoods.released import ReleasedData, ReleasedFile

CONTENT = {"data.txt": "1 2 3\n" * 400, "windows/win.txt": "0.5 0.5\n" * 400}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def archive(tmp_path):
    """A zip as a code host makes it, and the address that it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    with zipfile.ZipFile(folder / "release.zip", "w") as archive:
        for name, text in CONTENT.items():
            archive.writestr(f"repository-v1/files/{name}", text)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder / "release.zip", f"http://127.0.0.1:{server.server_port}/release.zip"
    server.shutdown()
    server.server_close()


@pytest.fixture
def likelihood(archive):
    """A likelihood that reads the two files."""

    class Example(ReleasedData):
        _archive: ClassVar = archive[1]
        _files: ClassVar = {
            f"example/{name}": ReleasedFile(
                f"files/{name}", hashlib.sha256(text.encode()).hexdigest()
            )
            for name, text in CONTENT.items()
        }
        path: str | None = None

        def initialize(self):
            self.texts = [self.released_file(name).read_text() for name in self._files]

    return Example


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level(logging.ERROR)
    return caplog


def install(likelihood, packages):
    return likelihood.install(path=str(packages), no_progress_bars=True)


def test_installs_and_reads(likelihood, tmp_path):
    path = likelihood.get_path(str(tmp_path))
    assert not likelihood.is_installed(path=path)
    assert install(likelihood, tmp_path)
    assert likelihood.is_installed(path=path)
    assert likelihood({"path": str(tmp_path)}).texts == list(CONTENT.values())
    # Nothing but the files stays behind.
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["example"]


def test_truncated_archive_is_refused(likelihood, archive, tmp_path, log):
    content = archive[0].read_bytes()
    archive[0].write_bytes(content[: len(content) // 2])
    assert not install(likelihood, tmp_path)
    (record,) = log.records
    assert "File is not a zip file" in record.getMessage()
    assert list((tmp_path / "data").iterdir()) == []


def test_altered_file_in_the_archive_is_refused(likelihood, archive, tmp_path, log):
    with zipfile.ZipFile(archive[0], "w") as altered:
        for name, text in CONTENT.items():
            altered.writestr(f"repository-v1/files/{name}", text[:-6])
    assert not install(likelihood, tmp_path)
    (record,) = log.records
    assert f"files/data.txt of {archive[1]} is not the released file" in record.getMessage()
    assert list((tmp_path / "data").iterdir()) == []


def test_file_missing_from_the_archive_is_named(likelihood, archive, tmp_path, log):
    with zipfile.ZipFile(archive[0], "w") as altered:
        altered.writestr("repository-v1/files/data.txt", CONTENT["data.txt"])
    assert not install(likelihood, tmp_path)
    (record,) = log.records
    assert f"files/windows/win.txt of {archive[1]} is not there" in record.getMessage()


def test_data_that_are_not_there_are_named(likelihood, tmp_path):
    with pytest.raises(LoggedError, match=r"example/data\.txt is not there: .*cobaya-install"):
        likelihood({"path": str(tmp_path)})


def test_truncated_data_are_refused(likelihood, tmp_path):
    install(likelihood, tmp_path)
    file = tmp_path / "data" / "example" / "windows" / "win.txt"
    file.write_text(CONTENT["windows/win.txt"][:-8])
    assert not likelihood.is_installed(path=likelihood.get_path(str(tmp_path)))
    line = r"windows/win\.txt is not the released file .*truncated, altered, or of another version"
    with pytest.raises(LoggedError, match=line):
        likelihood({"path": str(tmp_path)})
    assert install(likelihood, tmp_path)
    assert likelihood.is_installed(path=likelihood.get_path(str(tmp_path)))


def test_without_a_packages_path_one_is_asked_for(likelihood, monkeypatch):
    monkeypatch.setattr("cobaya.component.resolve_packages_path", lambda: None)
    with pytest.raises(LoggedError, match="no packages path: set COBAYA_PACKAGES_PATH"):
        likelihood({})


def test_one_file_is_installed_as_it_is(archive, tmp_path, log):
    class OneFile(ReleasedData):
        _archive: ClassVar = archive[1].replace("release.zip", "data.fits")
        _files: ClassVar = {"one/data.fits": ReleasedFile("data.fits", None)}

    assert not install(OneFile, tmp_path)
    (record,) = log.records
    assert "Error downloading" in record.getMessage() and "404" in record.getMessage()
    (archive[0].parent / "data.fits").write_bytes(b"SIMPLE")
    assert install(OneFile, tmp_path)
    assert (tmp_path / "data/one/data.fits").read_bytes() == b"SIMPLE"
