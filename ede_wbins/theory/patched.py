"""The patched CLASS for a Cobaya component: installed, loaded, and never mistaken for another."""

import os
from pathlib import Path

from cobaya.component import ComponentNotInstalledError
from cobaya.log import LoggedError, get_logger

from ede_wbins import boltzmann
from ede_wbins.boltzmann.paths import build_folder
from ede_wbins.errors import EDEWBinsError
from ede_wbins.theory.cosmologies import Cosmologies


class PatchedCLASS:
    """Mixin for Cobaya's `classy`, whose own methods take whatever is called `classy`."""

    def _load(self):
        try:
            self.classy_module = boltzmann.load(self.path or self.packages_path)
        except EDEWBinsError as error:
            raise ComponentNotInstalledError(self.log, "%s", error) from None
        self.classy = Cosmologies(self.classy_module.Class)
        self.mpi_info(
            "CLASS %s (patch %s) from %s",
            self.classy_module.__version__,
            self.classy_module.ede_wbins_patch,
            os.path.dirname(self.classy_module.__file__),
        )
        # On resumption Cobaya gives the version that the chains so far are of, but for
        # `--allow-changes`.
        if self.version and self.version != self.get_version():
            raise LoggedError(
                self.log,
                "the chains so far are of CLASS %s, this is CLASS %s: their numbers may differ. "
                "Give another output, or go on with --allow-changes",
                *(self.version, self.get_version()),
            )

    def get_version(self):
        """CLASS's version with the id of the patch, so that a changed patch shows in the output."""
        return self.classy_module.__version__

    @classmethod
    def get_path(cls, path):
        """Where in the packages path `path` the patched CLASS lies, for subclasses too."""
        return str(build_folder(path))

    @classmethod
    def is_installed(cls, path, code=True, **_kwargs):
        """Whether the patched CLASS is at `path`; a CLASS installed in Python never is."""
        return not code or (path != "global" and boltzmann.is_installed(Path(path).parents[1]))

    @classmethod
    def install(cls, path, code=True, force=False, **_kwargs):
        """Build the patched CLASS in the packages path `path`; whether that went well."""
        log = get_logger(cls.__name__)
        if not code:
            log.info("Code not requested. Nothing to do.")
            return True
        if force and boltzmann.is_installed(path):
            log.info("Found whole and up to date. To build it again, delete %s", cls.get_path(path))
        try:
            boltzmann.install(path)
        except EDEWBinsError as error:
            log.error("%s", error)
            return False
        return True
