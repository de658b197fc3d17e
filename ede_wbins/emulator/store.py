"""Computed points in one file, which processes share, and whose they are."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ede_wbins.errors import EDEWBinsError
from ede_wbins.npz import NpzError, read_npz

FORMAT = 2

PATIENCE = 60.0
"""Seconds for which a lock, held for milliseconds, is waited for: then its holder has stopped."""

_IDENTITY = "identity"


class StoreError(EDEWBinsError):
    """A file of computed points cannot be used."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing `path`; the system lets go when this one dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + PATIENCE
    with open(path.with_name(path.name + ".lock"), "a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    break
                time.sleep(0.01)
        yield


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of `path` at the end, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield fresh
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def save(path: Path, identity: Mapping, arrays: Mapping[str, np.ndarray]) -> None:
    """
    Write `arrays` to `path` in one step: a reader sees the old file or the new one.

    Parameters
    ----------
    path : Path
    identity : mapping
        What the points depend on beside their parameters, of plain JSON values.
    arrays : mapping
        Numbers, by name; those of integers or float32 stay what they are.
    """
    record = np.array(json.dumps({"format": FORMAT, **identity}, sort_keys=True))
    with replacing(Path(path)) as fresh, open(fresh, "wb") as file:
        np.savez(file, **{_IDENTITY: record}, **arrays)
        file.flush()
        os.fsync(file.fileno())


def load(path: Path, identity: Mapping) -> dict[str, np.ndarray]:
    """
    The arrays in `path`.

    Raises
    ------
    StoreError
        If it cannot be read, is too large, holds anything but finite numbers, or has another
        identity.
    """
    path = Path(path)
    try:
        arrays = read_npz(path)
        found = json.loads(str(arrays.pop(_IDENTITY)))
        if not isinstance(found, dict):
            raise ValueError("its identity is no mapping")
    except NpzError as error:
        raise StoreError(str(error)) from None
    except (KeyError, ValueError, RecursionError) as error:
        raise StoreError(f"{path}: not a file of computed points ({error})") from None
    expected = json.loads(json.dumps({"format": FORMAT, **identity}))
    if other := _difference(found, expected):
        raise StoreError(f"{path}: made with %s = %r, this run has %r" % other)
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu" or not np.all(np.isfinite(array)):
            raise StoreError(f"{path}: {name} holds more than finite numbers")
    return arrays


def _difference(found: Mapping, expected: Mapping, within: str = "") -> tuple | None:
    """Name, value found and value expected of the first entry that differs, if any."""
    for name in sorted(expected.keys() | found.keys()):
        one, other = found.get(name), expected.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            if inner := _difference(one, other, f"{within}{name}: "):
                return inner
        elif one != other:
            return within + name, one, other
    return None
