"""Make an importable package of CLASS from its source archive and a patch."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from ede_wbins.boltzmann.compile import compile_interface, compile_library, optimisation
from ede_wbins.boltzmann.hooks import Hook, apply_hooks, read_hooks
from ede_wbins.boltzmann.progress import Progress
from ede_wbins.boltzmann.record import write_record
from ede_wbins.boltzmann.sdist import sha256, unpack


@dataclass(frozen=True)
class Patch:
    """What makes our CLASS from the released one; empty for the released one itself.

    Attributes
    ----------
    hooks
        Lines to insert.
    sources
        Our own C files and headers.
    """

    hooks: tuple[Hook, ...] = ()
    sources: tuple[Path, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> "Patch":
        """The patch that ``hooks.yaml`` and the C files in ``folder`` make."""
        sources = sorted([*folder.glob("*.c"), *folder.glob("*.h")])
        return cls(read_hooks(folder / "hooks.yaml"), tuple(sources))

    @property
    def objects(self) -> list[str]:
        """What our C files are compiled to."""
        return [path.stem + ".o" for path in self.sources if path.suffix == ".c"]

    def identify(self, archive_sha256: str) -> str:
        """Twelve hexadecimal digits that stand for this patch on that archive."""
        digest = hashlib.sha256(archive_sha256.encode())
        for hook in self.hooks:
            digest.update(repr(hook).encode())
        for path in self.sources:
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:12]

    def apply(self, root: Path, marker: str) -> None:
        """Patch the source tree at ``root``; the marker is compiled into it."""
        apply_hooks(self.hooks, root)
        for path in self.sources:
            shutil.copy(path, root / ("source" if path.suffix == ".c" else "include"))
        header = root / "include" / "ede_wbins_patch.h"
        header.write_text(f'#define EDE_WBINS_PATCH "{marker}"\n')


def build(
    archive: Path, patch: Patch, module: str, folder: Path, log: Path, progress: Progress
) -> Path:
    """Compile CLASS as a package that can be moved anywhere.

    Parameters
    ----------
    archive
        CLASS's source distribution.
    patch
        What to change in it.
    module
        Name of the package to make.
    folder
        An empty folder to work in.
    log
        File to keep a failed compiler's output in.
    progress
        Where to show three steps.

    Returns
    -------
    package
        The package's folder, ``folder / module``: the compiled extension, the data that CLASS reads
        at run time, and the record ``build.json``.

    Raises
    ------
    InstallError
        If an anchor of a hook is missing or not unique, or the compiler fails.
    """
    progress.step("Patching CLASS")
    source = unpack(archive, folder)
    marker = patch.identify(sha256(archive))
    patch.apply(source, marker)
    flags = optimisation(folder)
    compile_library(source, patch.objects, flags, log, progress)
    package = folder / module
    package.mkdir()
    compile_interface(source, package, log, progress)
    shutil.copy(source / "__init__.py", package)
    _copy_data(source, package)
    write_record(package, marker, archive.name, flags)
    return package


def _copy_data(source: Path, package: Path) -> None:
    """Copy the files that CLASS opens at run time, and the script that it calls for more."""
    for pattern in ("*.dat", "*.py"):
        for path in (source / "external").rglob(pattern):
            target = package / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
