"""
Functional priors: on how far predictions are from LambdaCDM's, carried to the parameters.

The idea is that of predictive complexity priors (arXiv:2006.10801). The experiment is DESI DR2 BAO
(2503.14738). In a run's YAML, beside the flat priors, whose ranges they have by default:

    prior:
      late: 'import_module("ede_wbins.priors").late(n_bins=5)'
      early: 'import_module("ede_wbins.priors").early()'

How far is the length s of the path of predictions from LambdaCDM, in units of their errors: the
Kullback-Leibler divergence of neighbouring predictive distributions is ds^2/2, and s is sqrt(2 KL)
where predictions go straight. Unlike the divergence of the ends it never falls on the way, so that
the change of variables always exists. Its prior is exp(-s/scale)/scale, cut off at the ends of the
ranges, whatever the parameters are called and however many bins there are.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from scipy.integrate import cumulative_simpson
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solve_triangular
from scipy.special import gammaln
from scipy.stats import chi2

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import Background, default_edges
from ede_wbins.model.early import EDEFluid
from ede_wbins.model.late import check_edges
from ede_wbins.model.species import KM_S_MPC, photon_density

_LCDM = Background(67.32, 0.022383, 0.12011)
_RS_DRAG, _Z_DRAG = 147.05, 1060.0
# Path per half range where the experiment sees nothing: the prior is flat there.
_UNSEEN = 1e-3
_STEPS = 129
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(16)


def late(
    n_bins: int | None = None,
    z_edges: Sequence[float] | None = None,
    scale: float = 1.0,
    bounds: Sequence[float] = (-3.0, 1.0),
    origin: float = -1.0,
) -> Callable[..., float]:
    """
    Log of the prior of w1, w2, ..., normalised.

    The direction from LambdaCDM is that of a point on a sphere, in units of the half ranges; along
    it, s has its exponential prior.

    Parameters
    ----------
    n_bins, z_edges
        The bins, as the theory component takes them.
    scale : float
        Mean of s: how many sigma of the experiment early or late dark energy may well be away.
    bounds : two floats
        Range of each w, with LambdaCDM in its middle.
    origin : float
        Where LambdaCDM is: 0 if the parameters are 1 + w.

    Raises
    ------
    EDEWBinsError
        If an option is wrong.
    """
    edges = _edges(n_bins, z_edges)
    _check_scale(scale)
    half = (bounds[1] - bounds[0]) / 2
    if not (half > 0 and np.isclose(sum(bounds) / 2, origin)):
        raise EDEWBinsError(f"bounds = {bounds!r}: LambdaCDM, {origin:g}, must be in the middle")
    path, n = _LatePath(edges), len(edges)
    log_sphere = np.log(2) + n / 2 * np.log(np.pi) - gammaln(n / 2)

    def logp(*values: float) -> float:
        x = (np.array(values) - origin) / half
        if not np.all(np.abs(x) <= 1):
            return -np.inf
        t = max(np.linalg.norm(x), 1e-12)
        u = x / t
        t_end = 1 / np.abs(u).max() if t > 1e-12 else 1.0
        nodes = (1 + _NODE) / 2
        speed = path.speed(half * u, np.concatenate([t * nodes, t_end * nodes, [t]]))
        s, s_end = (end * 0.5 * speed[i : i + 16] @ _WEIGHT for end, i in ((t, 0), (t_end, 16)))
        log_t = _log_density(s, 0.0, s_end, scale) + np.log(speed[-1])
        return float(log_t - log_sphere - (n - 1) * np.log(t) - n * np.log(half))

    return _named(logp, [f"w{i}" for i in range(1, 1 + n)])


@cache
def late_from_normal(
    n_bins: int | None = None, z_edges: tuple[float, ...] | None = None, scale: float = 1.0
) -> Callable[..., np.ndarray]:
    """
    w1, w2, ... as a function of as many independent standard normal variables.

    Normal variables so transformed have the prior of `late` with its default ranges. A run should
    sample these: in w the prior has a peak at LambdaCDM so sharp, for three bins and more, that
    Metropolis steps do not leave it. The direction is kept, and the length becomes s at the same
    cumulative probability. In a run's YAML, for two bins::

        params:
          v1: {prior: {dist: norm, loc: 0, scale: 1}, proposal: 0.5, drop: true}
          v2: {prior: {dist: norm, loc: 0, scale: 1}, proposal: 0.5, drop: true}
          w1:
            value: 'lambda v1, v2: import_module("ede_wbins.priors").late_from_normal(2)(v1, v2)[0]'
          w2:
            value: 'lambda v1, v2: import_module("ede_wbins.priors").late_from_normal(2)(v1, v2)[1]'

    Raises
    ------
    EDEWBinsError
        If an option is wrong.
    """
    edges = _edges(n_bins, z_edges)
    _check_scale(scale)
    path, n, half = _LatePath(edges), len(edges), 2.0

    @lru_cache(maxsize=8)
    def w(*values: float) -> np.ndarray:
        length = max(np.linalg.norm(values), 1e-12)
        u = np.array(values) / length
        t = np.linspace(0, 1 / np.abs(u).max(), _STEPS)
        s = cumulative_simpson(path.speed(half * u, t), x=t, initial=0.0)
        # ln of what the exponential, cut off at s_end, leaves beyond s.
        beyond = np.log(-np.expm1(-s[-1] / scale)) + chi2.logsf(length**2, n)
        target = -scale * np.logaddexp(-s[-1] / scale, beyond)
        return -1 + half * u * float(PchipInterpolator(s, t)(min(target, s[-1])))

    return w


def early(
    scale: float = 1.0, bounds: Sequence[float] = (0.001, 0.5), log10: bool = False
) -> Callable[..., float]:
    """
    Log of the prior of fEDE at a log10z_c, normalised over fEDE.

    Parameters
    ----------
    scale : float
        Mean of s, without the cut at the ends.
    bounds : two floats
        Range of fEDE.
    log10 : bool
        Whether the run samples log10fEDE instead of fEDE.

    Raises
    ------
    EDEWBinsError
        If an option is wrong.
    """
    _check_scale(scale)
    if not 0 <= bounds[0] < bounds[1] < 1:
        raise EDEWBinsError(f"bounds = {bounds!r}: must be a range of fEDE, between 0 and 1")
    path = _EarlyPath()

    def density(fEDE: float, log10z_c: float) -> float:
        if not bounds[0] <= fEDE <= bounds[1]:
            return -np.inf
        step = 1e-4 * min(fEDE, 1 - fEDE) + 1e-9
        f = np.array([fEDE, bounds[0], bounds[1], fEDE + step, fEDE - step])
        s = path.length(f, log10z_c)
        return float(_log_density(*s[:3], scale) + np.log((s[3] - s[4]) / (2 * step)))

    if not log10:
        return _named(density, ["fEDE", "log10z_c"])

    def density_of_log(log10fEDE: float, log10z_c: float) -> float:
        fEDE = 10.0**log10fEDE
        return density(fEDE, log10z_c) + np.log(fEDE * np.log(10))

    return _named(density_of_log, ["log10fEDE", "log10z_c"])


class _LatePath:
    """Speed of the experiment's predictions along a ray of w."""

    def __init__(self, edges: Sequence[float]):
        z, self._kinds, covariance = _experiment()
        self._root = np.linalg.cholesky(covariance)
        self._at = z
        ends = np.unique([0.0, *z, *(edge for edge in edges if edge < z.max())])
        node, weight = np.polynomial.legendre.leggauss(6)
        half = np.diff(ends)[:, None] / 2
        self._z = np.concatenate([(ends[:-1, None] + half * (1 + node)).ravel(), z])
        # Distance to each point as a sum over the nodes below it.
        inside = self._z[: half.size * 6] < z[:, None]
        self._to_distance = inside * (half * weight).ravel()
        lower, upper = np.log1p([0.0, *edges[:-1]]), np.log1p(edges)
        n = np.log1p(self._z)[:, None]
        # Logarithmic width of each bin below each redshift.
        self._widths = 3 * (np.clip(n, lower, upper) - lower)
        rho = _LCDM.densities(self._z)
        self._late = rho["late"]
        self._others = rho["matter_radiation"]

    def speed(self, direction: np.ndarray, t: np.ndarray) -> np.ndarray:
        """|dm/dt| of the whitened predictions m at w = -1 + t direction, in the shape of `t`."""
        exponent = self._widths @ direction
        rho = self._late * np.exp(np.multiply.outer(t, exponent))
        H = np.sqrt(self._others + rho)
        dH = rho * exponent / (2 * H)
        n = len(self._to_distance.T)
        distance = (1 / H[:, :n]) @ self._to_distance.T
        d_distance = (-dH[:, :n] / H[:, :n] ** 2) @ self._to_distance.T
        change = _change(self._kinds, self._at, distance, d_distance, H[:, n:], dH[:, n:])
        m = solve_triangular(self._root, change.T, lower=True)
        return np.sqrt(np.sum(m**2, axis=0) + _UNSEEN**2)


