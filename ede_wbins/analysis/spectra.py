"""CMB spectra at the best fit of a run, computed once by the run's own theory."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from cobaya.log import LoggedError
from cobaya.model import get_model

from ede_wbins import EDEWBins
from ede_wbins.analysis.run import Run
from ede_wbins.errors import EDEWBinsError
from ede_wbins.npz import NpzError, read_npz

L_MAX = 2508
_SPECTRA = ("tt", "te", "ee")
_EMULATED, _EXACT = "ede_wbins.EmulatedEDEWBins", "ede_wbins.EDEWBins"


def best_spectra(run: Run) -> dict[str, np.ndarray]:
    """
    D_l = l(l+1)C_l/2pi in muK^2, from l = 0 to `L_MAX`, of "tt", "te" and "ee", lensed.

    By CLASS, also where the run was emulated; kept beside the chains for the next time.

    Raises
    ------
    EDEWBinsError
        If the theory cannot be loaded, or does not compute this point.
    """
    path = run.prefix.with_name(run.name + ".spectra.npz")
    point = {name: run.best.values[name] for name in _sampled(run.info)}
    if (found := _read(path, point)) is None:
        found = _compute(run, point)
        np.savez_compressed(path, names=list(point), values=list(point.values()), **found)
    return found


def with_class(info: dict) -> dict:
    """A run's input with the CLASS that is installed now in place of its emulator."""
    known, theory = EDEWBins.get_defaults(), {}
    for name, options in (info.get("theory") or {}).items():
        kept = {key: x for key, x in (options or {}).items() if key != "version"}
        if is_emulator(name, kept):
            name, kept = _EXACT, {key: x for key, x in kept.items() if key in known}
        theory[name] = kept
    return {**info, "theory": theory}


def is_emulated(info: Mapping) -> bool:
    """Whether the input of a run has the emulator."""
    return any(is_emulator(*each) for each in (info.get("theory") or {}).items())


def is_emulator(name: str, options: Mapping | None) -> bool:
    """Whether a theory of a run's input is the emulator, by its name or by its `class`."""
    return _EMULATED in (name, (options or {}).get("class"))


def _compute(run: Run, point: dict[str, float]) -> dict[str, np.ndarray]:
    kept = ("theory", "params", "likelihood", "prior", "packages_path")
    info = with_class({key: run.info[key] for key in kept if key in run.info})
    params = {name: x for name, x in info["params"].items() if not name.startswith("chi2__")}
    # The likelihoods stay, so that each parameter has who takes it.
    info = {**info, "params": params, "stop_at_error": True, "debug": logging.CRITICAL}
    try:
        model = get_model(info)
        model.add_requirements({"Cl": dict.fromkeys(_SPECTRA, L_MAX)})
        model.logposterior(point)
        dl = model.provider.get_Cl(ell_factor=True, units="muK2")
        model.close()
    except LoggedError as error:
        raise EDEWBinsError(f"{run.prefix}: no spectra at the best fit: {error}") from error
    return {name: np.array(dl[name][: L_MAX + 1]) for name in _SPECTRA}


def _sampled(info: dict) -> list[str]:
    return [name for name, value in info["params"].items() if "prior" in (value or {})]


def _read(path: Path, point: dict[str, float]) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    try:
        kept = read_npz(path)
        same = list(kept["names"]) == list(point) and np.array_equal(
            kept["values"], list(point.values())
        )
        return {name: kept[name] for name in _SPECTRA} if same else None
    except (NpzError, KeyError, TypeError):
        # Cut short: computed again, and written over.
        return None
