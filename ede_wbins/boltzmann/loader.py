"""Import the patched CLASS, and nothing else under its name."""

import importlib.util
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
        raise NotInstalledError(f"the CLASS in {folder} cannot run here: {reason}; {_mend(path)}")
    spec = importlib.util.spec_from_file_location(
        MODULE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
        _check(module)
    except ImportError as error:
        _forget()
        raise NotInstalledError(
            f"the CLASS in {folder} cannot be imported ({error}); {_mend(path)}"
        ) from error
    except NotInstalledError:
        _forget()
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
    raise NotInstalledError(f"no patched CLASS in {packages}; {_mend(packages)}")


def _check(module: ModuleType) -> None:
    """Refuse a module whose compiled extension does not carry this version's mark."""
    extension = sys.modules[f"{MODULE}._classy"]
    found = getattr(extension, "ede_wbins_patch", None)
    if found == patch_id():
        return
    what = f"patch {found}" if found else f"an unpatched CLASS {extension.__version__}"
    raise NotInstalledError(
        f"found {what} in {extension.__file__}, where patch {patch_id()} is needed; {_mend(None)}"
    )


def _forget() -> None:
    for name in (MODULE, f"{MODULE}._classy"):
        sys.modules.pop(name, None)


def _mend(path: str | Path | None) -> str:
    return f"run `ede-wbins install{f' -p {path}' if path else ''}`"
