"""What the whole suite shares: CLASS, ours and the released one at the same flags; memory held."""

import ctypes
import gc
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ede_wbins.boltzmann import install, is_installed, load
from ede_wbins.boltzmann.build import Patch
from ede_wbins.boltzmann.installer import place
from ede_wbins.boltzmann.loader import import_package
from ede_wbins.boltzmann.sdist import CLASSY

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def no_stale_log_handler():
    """Undo what Cobaya's logger_setup leaves: a handler on a captured, since closed stdout."""
    before = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = before


@pytest.fixture(scope="session")
def classy():
    """The patched CLASS from COBAYA_PACKAGES_PATH, or else built once into ./packages."""
    configured = os.environ.get("COBAYA_PACKAGES_PATH")
    if configured and is_installed(configured):
        return load(configured)
    packages = REPOSITORY / "packages"
    install(packages)
    return load(packages)


@pytest.fixture(scope="session")
def stock(classy):
    """The same release without our patch, built once beside the patched one."""
    folder = Path(classy.__file__).parent.with_name("classy_stock")
    place(folder, CLASSY, Patch())
    return import_package(folder.name, folder)


@pytest.fixture
def resident_set() -> Callable[[], int]:
    """To be called for this process's memory in bytes, without what earlier tests left free."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("the resident size is read from Linux's /proc")

    def measure() -> int:
        gc.collect()
        with suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    return measure
