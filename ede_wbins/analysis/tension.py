"""How far a run is from a measurement or from another run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import erfcinv
from scipy.stats import chi2, norm

from ede_wbins import mixture
from ede_wbins.analysis.measurements import Measurement
from ede_wbins.analysis.run import Run
from ede_wbins.errors import EDEWBinsError
from ede_wbins.read_yaml import read_yaml
from ede_wbins.resample import evenly

_N_DIFFERENCES = 20_000
_N_PART = 4000
_N_TAIL = 40_000
_BATCHES = 4
# Twice as wide, a Gaussian reaches 5 sigma in a quarter of a per cent of its draws or more.
_WIDEN = 2.0


@dataclass(frozen=True)
class Shift:
    """
    A difference, as the probability of one at least as unlikely, and that in Gaussian sigma.

    Attributes
    ----------
    n_sigma, error : float
        And its standard error from the finite chains.
    probability : float
    """

    n_sigma: float
    error: float
    probability: float


def to_sigma(log_probability: float) -> float:
    """Two-sided Gaussian sigma of the log of a probability to exceed."""
    return float(np.sqrt(2) * erfcinv(np.exp(log_probability)))


def rule_of_thumb(run: Run, other: Run | Measurement, name: str) -> float:
    """Difference of the means over the standard deviations in quadrature, in sigma."""
    difference = run.samples.mean(name) - _mean(other, name)
    return float(abs(difference) / np.hypot(run.samples.std(name), _sd(other, name, difference)))


def parameter_shift(
    run: Run, other: Run | Measurement, names: Sequence[str], seed: int = 0
) -> Shift:
    """
    The probability of a difference at least as unlikely as none, in several dimensions.

    That is of a density of the difference below that at zero (Raveri and Doux, 2105.03324), which
    is a mixture of Gaussians fitted to differences of samples. Its tail is sampled from wider
    Gaussians, with weights. The error is from fits to parts of the chains.

    Raises
    ------
    EDEWBinsError
        If a run lacks a parameter, or a measurement is of another.
    """
    rng = np.random.default_rng(seed)
    first = _Source(run, names)
    second = _Source(other, names)
    n_effective = min(first.n_effective, second.n_effective)
    whole = _log_probability(first.draw(rng), second.draw(rng), n_effective, rng)
    parts = []
    for part in range(_BATCHES):
        pair = (source.draw(rng, part) for source in (first, second))
        parts.append(to_sigma(_log_probability(*pair, n_effective / _BATCHES, rng)))
    error = np.std(parts, ddof=1) / np.sqrt(_BATCHES)
    return Shift(to_sigma(whole), float(error), float(np.exp(whole)))


def difference_at_best(joint: Run, run: Run, other: Run) -> Shift:
    """
    Q_DMAP: the rise of the best chi2 when the data are fitted together (Raveri and Hu, 1806.04649).

    Its degrees of freedom are the parameters that both runs sample, of which `other` may have its
    own. An error is not known; best fits of chains, not of a minimiser, are too high.
    """
    rise = joint.best.total - run.best.total - other.best.total
    shared = set(_sampled(run)) & set(_sampled(other))
    log_probability = chi2.logsf(max(rise, 0.0), max(len(shared), 1))
    return Shift(to_sigma(log_probability), np.nan, float(np.exp(log_probability)))


def information_criteria(run: Run, n_data: int | None = None) -> dict[str, float]:
    """AIC, and with the number of data BIC, of a run's best fit."""
    k, best = run.n_sampled, run.best.total
    criteria = {"AIC": best + 2 * k}
    return criteria if n_data is None else {**criteria, "BIC": best + k * np.log(n_data)}


def log_evidence(run: Run) -> tuple[float, float] | None:
    """ln Z and its error, where a nested sampler wrote them."""
    path = run.prefix.with_name(run.name + ".logZ")
    if not path.is_file():
        return None
    found = read_yaml(path, "logZ", "logZstd")
    return float(found["logZ"]), float(found["logZstd"])


class _Source:
    """Draws the parameters `names` of a run or a measurement."""

    def __init__(self, source: Run | Measurement, names: Sequence[str]):
        self.source, self.names = source, list(names)
        if isinstance(source, Run):
            source.require(*names)
            self.n_effective = max(source.effective_samples, 10 * len(names))
            self.columns = np.column_stack([source.samples[name] for name in names])
            self.weights = source.samples.weights
        else:
            if self.names != [source.parameter]:
                raise EDEWBinsError(
                    f"parameter = {', '.join(names)}: the measurement is of {source.parameter}"
                )
            self.n_effective = np.inf

    def draw(self, rng: np.random.Generator, part: int | None = None) -> np.ndarray:
        """Samples, of the whole or of one part of the chains, shape (n, d)."""
        n = _N_DIFFERENCES if part is None else _N_PART
        if isinstance(self.source, Run):
            rows = np.arange(len(self.weights))
            if part is not None:
                rows = rows[part * len(rows) // _BATCHES : (part + 1) * len(rows) // _BATCHES]
            # Evenly through the chain, so that all of it counts.
            return self.columns[rows[evenly(self.weights[rows], n, rng.random())]]
        m = self.source
        # As many on either side as makes the density continuous.
        n_down = round(n * m.down / (m.up + m.down))
        down, up = (norm.isf((np.arange(k) + 0.5) / (2 * k)) for k in (n_down, n - n_down))
        return np.concatenate([m.mean - m.down * down, m.mean + m.up * up])[:, None]


def _log_probability(first, second, n_effective: float, rng: np.random.Generator) -> float:
    differences = first - rng.permutation(second)
    fitted = mixture.fit(differences, min(n_effective, len(differences)))
    at_zero = fitted.logpdf(np.zeros((1, differences.shape[1])))[0]
    wide = fitted.widened(_WIDEN)
    x = wide.sample(_N_TAIL, rng)
    density = fitted.logpdf(x)
    weight = np.exp(density - wide.logpdf(x))
    return float(np.log(np.sum(weight[density <= at_zero]) / np.sum(weight)))


def _mean(other: Run | Measurement, name: str) -> float:
    return other.samples.mean(name) if isinstance(other, Run) else other.mean


def _sd(other: Run | Measurement, name: str, difference: float) -> float:
    if isinstance(other, Run):
        return other.samples.std(name)
    return other.up if difference > 0 else other.down


def _sampled(run: Run) -> list[str]:
    return run.samples.paramNames.list()[: run.n_sampled]
