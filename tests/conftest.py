"""The compiled CLASS that the whole suite shares: ours, and the released one at the same flags."""

import logging
import os
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
