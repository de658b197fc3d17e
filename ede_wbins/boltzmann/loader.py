"""Import the patched CLASS, and nothing else under its name."""

import importlib.util
import shlex
import sys
from pathlib import Path
from types import ModuleType

from ede_wbins.boltzmann.installer import patch_id
from ede_wbins.boltzmann.paths import MODULE, build_folder, default_packages_path
from ede_wbins.boltzmann.record import misfit
from ede_wbins.errors import NotInstalledError


def load(path: str | Path | None = None) -> ModuleType:
    """Import the patched CLASS as ``classy_ede_wbins``, beside any other CLASS in the process.

    Parameters
    ----------
    path
        A packages path, or the folder of the build itself; None for Cobaya's packages path.

    Returns
    -------
    module
        Has ``Class``, ``CosmoSevereError``, ``CosmoComputationError``, ``ede_wbins_patch``; the
        same one on every call.

    Raises
    ------
    NotInstalledError
        If there is no CLASS at ``path``, or its compiled extension was not made with this version's
        patch.
    """
    folder = _locate(path)
    module = sys.modules.get(MODULE)
    if module is not None:
        _check(module)
        return module
    if reason := misfit(folder):
        raise NotInstalledError(f"the CLASS in {folder} cannot run here: {reason}; {_mend(folder)}")
    try:
        module = import_package(MODULE, folder)
    except ImportError as error:
        raise NotInstalledError(
            f"the CLASS in {folder} cannot be imported ({error}); {_mend(folder)}"
        ) from error
    try:
        _check(module)
    except NotInstalledError:
        _forget(MODULE)
        raise
    return module


def import_package(name: str, folder: Path) -> ModuleType:
    """Import the package in ``folder`` as ``name``, without a look at Python's search path."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        _forget(name)
        raise
    return module


def _locate(path: str | Path | None) -> Path:
    """The folder of the build that ``path`` means."""
    packages = path or default_packages_path()
    if packages is None:
        raise NotInstalledError(
            "no packages path: set COBAYA_PACKAGES_PATH or give one, and run `ede-wbins install -p`"
        )
    for folder in (build_folder(packages), Path(packages).expanduser().resolve()):
        if (folder / "__init__.py").is_file() and any(folder.glob("_classy*")):
            return folder
    raise NotInstalledError(f"no patched CLASS in {packages}; {_mend(build_folder(packages))}")


def _check(module: ModuleType) -> None:
    """Refuse a module whose compiled extension does not carry this version's mark."""
    extension = sys.modules[f"{module.__name__}._classy"]
    found = getattr(extension, "ede_wbins_patch", None)
    if found == patch_id():
        return
    what = f"patch {found}" if found else f"an unpatched CLASS {extension.__version__}"
    path = Path(extension.__file__)
    raise NotInstalledError(
        f"found {what} in {path}, where patch {patch_id()} is needed; {_mend(path.parent)}"
    )


def _forget(name: str) -> None:
    # The extension as well: left behind, it would serve the next package of this name.
    for part in (name, f"{name}._classy"):
        sys.modules.pop(part, None)


def _mend(folder: Path) -> str:
    """What to do about a build that should have been in ``folder``."""
    path = f" -p {shlex.quote(str(folder.parents[1]))}" if folder.name == MODULE else ""
    return f"run `ede-wbins install{path}`"
