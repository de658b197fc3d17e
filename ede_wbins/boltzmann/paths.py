"""Where the patched CLASS lies."""

import os
from pathlib import Path

MODULE = "classy_ede_wbins"


def default_packages_path() -> str | None:
    """Cobaya's packages path: from COBAYA_PACKAGES_PATH, else from its configuration."""
    if path := os.environ.get("COBAYA_PACKAGES_PATH"):
        return path
    # Imported here because it takes longer than all else that an up-to-date install does.
    from cobaya.tools import resolve_packages_path

    return resolve_packages_path()


def build_folder(packages_path: str | Path) -> Path:
    """Where in a packages path the patched CLASS lies."""
    return Path(packages_path).expanduser().resolve() / "code" / MODULE