class _EarlyPath:
    """Length of the path of the experiment's predictions with fEDE: through the sound horizon."""

    def __init__(self):
        z, kinds, covariance = _experiment()
        D, H = _LCDM.comoving_distance(z), _LCDM.hubble(z)
        predicted = _change(kinds, z, D[None], D[None], H[None], -H[None])[0]
        # All predictions scale as the inverse of the sound horizon: they go straight.
        self._size = np.linalg.norm(
            solve_triangular(np.linalg.cholesky(covariance), predicted, lower=True)
        )
        node, weight = np.polynomial.legendre.leggauss(80)
        top, bottom = np.log1p(1e7), np.log1p(_Z_DRAG)
        n = bottom + (top - bottom) * (1 + node) / 2
        self._z = np.expm1(n)
        ratio = 0.75 * _LCDM.omega_b * (100 * KM_S_MPC) ** 2 / photon_density(_LCDM.T_cmb)
        sound = 1 / np.sqrt(3 * (1 + ratio / (1 + self._z)))
        self._weight = weight * sound * np.exp(n)
        self._rho = sum(_LCDM.densities(self._z).values())
        self._horizon = self._weight @ self._rho**-0.5

    def length(self, fEDE: np.ndarray, log10z_c: float) -> np.ndarray:
        fluid = EDEFluid(0.1, log10z_c, 1.0)
        rho_c = float(sum(_LCDM.densities(fluid.z_c).values())) * fEDE / (1 - fEDE)
        rho = self._rho + np.multiply.outer(rho_c, fluid.density(self._z))
        horizon = rho**-0.5 @ self._weight
        return self._size * (self._horizon / horizon - 1) + _UNSEEN * fEDE


