"""Jumps across a posterior: a density from mixtures of Gaussians, and what is proposed from it."""

from dataclasses import dataclass

import numpy as np
from cobaya import mpi

from ede_wbins import mixture
from ede_wbins.mixture import Mixture

_TRIED = 20_000
"""Draws that tell how much of a mixture lies within bounds."""
_TRIES = 20
"""For a point within them, to jump to."""
_FLOOR = 0.01
"""Of the Gaussians' variances, in units of the density's: chains rest for many steps."""
_WIDTHS, _SHARES = (1.1, 1.4), (0.7, 0.3)
"""Of each Gaussian, in units of that fitted, and how much of it: tails of Gaussians fall off faster
than most (defensive mixtures, Hesterberg 1995)."""


@dataclass(frozen=True)
class Jumps:
    """
    A density within the bounds of a prior: a mixture of Gaussians in the leading parameters, and
    one in what is left of the others, which follow the leading ones linearly.

    In many dimensions no mixture that can be fitted is close to a posterior. Its leading parameters
    alone, or the others alone, still find a point that is as probable.

    Attributes
    ----------
    leading, others : Mixture
    slope : ndarray, shape (d - l, l)
        Of the others in the l leading ones.
    leads : ndarray of bool, shape (d,)
        Which ones do.
    bounds : ndarray, shape (d, 2)
    share : float
        Of the mixtures within them.
    """

    leading: Mixture
    others: Mixture
    slope: np.ndarray
    leads: np.ndarray
    bounds: np.ndarray
    share: float = 1.0

    @classmethod
    def within(cls, bounds: np.ndarray, rng: np.random.Generator, **parts) -> "Jumps":
        """
        The part of mixtures within bounds.

        Raises
        ------
        LinAlgError
            If there is next to none.
        """
        share = np.mean(_inside(cls(**parts, bounds=bounds)._sample(_TRIED, rng), bounds))
        if not share:
            raise np.linalg.LinAlgError("the mixture is out of bounds")
        return cls(**parts, bounds=bounds, share=float(share))

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        """Log of the density at points of shape (n, d) within the bounds."""
        leading, left = self._parts(x)
        return self.leading.logpdf(leading) + self.others.logpdf(left) - np.log(self.share)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw `n` points, shape (n, d)."""
        found = np.empty((0, len(self.leads)))
        while len(found) < n:
            more = self._sample(int((n - len(found)) / self.share) + 1, rng)
            found = np.concatenate([found, more[_inside(more, self.bounds)]])
        return found[:n]

    def propose(self, x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """
        A point to go to from `x`, shape (d,), and ln of how much more often it is proposed from `x`
        than `x` from it.

        Either the leading parameters are drawn anew, and the others follow, or the others are. What
        share of such points is within bounds depends on what stays, and is the same there.
        """
        leading, left = self._parts(np.repeat(x[None], _TRIES, axis=0))
        if rng.random() < min(np.mean(~self.leads), 0.5):
            drawn, before = self.others, left
            after = left = drawn.sample(_TRIES, rng)
        else:
            drawn, before = self.leading, leading
            after = leading = drawn.sample(_TRIES, rng)
        found = self._whole(leading, left)
        first = np.argmax(_inside(found, self.bounds))
        there, here = drawn.logpdf(np.array([after[first], before[0]]))
        return found[first], there - here

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self._whole(self.leading.sample(n, rng), self.others.sample(n, rng))

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        leading = x[:, self.leads]
        return leading, x[:, ~self.leads] - leading @ self.slope.T

    def _whole(self, leading: np.ndarray, left: np.ndarray) -> np.ndarray:
        x = np.empty((len(leading), len(self.leads)))
        x[:, self.leads], x[:, ~self.leads] = leading, left + leading @ self.slope.T
        return x


def fit(
    seen: np.ndarray,
    unseen: np.ndarray,
    bounds: np.ndarray,
    rng: np.random.Generator,
    leads: np.ndarray,
) -> Jumps:
    """
    Fit draws, shape (n, d), and others, on which the numbers of Gaussians are chosen.

    The density ends at `bounds`, shape (d, 2): most of a mixture may lie beyond them where data say
    little about many parameters. The main MPI process fits, for all.

    Raises
    ------
    LinAlgError
        If too few of them differ.
    """
    found = error = None
    if mpi.is_main_process():
        try:
            found = Jumps.within(bounds, rng, **_fitted(seen, unseen, leads), leads=leads)
        except np.linalg.LinAlgError as caught:
            error = caught
    found, error = mpi.share_mpi((found, error))
    if error:
        raise error
    return found


def _fitted(seen: np.ndarray, unseen: np.ndarray, leads: np.ndarray) -> dict:
    """The mixtures of leading parameters and of what is left of the others, and their slope."""
    x = np.concatenate([seen, unseen])
    x = x - x.mean(axis=0)
    slope = np.linalg.lstsq(x[:, leads], x[:, ~leads])[0].T
    leading = _wider(mixture.fit(seen[:, leads], unseen=unseen[:, leads], floor=_FLOOR))
    if leads.all():
        # The density of no parameters, which is 1.
        nothing = Mixture(np.ones(1), np.empty((1, 0)), np.empty((1, 0, 0)))
        return {"leading": leading, "others": nothing, "slope": slope}
    left = [each[:, ~leads] - each[:, leads] @ slope.T for each in (seen, unseen)]
    others = _wider(mixture.fit(left[0], unseen=left[1], floor=_FLOOR))
    return {"leading": leading, "others": others, "slope": slope}


def _inside(points: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return np.all((points > bounds[:, 0]) & (points < bounds[:, 1]), axis=1)


def _wider(fitted: Mixture) -> Mixture:
    return Mixture(
        np.concatenate([share * fitted.weights for share in _SHARES]),
        np.tile(fitted.means, (len(_WIDTHS), 1)),
        np.concatenate([width * fitted.roots for width in _WIDTHS]),
    )
