"""Read a YAML file that a user wrote, or that somebody's run left, without executing anything.

Cobaya's reader, and GetDist's, make any Python object and call any function that a file names. What
is read here first, theirs may read too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cobaya import yaml

from ede_wbins.errors import EDEWBinsError


class _Loader(yaml.DefaultsLoader):
    """Cobaya's own, but for Python's objects: of a function, only its name is kept."""

    yaml_constructors = {  # noqa: RUF012
        tag: construct
        for tag, construct in yaml.DefaultsLoader.yaml_constructors.items()
        if ":python/" not in str(tag)
    }
    yaml_multi_constructors = {  # noqa: RUF012
        "tag:yaml.org,2002:python/name:": lambda loader, name, node: name
    }


def read_yaml(path: Path, *needed: str) -> dict:
    """
    A mapping, in which the entries `needed` are not empty.

    Raises
    ------
    EDEWBinsError
        If it cannot be read, is none, or would execute something.
    """
    try:
        with _loading_safely():
            info = yaml.yaml_load_file(str(path))
    except OSError as error:
        raise EDEWBinsError(f"{path}: {error.strerror}") from None
    # A file of anything else makes Cobaya's reader fail in many ways.
    except Exception as error:
        raise EDEWBinsError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(info, dict):
        raise EDEWBinsError(f"{path}: not a Cobaya run's (it is no mapping)")
    if missing := [name for name in needed if not info.get(name)]:
        raise EDEWBinsError(f"{path}: not a Cobaya run's (it lacks {', '.join(missing)})")
    return info


@contextmanager
def _loading_safely() -> Iterator[None]:
    """Have Cobaya load with our loader, files that a file includes too."""
    theirs, yaml.DefaultsLoader = yaml.DefaultsLoader, _Loader
    try:
        yield
    finally:
        yaml.DefaultsLoader = theirs
