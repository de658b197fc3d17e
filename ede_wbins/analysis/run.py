"""An MCMC run of Cobaya, read from its output."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cobaya.yaml import yaml_load_file
from getdist import MCSamples, loadMCSamples
from getdist.chains import WeightedSampleError, WeightedSamples

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model import default_edges

BURN_IN = 0.3
"""Share of each chain that is cut at its start."""

CONVERGED = 0.01
"""R-1 of the means below which a run counts as converged."""

_BATCHES = 5
_MIN_STEPS = 10


@dataclass(frozen=True)
class Run:
    """
    Samples of one run, with what the run was.

    Attributes
    ----------
    name : str
        Last part of the output prefix.
    samples : MCSamples
        The chains after burn-in.
    info : dict
        The run's `.updated.yaml`.
    """

    name: str
    samples: MCSamples
    info: dict

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return len(self.samples.chain_offsets) - 1

    @property
    def R_minus_1(self) -> float:
        """
        R-1 of the means of the sampled parameters in their worst direction, between chains, or
        between the halves of a single chain (Gelman and Rubin 1992; Brooks and Gelman 1998).

        NaN if the chains are too short to tell.
        """
        chains = self.samples.getSeparateChains()
        if len(chains) == 1:
            chains = _pieces(chains[0], 2)
        sampled = self.samples.paramNames.numNonDerived()
        if min(chain.numrows for chain in chains) <= sampled:
            return np.nan
        eigenvalues = self.samples.getGelmanRubinEigenvalues(sampled, chains)
        return np.nan if eigenvalues is None else float(max(eigenvalues))

    @property
    def effective_samples(self) -> float:
        """
        Number of independent samples that the worst-mixed sampled parameter is worth.

        From the scatter of batch means (Flegal and Jones 2010), between chains included: unlike an
        autocorrelation length it notices that chains are too short to have mixed.
        """
        sampled = self.samples.paramNames.numNonDerived()
        chains = self.samples.getSeparateChains()
        batches = [batch for chain in chains for batch in _pieces(chain, _BATCHES)]
        scatter = np.var([batch.getMeans(range(sampled)) for batch in batches], axis=0, ddof=1)
        variance = self.samples.getVars()[:sampled]
        with np.errstate(divide="ignore"):
            return float(min(len(batches) * min(variance / scatter), self.samples.numrows))

    @property
    def z_edges(self) -> tuple[float, ...]:
        """Upper edges of the bins of w(z); empty without bins."""
        for options in self.info.get("theory", {}).values():
            if edges := (options or {}).get("z_edges"):
                return tuple(edges)
            if n_bins := (options or {}).get("n_bins"):
                return default_edges(n_bins)
        return ()

    def has(self, *names: str) -> bool:
        """Whether these parameters vary in the chains."""
        return all(self.samples.paramNames.parWithName(name) for name in names)


def _pieces(chain: WeightedSamples, number: int) -> list[WeightedSamples]:
    """Consecutive pieces of a chain, of about the same weight; fewer where a single row has it."""
    total = np.cumsum(chain.weights)
    cuts = np.searchsorted(total, total[-1] * np.arange(1, number) / number)
    parts = zip(np.split(chain.samples, cuts), np.split(chain.weights, cuts), strict=True)
    return [WeightedSamples(samples=rows, weights=weights) for rows, weights in parts if len(rows)]


def load_run(prefix: str | Path) -> Run:
    """
    Read a run, finished or still going on.

    Parameters
    ----------
    prefix : str or Path
        The run's `output`, such as chains/quickstart.

    Raises
    ------
    EDEWBinsError
        If there is no chain, it is too short, or it cannot be read.
    """
    prefix = Path(prefix)
    record = prefix.with_name(prefix.name + ".updated.yaml")
    if not record.is_file() or not any(prefix.parent.glob(f"{prefix.name}.*.txt")):
        raise EDEWBinsError(
            f"{prefix}: no run there (looked for {record.name} and {prefix.name}.1.txt)"
        )
    info = yaml_load_file(str(record))
    if not (info and info.get("params") and info.get("likelihood")):
        raise EDEWBinsError(f"{record}: not a Cobaya run's (it lacks params or likelihood)")
    try:
        # An unfinished chain of one line is read as a vector, hence the general net.
        samples = loadMCSamples(str(prefix), no_cache=True, settings={"ignore_rows": BURN_IN})
        steps = samples.numrows
    except (OSError, ValueError, IndexError, WeightedSampleError) as error:
        raise EDEWBinsError(f"{prefix}: chain cannot be read ({error})") from error
    if steps < _MIN_STEPS:
        raise EDEWBinsError(
            f"{prefix}: {steps} steps after burn-in, at least {_MIN_STEPS} are needed"
        )
    return Run(prefix.name, samples, info)
