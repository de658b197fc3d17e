"""CLASS for recent points: what A_s and n_s do not change is computed once."""

import math
from collections.abc import Callable
from typing import Any

FAST = frozenset(("A_s", "ln_A_s_1e10", "n_s"))
"""Inputs that enter after the perturbations and the transfer functions."""

_WHOLE = ("pk_eq", "P_k_ini type", "sigma8", "S8")
# Outputs: number counts, galaxy lensing, spectral distortions.
_ALSO_PRIMORDIAL = ("ncl", "dcl", "scl", "sd")


class Cosmologies:
    """
    Stands for one `Class` object of CLASS, and keeps the perturbations of the last points.

    A point that differs from one of these in A_s and n_s alone costs a fraction of a full
    computation, with the same result to the last bit. Two points are what dragging goes to and fro
    between, and a blocked Metropolis sampler needs.

    Parameters
    ----------
    new : callable
        Makes a `Class` object.
    size : int
        How many points to keep.

    Attributes
    ----------
    runs : int
        How many points were computed, quick steps included.
    """

    def __init__(self, new: Callable[[], Any], size: int = 2):
        # Inputs of the perturbations and object, the last used first; None if it has none.
        self._recent: list[tuple[dict[str, Any] | None, Any]] = [(None, new()) for _ in range(size)]
        self.runs = 0
        self._inputs: dict[str, Any] = {}
        self._computed: dict[str, Any] | None = None
        self._failed: tuple[dict[str, Any], Exception] | None = None

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._recent[0][1], name)

    def set(self, **inputs):
        """Change or add inputs of CLASS."""
        self._inputs.update(inputs)

    def empty(self):
        """Forget all inputs and results."""
        for _, cosmo in self._recent:
            cosmo.empty()
        self._recent = [(None, cosmo) for _, cosmo in self._recent]
        self._inputs, self._computed, self._failed = {}, None, None

    def compute(self):
        """Compute what the inputs ask for; CLASS's own errors if it cannot."""
        if self._inputs == self._computed:
            return
        self._computed = None
        if _splits(self._inputs):
            self.perturb()
            self._recent[0][1].compute_spectra(**_fast_part(self._inputs))
        else:
            self._take(self._inputs).compute()
        self._computed = dict(self._inputs)
        self.runs += 1

    def perturb(self) -> None:
        """Compute what does not depend on A_s and n_s, if it is not at hand."""
        if not _splits(self._inputs):
            return
        inputs = {name: value for name, value in self._inputs.items() if name not in FAST}
        for i, (known, _) in enumerate(self._recent):
            if known == inputs:
                self._recent.insert(0, self._recent.pop(i))
                self._computed = None if i else self._computed
                return
        if self._failed and self._failed[0] == inputs:
            raise self._failed[1]
        cosmo = self._take(inputs)
        try:
            cosmo.compute_perturbations()
        except Exception as error:
            self._failed = (inputs, error)
            raise
        self._recent[0] = (inputs, cosmo)

    def _take(self, inputs: dict[str, Any]):
        """The object that has been unused for longest, with these inputs."""
        self._computed = None
        _, cosmo = self._recent.pop()
        self._recent.insert(0, (None, cosmo))
        cosmo.empty()
        cosmo.set(**inputs)
        return cosmo


def _splits(inputs: dict[str, Any]) -> bool:
    """Whether A_s and n_s enter at the end alone."""
    output = str(inputs.get("output", "")).lower()
    return not (
        any(name in inputs for name in _WHOLE)
        or "t" in str(inputs.get("modes", "s"))
        or any(name in output for name in _ALSO_PRIMORDIAL)
    )


def _fast_part(inputs: dict[str, Any]) -> dict[str, float]:
    fast = {name: inputs[name] for name in ("A_s", "n_s") if name in inputs}
    if "ln_A_s_1e10" in inputs:
        fast["A_s"] = math.exp(inputs["ln_A_s_1e10"]) * 1e-10
    return fast
