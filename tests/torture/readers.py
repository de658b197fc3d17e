"""Files that were damaged or made to hurt: a reader gives numbers or its own error."""

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from cobaya.log import LoggedError, get_logger
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from scipy.io import FortranFile
from trials import Item

from ede_wbins.emulator import load, save
from ede_wbins.errors import EDEWBinsError
from ede_wbins.likelihoods.act_dr4.windows import L_MAX, N_BINS, read_windows
from ede_wbins.likelihoods.bandpowers import CompressedBandpowers, read_covariance
from ede_wbins.likelihoods.cosmic_2pt.twopoint_file import read_2pt

LOG = get_logger("readers")
# What it would say of each file is not for anybody.
LOG.disabled = True
IDENTITY = {"CLASS": "3.4.1", "settings": {"N_ur": 2.0308}}


def training_file(path: Path) -> None:
    save(path, IDENTITY, {"points": np.arange(12.0).reshape(3, 4), "spectra": np.ones((3, 9))})


def compressed_table(path: Path) -> None:
    np.savez_compressed(
        path,
        edges=np.array([2, 4, 7]),
        weights=np.ones(5),
        counts=np.array([2, 2, 2]),
        projection=np.ones((2, 6)),
        data=np.ones(2),
    )


def windows(path: Path) -> None:
    np.savez_compressed(path, bpwf=np.zeros((10 * N_BINS, L_MAX - 1)))


def covariance(path: Path) -> None:
    with FortranFile(path, "w") as file:
        file.write_record(np.eye(4))


def two_point(path: Path) -> None:
    from astropy.io import fits

    n, columns = 4, fits.Column
    header = {"2PTDATA": True, "QUANT1": "G+R", "QUANT2": "G+R"}
    table = fits.BinTableHDU.from_columns(
        [
            *(columns(name, "K", array=np.ones(n, dtype=int)) for name in ("BIN1", "BIN2")),
            columns("VALUE", "D", array=np.ones(n)),
            columns("ANG", "D", array=np.arange(1.0, n + 1), unit="arcmin"),
        ],
        name="xip",
    )
    table.header.update(header)
    redshift = [
        columns("Z_MID", "D", array=np.linspace(0, 1, 9)),
        columns("BIN1", "D", array=np.ones(9)),
    ]
    matrix = fits.ImageHDU(np.eye(n), name="COVMAT")
    matrix.header.update({"NAME_0": "xip", "STRT_0": 0})
    nz = fits.BinTableHDU.from_columns(redshift, name="nz")
    fits.HDUList([fits.PrimaryHDU(), matrix, table, nz]).writeto(path, overwrite=True)


READERS = {
    "training file": (training_file, lambda path: load(path, IDENTITY)),
    "compressed table": (compressed_table, CompressedBandpowers),
    "2-point FITS": (
        two_point,
        lambda path: read_2pt(LOG, path, ("xip",), {"source": "nz"}),
    ),
    "ACT windows": (windows, lambda path: read_windows(LOG, path)),
    "ACT covariance": (covariance, lambda path: read_covariance(LOG, path, 4)),
}
"""How a good file is written, and how it is read."""


@cache
def good_file(name: str) -> bytes:
    """A file that the reader takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.npz"
        READERS[name][0](path)
        READERS[name][1](path)
        return path.read_bytes()


def changes(size: int):
    """Changes of a file of some size: what to cut, and bytes to put there instead."""
    place = st.integers(0, size)
    fresh = st.binary(max_size=8) | st.sampled_from(
        [b"", b"\xff" * 8, b"\0" * 8, b"-1", b"99999999999", b"nan", b"'O'", b"\x80\x04."]
    )
    return st.lists(st.tuples(place, st.integers(0, 40) | place, fresh), min_size=1, max_size=4)


def changed(content: bytes, edits, inside: bool) -> bytes:
    """The file after some changes; `inside` an archive, whose checksums are then made anew."""
    if inside and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        fresh = io.BytesIO()
        with zipfile.ZipFile(fresh, "w") as archive:
            for name, member in members.items():
                # Changes are mostly of what says how to read the rest.
                near = [(place % 160, cut % 40, new) for place, cut, new in edits]
                archive.writestr(name, changed(member, near, inside=False))
        return fresh.getvalue()
    for place, cut, fresh in edits:
        content = content[:place] + fresh + content[place + cut :]
    return content


def read(name: str, content: bytes, path: Path) -> None:
    """Read a file of any content: numbers or our own error come out, or the error that did."""
    path.write_bytes(content)
    try:
        READERS[name][1](path)
    except (EDEWBinsError, LoggedError) as error:
        assert "\n" not in str(error).strip(), f"more than one line: {error}"


class Reader(Item):
    """One of the readers, on files changed at random; each trial is another start of hypothesis."""

    trials = 1
    cpu_s = 600.0
    limit_s = 300.0
    examples = 300

    def __init__(self, name: str):
        self.reader = name
        self.name = "reader_" + name.replace(" ", "_").replace("-", "")
        self.tried = f"{name}: {self.examples} damaged files a trial"

    def start(self):
        """A folder and a good file."""
        self._folder = tempfile.TemporaryDirectory()
        self._good = good_file(self.reader)

    def trial(self, number):
        """Some hundred damaged files."""
        path = Path(self._folder.name) / "file.npz"

        @seed(number)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(changes(len(self._good)), st.booleans())
        def attempt(edits, inside):
            read(self.reader, changed(self._good, edits, inside), path)

        attempt()
        return "own error or numbers"
