"""A run under functional priors instead of flat ones alone, by weights on its samples."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ede_wbins import priors
from ede_wbins.analysis.run import Run
from ede_wbins.errors import EDEWBinsError

_FEWEST = 50


def reweighted(run: Run, names: Sequence[str], scale: float = 1.0) -> Run:
    """
    The run with the priors `names` of `ede_wbins.priors` beside its own.

    Parameters
    ----------
    run : Run
        A run with flat priors of the dark energy parameters, on the ranges of their defaults.
    names : sequence of str
        "early" or "late", or both.
    scale : float
        The priors' scale.

    Raises
    ------
    EDEWBinsError
        If the run lacks a parameter, a prior is unknown, or hardly a sample has weight.
    """
    log_weight = np.zeros(run.samples.numrows)
    for name in names:
        if name == "early":
            prior, needed = priors.early(scale), ["fEDE", "log10z_c"]
        elif name == "late":
            needed = [f"w{i}" for i in range(1, 1 + len(run.z_edges))]
            if not needed:
                raise EDEWBinsError(f"{run.prefix}: has no bins of w(z)")
            prior = priors.late(z_edges=run.z_edges, scale=scale)
        else:
            raise EDEWBinsError(f"prior = {name!r}: must be early or late")
        run.require(*needed)
        points = np.column_stack([run.samples[each] for each in needed])
        log_weight += [prior(*point) for point in points]
    weight = run.samples.weights * np.exp(log_weight - log_weight.max())
    worth = weight.sum() ** 2 / np.sum(weight**2)
    if not worth > _FEWEST:
        raise EDEWBinsError(
            f"{run.prefix}: under the prior {', '.join(names)} of scale {scale:g} its samples are "
            f"worth only {worth:.0f}: sample with the prior instead, or take a larger scale"
        )
    samples = run.samples.copy()
    samples.reweightAddingLogLikes(log_weight.max() - log_weight)
    return replace(
        run, prefix=run.prefix.with_name(f"{run.name}, {'+'.join(names)}"), samples=samples
    )
