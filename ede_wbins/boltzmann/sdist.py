"""The one release of CLASS that the patch is made for: fetched by name, verified, unpacked."""

import hashlib
import os
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from ede_wbins.boltzmann.command import run
from ede_wbins.errors import InstallError


@dataclass(frozen=True)
class Sdist:
    """A pinned source distribution.

    Attributes
    ----------
    name, version
        As a package index knows it.
    sha256
        Of the archive, in hexadecimal digits.
    """

    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """Name of the archive."""
        return f"{self.name}-{self.version}.tar.gz"


CLASSY = Sdist(
    "classy", "3.4.1.0", "ee2a57fc2c32dde9775d6244bdbe4d3e0e38500c16b1db6da0edb9e8207d4254"
)


def fetch(sdist: Sdist, keep: Path, scratch: Path) -> Path:
    """Give the archive kept in the folder ``keep``, downloading it first where there is none.

    pip fetches it by name, so that its configured mirrors and proxies serve, and compares the
    checksum before it looks inside.

    Raises
    ------
    InstallError
        If no index serves it, or what one serves has another checksum.
    """
    kept = keep / sdist.filename
    if kept.is_file() and sha256(kept) == sdist.sha256:
        return kept
    requirement = f"{sdist.name}=={sdist.version}"
    pinned = scratch / "requirement.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sdist.sha256}\n")
    # Without isolation pip needs nothing but the archive: we have what its metadata step imports.
    options = "--require-hashes --no-deps --no-build-isolation --no-input --progress-bar off"
    command = [sys.executable, "-m", "pip", "download", "-r", pinned, "-d", scratch]
    code, lines = run([*command, *options.split(), "--no-binary", sdist.name], scratch)
    if code:
        raise InstallError(f"could not download {requirement}: {_reason(lines, sdist)}")
    downloaded = scratch / sdist.filename
    os.replace(downloaded, kept)
    return kept


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the archive in ``folder``; give the top folder of its tree."""
    with tarfile.open(archive) as tar:
        top = tar.next().name.split("/")[0]
        # Early releases of Python 3.11 have no filters; the checksum vouches for the archive.
        filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(folder, **filters)
    return folder / top


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(lines: list[str], sdist: Sdist) -> str:
    """What pip's output means, in one line."""
    text = "\n".join(lines)
    if "DO NOT MATCH THE HASHES" in text:
        got = next((line.split()[-1] for line in lines if line.strip().startswith("Got")), "?")
        return f"wrong checksum: sha256 is {got}, must be {sdist.sha256}"
    if "No module named pip" in text:
        return f"{sys.executable} has no pip (mend: {sys.executable} -m ensurepip)"
    if "No space left on device" in text:
        return "no space left on the disk"
    if "connection broken" in text or "ConnectionError" in text or "Temporary failure" in text:
        return "the package index cannot be reached (is there a network, or a proxy to set?)"
    # pip's last such line only says that there was an error above.
    errors = [
        line.strip() for line in lines if "rror: " in line and "generation-failed" not in line
    ]
    return (errors or lines or ["pip gave no reason"])[-1].removeprefix("ERROR: ")