def _experiment() -> tuple[np.ndarray, list[str], np.ndarray]:
    """Redshifts, kinds and covariance of DESI DR2's distances."""
    folder = files("ede_wbins.likelihoods.bao_compressed")
    lines = (folder / "desi_dr2.txt").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    covariance = np.loadtxt((folder / "desi_dr2_cov.txt").read_text().splitlines())
    return np.array([float(row[0]) for row in rows]), [row[2] for row in rows], covariance


def _change(kinds, z, D, dD, H, dH) -> np.ndarray:
    """Change of the predictions for changes of distances (Mpc) and H (1/Mpc), shape (n, 13)."""
    volume = (D**2 * z / H) ** (1 / 3)
    change = {
        "DM_over_rs": dD,
        "DH_over_rs": -dH / H**2,
        "DV_over_rs": volume * (2 * dD / D - dH / H) / 3,
    }
    columns = [change[kind][:, i] for i, kind in enumerate(kinds)]
    return np.array(columns).T / _RS_DRAG


def _log_density(s: float, s_start: float, s_end: float, scale: float) -> float:
    """Log of exp(-s/scale)/scale, normalised between two ends."""
    return -(s - s_start) / scale - np.log(-scale * np.expm1(-(s_end - s_start) / scale))


def _edges(n_bins: int | None, z_edges: Sequence[float] | None) -> tuple[float, ...]:
    if (n_bins is None) == (z_edges is None):
        raise EDEWBinsError(f"n_bins = {n_bins!r}, z_edges = {z_edges!r}: give one of them")
    return default_edges(n_bins) if z_edges is None else check_edges(z_edges)


def _check_scale(scale: float) -> None:
    if not scale > 0:
        raise EDEWBinsError(f"scale = {scale!r}: must be above 0")


def _named(function: Callable[..., float], names: Sequence[str]) -> Callable[..., float]:
    """The function with arguments called so, by which Cobaya knows what to give it."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD

    def prior(*args: float, **kwargs: float) -> float:
        return function(*args, *(kwargs[name] for name in names[len(args) :]))

    prior.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return prior
