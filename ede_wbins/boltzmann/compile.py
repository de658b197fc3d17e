"""Compile CLASS's library and its Python interface with the GNU compilers it is written for."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from ede_wbins.boltzmann.command import run
from ede_wbins.boltzmann.progress import Progress
from ede_wbins.errors import InstallError

# It passes numbers on: with the library's flags it compiles for twice as long, and is no faster.
_INTERFACE = "-O1"
_TOOLS = ("gcc", "g++", "make")
_NO_ROOM = ("No space left on device", "Disk quota exceeded", "File too large", "File size limit")


def require_compilers() -> None:
    """Check for what CLASS's Makefile calls.

    Raises
    ------
    InstallError
        If a program is not in the PATH.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise InstallError(
            f"{', '.join(missing)} not found in PATH: compiling CLASS takes a C and a C++ compiler "
            "and make (packages gcc, g++ and make, or build-essential)"
        )


def optimisation(scratch: Path) -> list[str]:
    """Flags for speed that both compilers take; none that assumes there are no NaNs."""
    probe = scratch / "probe.c"
    probe.write_text("int probe;\n")
    native = ["-O3", "-march=native"]
    for compiler in ("gcc", "g++"):
        code, _ = run([compiler, *native, "-c", probe.name, "-o", "probe.o"], scratch)
        if code:
            return native[:1]
    return native


def compile_library(
    source: Path, objects: Sequence[str], flags: Sequence[str], log: Path, progress: Progress
) -> None:
    """Make ``libclass.a`` in the source tree, with our own ``objects`` in it.

    Raises
    ------
    InstallError
        If the compiler fails: gives its first error, and ``log`` holds the whole output.
    """
    # Relative folders keep white space in our path out of the recipes, which do not quote it.
    variables = ["MDIR=.", "CLASSDIR=.", f"OPTFLAG={' '.join(flags)}"]
    command = ["make", "libclass.a", *variables, f"EDE_WBINS={' '.join(objects)}"]

    def compilations(lines: list[str]) -> int:
        return sum(" -c ../" in line for line in lines)

    total = compilations(run([*command, "--dry-run"], source)[1])
    progress.step(f"Compiling CLASS ({total} files, gcc {' '.join(flags)})")
    _compile(
        [*command, f"-j{_cores()}"],
        source,
        lambda lines: progress.update(f"file {compilations(lines)} of {total}"),
        log,
    )


def compile_interface(source: Path, package: Path, log: Path, progress: Progress) -> None:
    """Compile CLASS's Python interface, with the library in it, into the package's folder.

    Raises
    ------
    InstallError
        If the compiler fails: gives its first error, and ``log`` holds the whole output.
    """
    import numpy as np

    progress.step("Compiling its Python interface")
    folders = {header.parent for header in source.rglob("*.h")}
    includes = [sysconfig.get_path("include"), np.get_include(), *sorted(folders)]
    # macOS takes Python's own symbols for missing unless told to look for them at run time.
    link = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    cython = [sys.executable, "-m", "cython", "--cplus", "-3", "classy.pyx", "-o", "classy.cpp"]
    gxx = ["g++", "-std=c++11", "-fPIC", "-fwrapv", "-DNDEBUG", "-w", "-pthread", "-shared", *link]
    result = package / f"_classy{EXTENSION_SUFFIXES[0]}"
    inputs = ["classy.cpp", "../libclass.a"]
    for command in (
        [*cython, "--module-name", f"{package.name}._classy"],
        [*gxx, _INTERFACE, *(f"-I{path}" for path in includes), "-o", result, *inputs],
    ):
        _compile(command, source / "python", lambda lines: progress.update(), log)


def _compile(
    command: Sequence[str | Path], cwd: Path, tick: Callable[[list[str]], None], log: Path
) -> None:
    """Run a compiler; raise its first error, and keep its whole output in ``log``."""
    code, lines = run(command, cwd, tick)
    if code == 0:
        return
    if any(reason in line for line in lines for reason in _NO_ROOM):
        raise InstallError(f"compiling CLASS: no space left on the disk of {log.parent.parent}")
    with suppress(OSError):
        log.write_text("\n".join(lines) + "\n")
    errors = [line.strip() for line in lines if "rror:" in line] or [*lines[-1:], f"status {code}"]
    raise InstallError(f"compiling CLASS failed: {errors[0]} (whole output in {log})")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
