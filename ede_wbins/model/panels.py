"""Integrals over ln(1+z) from today: Gauss-Legendre panels, split where an integrand bends."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import numpy as np
from numpy.polynomial import legendre
from numpy.polynomial.polynomial import polydiv

_WIDEST = 0.2
_NODES = 10
_NODE, _WEIGHT = legendre.leggauss(_NODES)
# Of the polynomial through the nodes, the mean from -1 on, in powers of where it ends.
_BASIS = legendre.legvander(_NODE, _NODES - 1) * (np.arange(_NODES) + 0.5) * _WEIGHT[:, None]
_MEAN = np.transpose(
    [polydiv(legendre.leg2poly(legendre.legint(each, lbnd=-1)), (1, 1))[0] for each in _BASIS]
)


@dataclass(frozen=True, eq=False)
class Panels:
    """
    Panels in n = ln(1+z), and nodes in them.

    An integral to any n is linear in the integrand at the nodes: in the last panel that of the
    polynomial through them. Where n stays the same from universe to universe, so do the weights.

    Attributes
    ----------
    edges : ndarray, shape (p + 1,)
        From 0.
    """

    edges: np.ndarray

    @classmethod
    def up_to(cls, top: float, kinks: tuple[float, ...]) -> Self:
        """Those that reach `top`, and end at `kinks` below it."""
        last = max(1, int(np.ceil(top / _WIDEST)))
        return _panels(last, kinks)

    @cached_property
    def z(self) -> np.ndarray:
        """Redshifts of the nodes."""
        half = np.diff(self.edges)[:, None] / 2
        return np.expm1((self.edges[:-1, None] + half * (1 + _NODE)).ravel())

    def weights(self, n: np.ndarray) -> np.ndarray:
        """
        What takes an integrand over z at the nodes to its integrals to ln(1+z) = `n`.

        Parameters
        ----------
        n : ndarray, shape (m,)

        Returns
        -------
        ndarray, shape (m, nodes)
        """
        half = np.diff(self.edges) / 2
        at = np.clip(np.searchsorted(self.edges, n) - 1, 0, len(half) - 1)
        length = ((n - self.edges[at]) / half[at])[:, None]
        found = (np.arange(len(half)) < at[:, None])[..., None] * _WEIGHT
        found[np.arange(len(at)), at] = length * ((length - 1) ** np.arange(_NODES) @ _MEAN)
        return (found * half[:, None]).reshape(len(at), -1) * (1 + self.z)


@lru_cache(maxsize=64)
def _panels(last: int, kinks: tuple[float, ...]) -> Panels:
    top = last * _WIDEST
    inner = [kink for kink in kinks if 0 < kink < top]
    return Panels(np.unique([*inner, *(np.arange(last + 1) * _WIDEST)]))


@lru_cache(maxsize=64)
def reaching(z: tuple[float, ...], kinks: tuple[float, ...]) -> tuple[Panels, np.ndarray]:
    """Panels as far as redshifts `z`, and their weights of the integrals to there."""
    n = np.log1p(z)
    panels = Panels.up_to(n.max(initial=0), kinks)
    return panels, panels.weights(n)
