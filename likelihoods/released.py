"""Likelihoods whose data are files of a pinned public release, each checked by its SHA-256."""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import ClassVar, NamedTuple

import requests
from cobaya.likelihood import Likelihood
from cobaya.log import LoggedError, get_logger
from tqdm import tqdm

MAX_BYTES = 2**31
"""Of what is downloaded, and of what is in it: more is refused."""


class ReleasedFile(NamedTuple):
    """One file: its path inside the archive and its SHA-256, None where that is not known."""

    member: str
    sha256: str | None


class ReleasedData(Likelihood):
    """Base of likelihoods that read released files below `data/` of Cobaya's packages path.

    A class that has it as base names the archive of a repository, or one file, in `_archive` (one
    version, never a branch), and in `_files` what it needs: path below `data/` -> `ReleasedFile`.
    """

    _archive: ClassVar[str]
    _files: ClassVar[dict[str, ReleasedFile]]
    path: str | None

    def released_file(self, name: str) -> Path:
        """Path of one of `_files`, after its checksum.

        Raises
        ------
        LoggedError
            If the file is missing, or is not the released one.
        """
        packages = self.path or self.packages_path
        if packages is None:
            raise LoggedError(
                self.log,
                "no packages path: set COBAYA_PACKAGES_PATH, `packages_path`, or this "
                "likelihood's `path`",
            )
        path = Path(self.get_path(packages)) / name
        if problem := _problem(path, self._files[name]):
            raise LoggedError(
                self.log,
                "%s %s: install it with `cobaya-install %s -p %s`",
                path,
                problem,
                self.get_qualified_class_name(),
                packages,
            )
        return path

    # What cobaya-install calls

    @classmethod
    def get_path(cls, path):
        """The folder `data` of the packages path `path`."""
        return str(path) if Path(path).name == "data" else os.path.join(path, "data")

    @classmethod
    def is_installed(cls, path, data=True, **_kwargs):
        """Whether all files are there and are the released ones."""
        data_path = Path(cls.get_path(path))
        return not data or not any(_problem(data_path / n, f) for n, f in cls._files.items())

    @classmethod
    def install(cls, path, data=True, no_progress_bars=False, **_kwargs):
        """Download the archive, check each file, and put them in place; whether that went well."""
        if not data:
            return True
        log = get_logger(cls.get_qualified_class_name())
        target = Path(cls.get_path(path))
        target.mkdir(parents=True, exist_ok=True)
        # Beside its destination, so that each file moves into place in one step.
        with tempfile.TemporaryDirectory(dir=target) as folder:
            if not _download(cls._archive, folder, no_progress_bars, log):
                return False
            top = Path(folder)
            if cls._archive.endswith(".zip"):
                # An archive of a repository holds one folder, named after the version.
                (top,) = top.iterdir()
            for file in cls._files.values():
                if problem := _problem(top / file.member, file):
                    log.error("%s of %s %s", file.member, cls._archive, problem)
                    return False
            for name, file in cls._files.items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(top / file.member, target / name)
        return True


def _download(url: str, folder: str, no_progress_bars: bool, log) -> bool:
    """Download a file, and unpack it if it is an archive; whether that went well."""
    path = Path(folder) / url.rsplit("/", 1)[1]
    try:
        with requests.get(url, stream=True, timeout=60) as reply:
            reply.raise_for_status()
            size = int(reply.headers.get("content-length", 0))
            with (
                open(path, "wb") as file,
                tqdm(total=size, unit="B", unit_scale=True, disable=no_progress_bars) as bar,
            ):
                for part in reply.iter_content(1 << 16):
                    bar.update(file.write(part))
                    if file.tell() > MAX_BYTES:
                        raise OSError(f"more than {MAX_BYTES} bytes")
                if file.tell() < size:
                    raise OSError(f"{file.tell()} of {size} bytes came")
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                    raise OSError(f"its files have more than {MAX_BYTES} bytes")
                # Leaves no member outside the folder, whatever its name.
                archive.extractall(folder)
            path.unlink()
    except (requests.RequestException, OSError, zipfile.BadZipFile) as error:
        log.error("Error downloading %s: %s", url, error)
        return False
    return True


def _problem(path: Path, file: ReleasedFile) -> str | None:
    """What is wrong with a file; None where nothing is."""
    if not path.is_file():
        return "is not there"
    if file.sha256 is None:
        return None
    with open(path, "rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != file.sha256:
        return (
            f"is not the released file (its SHA-256 begins with {found[:8]}, not "
            f"{file.sha256[:8]}): truncated, altered, or of another version"
        )
    return None
