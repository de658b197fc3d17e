"""An MCMC run of Cobaya, read from its output."""

import json
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from getdist import MCSamples, loadMCSamples
from getdist.chains import WeightedSampleError
from getdist.cobaya_interface import get_sampler_type

from ede_wbins.analysis.files import (
    chain_paths,
    check_columns,
    check_lengths,
    header,
    prior_prefix,
    read_record,
    record_path,
)
from ede_wbins.convergence import BURN_IN, CONVERGED, effective_samples, gelman_rubin
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import default_edges

_MIN_STEPS = 10


@dataclass(frozen=True)
class BestFit:
    """
    The point of highest posterior density.

    Attributes
    ----------
    values : dict of float
        Parameters, sampled and derived.
    chi2 : dict of float
        chi2 of each likelihood, -2 ln L; their sum is `total`.
    minimised : bool
        Whether a minimiser found it; else it is the best point of the chains.
    """

    values: dict[str, float]
    chi2: dict[str, float]
    minimised: bool

    @property
    def total(self) -> float:
        """chi2 of all likelihoods."""
        return sum(self.chi2.values())


@dataclass(frozen=True)
class Run:
    """
    Samples of one run, with what the run was.

    Attributes
    ----------
    prefix : Path
        The run's `output`.
    samples : MCSamples
        The chains after burn-in.
    info : dict
        The run's `.updated.yaml`.
    burn_in : float
        What was cut at the start of each chain: a share below 1, else a number of rows.
    """

    prefix: Path
    samples: MCSamples
    info: dict
    burn_in: float = BURN_IN

    @property
    def name(self) -> str:
        """Last part of the output prefix."""
        return self.prefix.name

    @property
    def is_mcmc(self) -> bool:
        """Whether the samples are Markov chains; else R-1 has no meaning."""
        return _is_mcmc(self.info)

    @property
    def converged(self) -> bool:
        """Whether R-1 is small enough; always, for a run that is not a Markov chain."""
        return not self.is_mcmc or self.R_minus_1 < CONVERGED

    @property
    def exact_check(self) -> str | None:
        """What CLASS found at points of chains that were sampled with the emulator, in a line."""
        file = self.prefix.with_name(f"{self.prefix.name}.exact_check.json")
        return json.loads(file.read_text())["verdict"] if file.exists() else None

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return len(self.samples.chain_offsets) - 1

    @cached_property
    def R_minus_1(self) -> float:
        """R-1 of the means of the sampled parameters, see `convergence.gelman_rubin`."""
        return gelman_rubin(self.samples.getSeparateChains(), self.n_sampled)

    @cached_property
    def effective_samples(self) -> float:
        """What the worst-mixed sampled parameter is worth, see `convergence.effective_samples`."""
        return effective_samples(self.samples.getSeparateChains(), self.n_sampled)

    @property
    def n_sampled(self) -> int:
        """Number of sampled parameters: the first columns."""
        return self.samples.paramNames.numNonDerived()

    @cached_property
    def z_edges(self) -> tuple[float, ...]:
        """Upper edges of the bins of w(z); empty without bins."""
        if edges := self.theory.get("z_edges"):
            return tuple(edges)
        n_bins = self.theory.get("n_bins")
        return default_edges(n_bins) if n_bins else ()

    @property
    def theory(self) -> dict:
        """Options of the theory component."""
        return next(iter((self.info.get("theory") or {}).values()), None) or {}

    @cached_property
    def best(self) -> BestFit:
        """The best fit: a minimiser's, where one ran with the same output, or the chains'."""
        for ending in (".minimum.txt", ".bestfit.txt"):
            path = self.prefix.with_name(self.name + ending)
            if path.is_file():
                row = np.loadtxt(path, ndmin=2)[0]
                return self._point(dict(zip(header(path), row.tolist(), strict=True)), True)
        i = int(np.argmin(self.samples.loglikes))
        names = self.samples.paramNames.list()
        return self._point(dict(zip(names, self.samples.samples[i].tolist(), strict=True)), False)

    def _point(self, columns: dict[str, float], minimised: bool) -> BestFit:
        chi2 = {name: columns.get(f"chi2__{name}", np.nan) for name in self.info["likelihood"]}
        if len(chi2) == 1:
            chi2 = dict.fromkeys(chi2, columns.get("chi2", np.nan))
        values = {name: columns[name] for name in self.parameters if name in columns}
        return BestFit(values, chi2, minimised)

    @property
    def parameters(self) -> list[str]:
        """Parameters in the chains, sampled and derived."""
        return [name for name in self.samples.paramNames.list() if not is_auxiliary(name)]

    def has(self, *names: str) -> bool:
        """Whether these parameters vary in the chains."""
        return all(self.samples.paramNames.parWithName(name) for name in names)

    def require(self, *names: str) -> None:
        """
        Check that these parameters vary in the chains.

        Raises
        ------
        EDEWBinsError
            If one does not.
        """
        if missing := [name for name in names if not self.has(name)]:
            raise EDEWBinsError(
                f"{self.prefix}: no parameter {', '.join(missing)} in the chains "
                f"(there are {', '.join(self.parameters)})"
            )

    def label(self, name: str) -> str:
        """LaTeX of a parameter, without dollar signs."""
        return self.samples.parLabel(name)

    @cached_property
    def prior(self) -> "Run | None":
        """The prior-only run beside this one, if there is one."""
        prefix = prior_prefix(self.prefix)
        return load_run(prefix) if record_path(prefix).is_file() else None


