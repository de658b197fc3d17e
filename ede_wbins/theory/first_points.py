"""Where an emulator starts to learn: points spread over the parameters."""

from logging import Logger

import numpy as np
from cobaya.log import LoggedError
from cobaya.model import Model
from scipy.stats import norm, qmc

_REACH = 1.5
"""Spread of the points, in standard deviations of the start."""

# Without fEDE nothing depends on these: whatever the data, their whole prior is in reach.
_UNBOUND = ("log10z_c", "thetai_ede")
_SEED = 20


def first_points(model: Model, start: str | None, log: Logger) -> np.ndarray:
    """
    Sobol points, Gaussian about the reference, folded at the bounds of the prior.

    Parameters
    ----------
    model : Model
    start : str, optional
        File of a covariance matrix; without it the reference's own widths are taken.
    log : Logger

    Returns
    -------
    points : ndarray, shape (n, d)
        The same ones at each call.

    Raises
    ------
    LoggedError
        If there is no covariance matrix in `start`.
    """
    prior, names = model.prior, list(model.parameterization.sampled_params())
    rng = np.random.default_rng(_SEED)
    low, high = prior.bounds().T
    centre = np.mean([prior.reference(random_state=rng) for _ in range(200)], axis=0)
    root = np.linalg.cholesky(_covariance(model, names, start, log))
    unit = qmc.Sobol(len(names), rng=rng).random_base2(7)
    x = centre + _REACH * norm.ppf(unit) @ root.T
    for name in set(_UNBOUND).intersection(names):
        i = names.index(name)
        x[:, i] = low[i] + (high[i] - low[i]) * unit[:, i]
    for _ in range(4):
        x = np.where(x < low, 2 * low - x, x)
        x = np.where(x > high, 2 * high - x, x)
    return x[np.all((x > low) & (x < high), axis=1)]


def _covariance(model: Model, names: list[str], start: str | None, log: Logger) -> np.ndarray:
    prior = model.prior
    variances = np.nan_to_num(prior.reference_variances(), nan=0.0)
    variances = np.where(variances > 0, variances, prior.covmat(ignore_external=True).diagonal())
    covariance = np.diag(variances)
    if start:
        try:
            with open(start) as file:
                given_names = file.readline().strip("# \n").split()
            given = np.loadtxt(start, ndmin=2)
            both = [name for name in names if name in given_names]
            mine = [names.index(name) for name in both]
            theirs = [given_names.index(name) for name in both]
            covariance[np.ix_(mine, mine)] = given[np.ix_(theirs, theirs)]
            np.linalg.cholesky(covariance)
        except (OSError, ValueError, IndexError, np.linalg.LinAlgError) as error:
            raise LoggedError(
                log, "start = %r: not a covariance matrix (%s)", start, error
            ) from None
    return covariance
