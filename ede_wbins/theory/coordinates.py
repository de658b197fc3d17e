"""Coordinates in which what CLASS computes is smooth, from the parameters that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ede_wbins.model.background import LAMBDA
from ede_wbins.model.early import EDEFluid
from ede_wbins.model.late import WBins
from ede_wbins.model.tabulated import TabulatedBackground

_PIVOT = 3.5
_SPLIT = 2.0
# Where growth tells more of matter power than before and after the split.
_BETWEEN = (0.5, 1.0)
# Room for all densities until the angle tells.
_ANY_H = 3.0


@dataclass(frozen=True)
class Coordinates:
    """
    Maps parameters of CLASS to the inputs of the regressions.

    The sound horizon is a function of the early universe alone (`early`); with it, the angle
    theta_s and H0 follow from each other in closed form, and everything else is smooth in `full`,
    of which theta_s is one. Early dark energy enters to second order in its other parameters, times
    sqrt(fEDE), since nothing can depend on these without it; the bins of w(z) enter by their
    effects, of which there are few however many bins there are: h, and the growth of structure
    before and after z = 2; for matter power, growth to two redshifts between too.

    Parameters
    ----------
    sampled : tuple of str
        Names of the parameters that vary, as CLASS reads them.
    fixed : mapping
        Those that do not, among them N_ur, m_ncdm (tuple), T_ncdm and T_cmb.
    edges : tuple of float
        Upper edges of the bins of w(z).
    w_beyond : float
        Equation of state above them.
    """

    sampled: tuple[str, ...]
    fixed: Mapping[str, float]
    edges: tuple[float, ...]
    w_beyond: float

    def early(self, p: Mapping[str, float]) -> np.ndarray:
        """What the sound horizon depends on: densities, early dark energy, and what else varies."""
        p = {**self.fixed, **p}
        ede = [p["fEDE"], p["log10z_c"]] if p.get("fEDE") is not None else []
        return np.array([p["omega_b"], p["omega_cdm"], *ede, *(p[name] for name in self._others)])

    def background(
        self, p: Mapping[str, float], rs_rec: float, z_rec: float
    ) -> TabulatedBackground:
        """
        The expansion history at the parameters `p`, given the sound horizon at recombination.

        Raises
        ------
        EDEWBinsError
            If the parameters have none.
        """
        p = {**self.fixed, **p}
        late = LAMBDA
        if self.edges:
            w = [p[f"w{i}"] for i in range(1, 1 + len(self.edges))]
            late = WBins(self.edges, w, self.w_beyond)
        ede = None
        if p.get("fEDE"):
            ede = EDEFluid(p["fEDE"], p["log10z_c"], p["thetai_ede"], p.get("n_ede", 3.0))
        species = {name: p[name] for name in ("N_ur", "T_ncdm", "T_cmb")}
        # One mass if it varies.
        species["m_ncdm"] = tuple(np.atleast_1d(p["m_ncdm"]).tolist())
        omegas = {"omega_b": p["omega_b"], "omega_cdm": p["omega_cdm"]}
        scale = p["H0"] if "H0" in p else 100 * p.get("h", _ANY_H)
        background = TabulatedBackground(scale, **omegas, late=late, ede=ede, **species)
        if "theta_s_100" in p:
            return background.with_angle(p["theta_s_100"] / 100, rs_rec, z_rec)
        return background

    def full(
        self, p: Mapping[str, float], background: TabulatedBackground, rs_rec: float, z_rec: float
    ) -> np.ndarray:
        """
        What spectra, growth and matter power depend on.

        The first of them, `of_spectra`, are enough for the spectra of the CMB.
        """
        p = {**self.fixed, **p}
        theta_s_100 = p.get("theta_s_100")
        if theta_s_100 is None:
            theta_s_100 = 100 * rs_rec / background.comoving_distance(np.array([z_rec]))[0]
        x = [p["omega_b"], p["omega_cdm"], theta_s_100]
        x += [np.log(p[name]) if name == "A_s" else p[name] for name in self._amplitudes]
        if p.get("fEDE") is not None:
            c, theta = p["log10z_c"] - _PIVOT, p["thetai_ede"]
            bend = 0.5 * np.log(theta / np.sin(theta))
            x += (np.sqrt(p["fEDE"]) * np.array([1, c, bend, c**2, c * bend, bend**2])).tolist()
        x += [p[name] for name in self._others]
        return np.array([*x, *self._late(background)])

    @property
    def of_spectra(self) -> slice:
        """Of what `full` gives, that on which spectra of the CMB depend."""
        return slice(-len(_BETWEEN)) if self.edges else slice(None)

    @property
    def _amplitudes(self) -> list[str]:
        return [name for name in ("A_s", "n_s", "tau_reio") if name in self.sampled]

    @property
    def _others(self) -> list[str]:
        known = {"omega_b", "omega_cdm", "theta_s_100", "H0", "h", "A_s", "n_s", "tau_reio"}
        known |= {"fEDE", "log10z_c", "thetai_ede"}
        known |= {f"w{i}" for i in range(1, 1 + len(self.edges))}
        return [name for name in self.sampled if name not in known]

    def _late(self, background: TabulatedBackground) -> list[float]:
        if not self.edges:
            return [np.log(background.H0)]
        (today, before, *between), _ = background.log_growth([0.0, _SPLIT, *_BETWEEN])
        return [np.log(background.H0), today - before, before, *between]
