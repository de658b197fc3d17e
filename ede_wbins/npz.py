"""Arrays from an npz file, whatever is in it: nothing is executed, and the memory is not filled."""

import zipfile
from pathlib import Path

import numpy as np

from ede_wbins.errors import EDEWBinsError

MAX_BYTES = 2**31
"""A larger file, or one that would be larger when read, is refused."""


class NpzError(EDEWBinsError):
    """A file of arrays cannot be used."""


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """
    All arrays of a file, by name.

    Raises
    ------
    NpzError
        If it cannot be read, or is too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size <= MAX_BYTES:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            # NumPy gives what it does not know as bytes.
            if all(isinstance(array, np.ndarray) for array in arrays.values()):
                return arrays
            raise ValueError("it holds something else")
    # Damage shows in many ways, deep in zipfile, zlib and NumPy; none of them is our mistake.
    except Exception as error:
        raise NpzError(f"{path}: not a file of arrays ({' '.join(str(error).split())})") from None
    raise NpzError(f"{path}: {size} bytes, more than {MAX_BYTES}")
