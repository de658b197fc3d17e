"""Put CLASS into a packages path: once, whole, or not at all."""

import errno
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ede_wbins.boltzmann.build import Patch, build
from ede_wbins.boltzmann.command import run
from ede_wbins.boltzmann.compile import require_compilers
from ede_wbins.boltzmann.paths import MODULE, build_folder
from ede_wbins.boltzmann.progress import Progress
from ede_wbins.boltzmann.record import RECORD, intact
from ede_wbins.boltzmann.sdist import CLASSY, Sdist, fetch
from ede_wbins.errors import InstallError

SELF_TEST = Path(__file__).with_name("selftest.py")


@cache
def our_patch() -> Patch:
    """The hooks and C files that hold the new physics."""
    return Patch.read(Path(__file__).with_name("patch"))


@cache
def patch_id() -> str:
    """Twelve hexadecimal digits: a hash of CLASS's release, our hooks and our C files."""
    return our_patch().identify(CLASSY.sha256)


def is_installed(packages_path: str | Path) -> bool:
    """Whether this version's patched CLASS is there, fit for this machine, with no file changed."""
    return intact(build_folder(packages_path), patch_id())


def install(packages_path: str | Path) -> Path:
    """Build the patched CLASS in ``<packages_path>/code/classy_ede_wbins``.

    A no-op where it is installed. A second process that installs the same waits for the first.

    Parameters
    ----------
    packages_path
        Cobaya's folder of external packages; made where missing.

    Returns
    -------
    folder
        The package's folder, for `load`.

    Raises
    ------
    InstallError
        If anything is in the way; what was there before is then still there, and nothing else.
    """
    target = build_folder(packages_path)
    place(target, CLASSY, our_patch())
    return target


def place(target: Path, sdist: Sdist, patch: Patch) -> None:
    """Have CLASS with any ``patch``, tested, as the package ``target``.

    Raises
    ------
    InstallError
        As for `install`.
    """
    marker = patch.identify(sdist.sha256)
    if intact(target, marker):
        return
    if target.exists() and not (target / RECORD).exists():
        raise InstallError(f"{target} is in the way: it was not made by `ede-wbins install`")
    require_compilers()
    # Beside the target, so that it is on the same file system, and a rename moves it whole.
    workshop = target.with_name(f".{MODULE}")
    try:
        workshop.mkdir(parents=True, exist_ok=True)
        with _sigterm_raises(), _locked(workshop):
            if not intact(target, marker):
                _build_and_move(target, sdist, patch, workshop)
    except OSError as error:
        raise InstallError(_explain(error, target.parent)) from error


def _build_and_move(target: Path, sdist: Sdist, patch: Patch, workshop: Path) -> None:
    for leftover in workshop.glob("build-*"):
        _remove(leftover)
    log = workshop / "failed.log"
    log.unlink(missing_ok=True)
    progress = Progress(total=5)
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=workshop))
    try:
        progress.step(f"Fetching CLASS ({sdist.name} {sdist.version})")
        archive = fetch(sdist, workshop, folder)
        package = build(archive, patch, target.name, folder, log, progress)
        progress.step("Testing it")
        _self_test(package, patch.identify(sdist.sha256) if patch.hooks else "", progress)
        _swap(package, target, folder / "old")
    finally:
        progress.close()
        _remove(folder)


def _remove(folder: Path) -> None:
    """Delete a folder, waiting for a process that outlived a kill -9 and still writes there."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _self_test(package: Path, marker: str, progress: Progress) -> None:
    """Compute with the new build in a process of its own, where no other CLASS is loaded."""
    command = [sys.executable, "-P", SELF_TEST, package, marker]
    code, lines = run(command, package.parent, lambda lines: progress.update(), OMP_NUM_THREADS="1")
    if code:
        reason = lines[-1] if lines else f"exit status {code}"
        raise InstallError(f"the new build of CLASS failed its self-test: {reason}")


def _swap(new: Path, target: Path, old: Path) -> None:
    """Rename ``new`` to ``target``, and what was there to ``old``."""
    replaced = target.exists()
    if replaced:
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if replaced:
            old.rename(target)
        raise


@contextmanager
def _locked(workshop: Path) -> Iterator[None]:
    """Hold an exclusive lock, which the system releases even if we are killed."""
    with (workshop / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another installation in {workshop.parent}", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Turn SIGTERM, which batch systems send, into an error, so that we clean up after us."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise InstallError("the installation was stopped by SIGTERM: nothing was installed")

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _explain(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no space left on the disk of {folder}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{error.filename or folder} cannot be written: {os.strerror(error.errno)}"
    if error.errno in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
        return f"the file system of {folder} has no file locks (flock): choose another"
    return f"could not install in {folder}: {error}"
