"""Options of the component, each checked where it is read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cobaya.yaml import yaml_load_file

from ede_wbins.ede_models import EDE_MODELS
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.late import check_edges, default_edges

_EDE = (*EDE_MODELS, "none")
_PRECISION = Path(__file__).with_name("precision.yaml")


def precision_settings(name: str | None) -> dict[str, float]:
    """Inputs of CLASS that make a precision preset (see precision.yaml); none for None.

    Raises
    ------
    EDEWBinsError
        If there is none of that name.
    """
    if name is None:
        return {}
    presets = yaml_load_file(str(_PRECISION))
    if name not in presets:
        raise EDEWBinsError(f"precision = {name!r}: must be one of {', '.join(presets)}")
    return dict(presets[name])


def bin_edges(n_bins: int | None, z_edges: Sequence[float] | None) -> tuple[float, ...]:
    if n_bins is not None and z_edges is not None:
        raise EDEWBinsError(f"n_bins = {n_bins!r} and z_edges = {z_edges!r}: give only one of them")
    if z_edges is not None:
        return check_edges(z_edges)
    return () if n_bins is None else default_edges(n_bins)


def has_ede(ede: str | None) -> bool:
    name = "none" if ede is None else ede
    if name not in _EDE:
        raise EDEWBinsError(f"ede = {ede!r}: must be one of {', '.join(_EDE)}")
    return name != "none"


def check_mapping(name: str, given: Mapping | None) -> Mapping:
    texts = isinstance(given, Mapping) and all(isinstance(key, str) and key for key in given)
    if name == "renames" and texts:
        texts = all(isinstance(new, str) for new in given.values())
    if given is not None and not texts:
        raise EDEWBinsError(f"{name} = {given!r}: must be a mapping of names, as {{name: ...}}")
    return given or {}


def check_path(path: str | None) -> None:
    if path is not None and not isinstance(path, str):
        raise EDEWBinsError(f"path = {path!r}: must be a packages path or the folder of a build")
