"""Gaussian skies in temperature and E polarisation: noise, likelihood, and random spectra."""

from collections.abc import Mapping

import numpy as np

ARCMIN = np.pi / 180 / 60


def noise_spectra(ells: np.ndarray, experiment: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """N_l of T and E in muK^2: channels with white noise and Gaussian beams, optimally combined."""
    beam = np.asarray(experiment["beam"])[:, None] * ARCMIN
    blur = np.exp(ells * (ells + 1) * beam**2 / (8 * np.log(2)))
    return tuple(
        1 / np.sum(1 / ((np.asarray(experiment[name])[:, None] * ARCMIN) ** 2 * blur), axis=0)
        for name in ("noise_t", "noise_p")
    )


class GaussianSky:
    """-2 ln L of the spectra of a Gaussian sky, of which a fraction is seen.

    Sum over l of f_sky (2l+1) [tr(C^ C^-1) - ln det(C^ C^-1) - n], with C^ the spectra of the data,
    C those of theory and noise, and n = 2 fields, or one where the other is not used (0 at C = C^).

    Parameters
    ----------
    experiment : mapping
        As in `experiments.yaml`.
    """

    def __init__(self, experiment: Mapping):
        self.l_max = int(max(experiment["l_max_t"], experiment["l_max_p"]))
        self.ells = np.arange(int(experiment["l_min"]), self.l_max + 1)
        self.modes = experiment["f_sky"] * (2 * self.ells + 1)
        self.noise = noise_spectra(self.ells, experiment)
        self.has_t = self.ells <= experiment["l_max_t"]
        self.has_p = self.ells <= experiment["l_max_p"]

    def total(self, dl: Mapping[str, np.ndarray]) -> np.ndarray:
        """C_l of signal and noise, shape (3, n_l): TT, TE, EE.

        Parameters
        ----------
        dl : mapping
            D_l = l(l+1)C_l/2pi of "tt", "te" and "ee" in muK^2, from l = 0 to at least `l_max`.
        """
        factor = 2 * np.pi / (self.ells * (self.ells + 1))
        tt, te, ee = (dl[name][self.ells] * factor for name in ("tt", "te", "ee"))
        return np.array([tt + self.noise[0], te, ee + self.noise[1]])

    def chi2(self, data: np.ndarray, theory: np.ndarray) -> float:
        """-2 ln L, 0 where theory is the data; both as from `total`."""
        (dtt, dte, dee), (tt, te, ee) = data, theory
        det, ddet = tt * ee - te**2, dtt * dee - dte**2
        both = (dtt * ee + dee * tt - 2 * dte * te) / det - np.log(ddet / det) - 2
        only_t = dtt / tt - np.log(dtt / tt) - 1
        only_p = dee / ee - np.log(dee / ee) - 1
        each = np.where(self.has_t & self.has_p, both, np.where(self.has_t, only_t, only_p))
        return float(self.modes @ each)

    def draw(self, theory: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Random spectra of a sky with the spectra `theory`: Wishart, by Bartlett's triangle."""
        tt, te, ee = theory
        a = np.sqrt(rng.chisquare(self.modes))
        b = np.sqrt(rng.chisquare(self.modes - 1))
        c = rng.standard_normal(len(self.ells))
        l11 = np.sqrt(tt)
        l21 = te / l11
        l22 = np.sqrt(ee - l21**2)
        t, e1, e2 = l11 * a, l21 * a + l22 * c, l22 * b
        return np.array([t * t, t * e1, e1 * e1 + e2 * e2]) / self.modes