def is_auxiliary(name: str) -> bool:
    """Whether a column is no parameter: a chi2, or a prior's density."""
    return name.startswith(("chi2", "minuslogprior"))


def load_run(prefix: str | Path, burn_in: float = BURN_IN) -> Run:
    """
    Read a run, finished or still going on.

    Parameters
    ----------
    prefix : str or Path
        The run's `output`, such as chains/quickstart.
    burn_in : float
        What to cut at the start of each Markov chain: a share below 1, else a number of rows.

    Raises
    ------
    EDEWBinsError
        If there is no chain, it is too short, it cannot be read, or it is not this run's.
    """
    prefix = Path(prefix)
    if not prefix.name:
        raise EDEWBinsError(f"run = {str(prefix)!r}: give the output prefix, as chains/quickstart")
    record, chains = record_path(prefix), chain_paths(prefix)
    if not record.is_file() or not chains:
        raise EDEWBinsError(
            f"{prefix}: no run there (looked for {record.name} and {prefix.name}.1.txt)"
        )
    if not burn_in >= 0:
        raise EDEWBinsError(f"burn-in = {burn_in:g}: must be 0 or more")
    info = read_record(record)
    is_mcmc = _is_mcmc(info)
    if not is_mcmc:
        burn_in = 0
    check_lengths(prefix, chains, burn_in)
    check_columns(prefix, chains)
    try:
        # An unfinished chain of one line is read as a vector, hence the general net.
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            samples = loadMCSamples(str(prefix), no_cache=True, settings={"ignore_rows": burn_in})
        if not is_mcmc:
            # GetDist knows the samplers of Cobaya alone.
            samples.setSampler("nested")
        steps = samples.numrows
    except (OSError, ValueError, IndexError, WeightedSampleError) as error:
        raise EDEWBinsError(f"{prefix}: chain cannot be read ({error})") from error
    if steps < _MIN_STEPS:
        raise EDEWBinsError(
            f"{prefix}: {steps} steps after a burn-in of {burn_in:g}, "
            f"at least {_MIN_STEPS} are needed"
        )
    if not (np.all(np.isfinite(samples.samples)) and np.all(samples.weights > 0)):
        raise EDEWBinsError(f"{prefix}: chain cannot be read (it has values that are no numbers)")
    return Run(prefix, samples, info, burn_in)


def _is_mcmc(info: dict) -> bool:
    """Also the package's own; its other samplers are none that GetDist knows."""
    return not info.get("sampler") or get_sampler_type(info) == "mcmc"
