"""What a build is and what it runs on, kept as ``build.json`` in its folder."""

import json
import subprocess
from contextlib import suppress
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from ede_wbins.boltzmann.sdist import sha256

RECORD = "build.json"
# Instruction sets that -march=native makes use of; a processor without them kills the process.
_VECTOR_UNITS = ("sse", "ssse", "avx", "fma", "f16c", "bmi", "asimd", "sve")


def write_record(package: Path, marker: str, source: str, flags: list[str]) -> None:
    """Record a build that is complete: its patch's marker, its source archive, its flags."""
    files = sorted(path for path in package.rglob("*") if path.is_file())
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True)
    record = {
        "patch": marker,
        "source": source,
        "compiler": compiler.stdout.splitlines()[0],
        "flags": flags,
        "python": EXTENSION_SUFFIXES[0],
        "numpy": _numpy(),
        "processor": sorted(_vector_units()) if "-march=native" in flags else [],
        "files": {str(path.relative_to(package)): sha256(path) for path in files},
    }
    (package / RECORD).write_text(json.dumps(record, indent=1) + "\n")


def intact(package: Path, marker: str) -> bool:
    """Whether the package has this patch, can run here, and no file of it was changed."""
    record = _read(package)
    if record.get("patch") != marker or misfit(package):
        return False
    try:
        return all(sha256(package / name) == digest for name, digest in record["files"].items())
    except OSError:
        return False


def misfit(package: Path) -> str | None:
    """Why this Python on this machine cannot run the package; None where nothing is known to.

    Of a package without a record, which is not ours, nothing is known.
    """
    record = _read(package)
    if not record:
        return None
    for name, here in (("python", EXTENSION_SUFFIXES[0]), ("numpy", _numpy())):
        if record[name] != here:
            return f"it was compiled for {name} {record[name]}, and this is {here}"
    lacking = sorted(set(record["processor"]) - _vector_units())
    if lacking:
        return f"it was compiled for a processor with {', '.join(lacking)}, which this one lacks"
    return None


def _read(package: Path) -> dict:
    """The record of a build; empty where there is none that can be read."""
    try:
        return json.loads((package / RECORD).read_text())
    except (OSError, ValueError):
        return {}


def _numpy() -> str:
    """NumPy's major version, which fixes its binary interface."""
    return metadata.version("numpy").split(".")[0]


def _vector_units() -> set[str]:
    """Names of this processor's instruction sets; empty where the system does not list them."""
    with suppress(FileNotFoundError), open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith(("flags", "Features")):
                return {name for name in line.split() if name.startswith(_VECTOR_UNITS)}
    return set()
