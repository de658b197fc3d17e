"""Coordinates in which what CLASS computes is smooth, from the parameters that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ede_wbins.model.background import LAMBDA
from ede_wbins.model.early import EDEFluid
from ede_wbins.model.late import WBins
from ede_wbins.model.tabulated import TabulatedBackground

ANGLE_HORIZON = "angle_horizon"
_PIVOT = 3.5
# Of the fluid's largest fraction, and of the redshift of that, over those at its critical redshift
# (n = 3, z_c before equality).
_PEAK = 1.15, 1 / 1.43
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

    The closed forms know early dark energy as the fluid, of given fEDE at z_c. Of anything else
    with this peak nearly the same is left long after it, which is little. That little enters the
    angle, and so the sound horizon that belongs to the closed forms, `angle_horizon`, is learned
    beside the true one.

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
    at_peak : bool
        Whether fEDE and log10z_c are those of the peak, as of a scalar field.
    """

    sampled: tuple[str, ...]
    fixed: Mapping[str, float]
    edges: tuple[float, ...]
    w_beyond: float
    at_peak: bool = False

    @property
    def horizon(self) -> tuple[str, str]:
        """Names of the two numbers that take an angle to an expansion history."""
        return (ANGLE_HORIZON, "z_rec") if self.at_peak else ("rs_rec", "z_rec")

    def angle_horizon(
        self, p: Mapping[str, float], H0: float, theta_s_100: float, z_rec: float
    ) -> float:
        """The sound horizon in Mpc with which the closed forms have an angle at the true H0."""
        p = {name: value for name, value in p.items() if name not in ("theta_s_100", "H0", "h")}
        background = self.background({**p, "H0": H0}, np.nan, z_rec)
        return float(theta_s_100 / 100 * background.comoving_distance(np.array([z_rec]))[0])

    def early(self, p: Mapping[str, float]) -> np.ndarray:
        """What the sound horizon depends on: densities, early dark energy, and what else varies."""
        p = {**self.fixed, **p}
        ede = []
        if self.at_peak:
            shape = _shape(p)
            ede = [*shape[1:3], *(p["fEDE"] * shape)]
        elif p.get("fEDE") is not None:
            ede = [p["fEDE"], p["log10z_c"]]
        return np.array([p["omega_b"], p["omega_cdm"], *ede, *(p[name] for name in self._others)])

    def background(
        self, p: Mapping[str, float], horizon: float, z_rec: float
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
            fEDE, log10z_c = p["fEDE"], p["log10z_c"]
            if self.at_peak:
                fEDE, log10z_c = fEDE / _PEAK[0], log10z_c - np.log10(_PEAK[1])
            ede = EDEFluid(fEDE, log10z_c, p["thetai_ede"], p.get("n_ede", 3.0))
        species = {name: p[name] for name in ("N_ur", "T_ncdm", "T_cmb")}
        # One mass if it varies.
        species["m_ncdm"] = tuple(np.atleast_1d(p["m_ncdm"]).tolist())
        omegas = {"omega_b": p["omega_b"], "omega_cdm": p["omega_cdm"]}
        scale = p["H0"] if "H0" in p else 100 * p.get("h", _ANY_H)
        background = TabulatedBackground(scale, **omegas, late=late, ede=ede, **species)
        if "theta_s_100" in p:
            return background.with_angle(p["theta_s_100"] / 100, horizon, z_rec)
        return background

    def full(
        self, p: Mapping[str, float], background: TabulatedBackground, horizon: float, z_rec: float
    ) -> np.ndarray:
        """
        What spectra, growth and matter power depend on.

        The first of them, `of_spectra`, are enough for the spectra of the CMB.
        """
        p = {**self.fixed, **p}
        theta_s_100 = p.get("theta_s_100")
        if theta_s_100 is None:
            theta_s_100 = 100 * horizon / background.comoving_distance(np.array([z_rec]))[0]
        x = [p["omega_b"], p["omega_cdm"], theta_s_100]
        x += [np.log(p[name]) if name == "A_s" else p[name] for name in self._amplitudes]
        if p.get("fEDE") is not None:
            x += (np.sqrt(p["fEDE"]) * _shape(p)).tolist()
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


def _shape(p: Mapping[str, float]) -> np.ndarray:
    """When early dark energy rolls and how far, to second order, shape (6,)."""
    c, theta = p["log10z_c"] - _PIVOT, p["thetai_ede"]
    bend = 0.5 * np.log(theta / np.sin(theta))
    return np.array([1, c, bend, c**2, c * bend, bend**2])
