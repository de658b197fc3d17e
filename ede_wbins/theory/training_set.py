"""Points that CLASS computed, and what it gave there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ede_wbins.emulator import StoreError
from ede_wbins.theory.matter_power import Grid, label
from ede_wbins.theory.multipoles import nodes

HORIZON = ("rs_rec", "z_rec")
"""Sound horizon at recombination in Mpc, and its redshift: known of every point."""


@dataclass
class TrainingSet:
    """
    Points that CLASS computed.

    Attributes
    ----------
    names : tuple of str
        The parameters that vary.
    spectra : dict
        Highest multipole of each spectrum, by (product, name), as ("Cl", "tt").
    powers : dict
        Grid of each matter power spectrum, by Cobaya's name of it.
    arrays : dict
        Redshifts of other vectors, which grow with structure, by name.
    scalars : tuple of str
        Other numbers, the horizon among them.
    rows : dict
        "points" (n, p); each spectrum at its nodes, as "Cl tt", (n, m), or ln P on its grid;
        vectors; scalars (n, 1).
    """

    names: tuple[str, ...]
    spectra: dict[tuple[str, str], int]
    powers: dict[tuple, Grid]
    arrays: dict[str, np.ndarray]
    scalars: tuple[str, ...]
    rows: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        self._widths = {"points": len(self.names)}
        for (product, name), l_max in self.spectra.items():
            self._widths[f"{product} {name}"] = len(nodes(l_max))
        self._widths |= {label(key): grid.size for key, grid in self.powers.items()}
        self._widths |= {name: len(z) for name, z in self.arrays.items()}
        self._widths |= dict.fromkeys(self.scalars, 1)
        for name, width in self._widths.items():
            self.rows.setdefault(name, np.empty((0, width)))

    def __len__(self) -> int:
        return len(self.rows["points"])

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Take up one row, or several; points that are there already are left out."""
        rows = {name: np.atleast_2d(rows[name]) for name in self._widths}
        known = {point.tobytes() for point in self.rows["points"]}
        new = [i for i, point in enumerate(rows["points"]) if point.tobytes() not in known]
        for name, value in rows.items():
            self.rows[name] = np.vstack([self.rows[name], value[new]])

    def checked(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """
        Of `rows` as read from a file, what this training set is made of.

        Raises
        ------
        StoreError
            If the file lacks something.
        """
        if missing := sorted(self._widths.keys() - rows.keys()):
            raise StoreError(f"the file of computed points lacks {', '.join(missing)}")
        n = len(rows["points"])
        for name, width in self._widths.items():
            if rows[name].shape != (n, width):
                raise StoreError(
                    f"the file of computed points has {name} of shape {rows[name].shape}, "
                    f"this run needs {(n, width)}"
                )
        return {name: np.asarray(rows[name], dtype=float) for name in self._widths}

    def point(self, i: int) -> dict[str, float]:
        """The parameters of point i, by name."""
        return dict(zip(self.names, self.rows["points"][i].tolist(), strict=True))
