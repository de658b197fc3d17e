"""Cosmic shear, galaxy-galaxy lensing and clustering in real space, from 2-point FITS files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from cobaya.log import LoggedError

from ..bandpowers import GaussianBandpowers
from ..released import ReleasedData, ReleasedFile
from .projection import NODES, projection
from .twopoint_file import NAMES, read_2pt, read_cuts

FOLDER = Path(__file__).parent
SHEAR = ("xip", "xim")
# CosmoSIS's standard library, which redistributes the file of the joint analysis
CSL = "https://github.com/joezuntz/cosmosis-standard-library/archive/e6eccf1.zip"
DES_Y3 = "DES-Y3_xipm_and_KiDS-1000_COSEBIs_2.0_300.0.fits"
DES_Y1 = "2pt_NG_mcal_1110.fits"


class Cosmic2pt(ReleasedData):
    r"""
    Real-space two-point functions of shear and galaxy positions in the Limber approximation
    \cite{Chisari:2018vrw}: nonlinear intrinsic alignments, shear calibration, shifts of the
    redshift distributions, and a linear galaxy bias.
    """

    _archive: ClassVar = ""
    _files: ClassVar = {}

    file: str
    cuts: str | None
    statistics: Sequence[str]
    source: str
    lens: str | None
    k_max: float

    def initialize(self):
        try:
            from . import limber
        except ImportError as error:
            raise LoggedError(
                self.log, "%s: needed is pyccl (pip install 'ede-wbins[lss]')", error
            ) from None
        self.limber = limber
        if not self.statistics or (wrong := [n for n in self.statistics if n not in NAMES]):
            raise LoggedError(
                self.log,
                "statistics = %s: must be of %s",
                wrong[0] if self.statistics else self.statistics,
                ", ".join(NAMES),
            )
        self.has_lenses = bool(set(self.statistics) - set(SHEAR))
        if self.has_lenses and not self.lens:
            raise LoggedError(
                self.log, "lens: needed for gammat and wtheta is the extension with their n(z)"
            )
        samples = {"source": self.source} | ({"lens": self.lens} if self.has_lenses else {})
        file = read_2pt(self.log, self._path(self.file), tuple(self.statistics), samples)
        self.distributions = file.distributions
        self._check_bins(file.statistics)
        kept = self._kept(file.statistics)
        self.data = np.concatenate([s.value for s in file.statistics])[kept]
        self.covariance = file.covariance[np.ix_(kept, kept)]
        try:
            self.gaussian = GaussianBandpowers(self.covariance)
        except np.linalg.LinAlgError:
            raise LoggedError(
                self.log, "%s: the covariance is not positive definite", self.file
            ) from None
        self._set_projections(file.statistics, kept)
        z_max = max(d.z[-1] for d in self.distributions.values())
        self.z = np.linspace(0, z_max + 0.1, 400)
        self.pk_z = np.linspace(0, z_max + 0.1, 60)

    def _path(self, name: str) -> Path:
        """A released file by its path below `data/`, a table of this folder, or any path."""
        if name in self._files:
            return self.released_file(name)
        if (FOLDER / name).is_file():
            return FOLDER / name
        if not Path(name).is_file():
            raise LoggedError(self.log, "%s is not there", name)
        return Path(name)

    def _check_bins(self, statistics):
        bins = {sample: len(d.n_z) for sample, d in self.distributions.items()}
        for s in statistics:
            samples = [
                "source" if s.kind in SHEAR else "lens",
                "lens" if s.kind == "wtheta" else "source",
            ]
            for sample, used in zip(samples, s.pairs.T, strict=True):
                if used.min() < 1 or used.max() > bins[sample]:
                    raise LoggedError(
                        self.log,
                        "%s: %s has bin %d, but n(z) of %s has %d",
                        self.file,
                        s.kind,
                        used.max(),
                        sample,
                        bins[sample],
                    )

    def _kept(self, statistics) -> np.ndarray:
        """Which points the scale cuts keep."""
        if self.cuts is None:
            return np.arange(sum(len(s.value) for s in statistics))
        path = self._path(self.cuts)
        cuts = read_cuts(self.log, path)
        known = {(s.kind, *map(int, pair)) for s in statistics for pair in s.pairs}
        if unknown := [c for c in cuts if c[0] in self.statistics and c not in known]:
            raise LoggedError(
                self.log, "%s: %s has no bins %d %d in %s", path, *unknown[0], self.file
            )
        keep = [
            low < theta < high
            for s in statistics
            for pair, theta in zip(s.pairs, s.theta, strict=True)
            for low, high in [cuts.get((s.kind, *map(int, pair)), (0, 0))]
        ]
        if not any(keep):
            raise LoggedError(self.log, "%s: no point of %s is left", path, self.file)
        return np.flatnonzero(keep)

    def _set_projections(self, statistics, kept):
        """For each pair of bins with points: the statistic, the bins, and C_l to xi(theta)."""
        self.projections, start, keep = [], 0, set(kept)
        for s in statistics:
            rows = np.array([i for i in range(len(s.value)) if start + i in keep], dtype=int)
            start += len(s.value)
            # Pairs of redshift bins share their angular bins.
            angles = s.theta[:, None] if s.edges is None else s.edges
            unique, which = np.unique(angles[rows], axis=0, return_inverse=True)
            matrix = projection(s.kind, unique)
            for pair in dict.fromkeys(map(tuple, s.pairs[rows])):
                mine = which[np.all(s.pairs[rows] == pair, axis=1)]
                i, j = (int(number) - 1 for number in pair)
                self.projections.append((s.kind, i, j, matrix[mine]))

    def get_requirements(self) -> dict:
        return {
            "H0": None,
            "omegam": None,
            "Hubble": {"z": self.z},
            "comoving_radial_distance": {"z": self.z},
            "Pk_grid": {
                "z": self.pk_z,
                "k_max": self.k_max,
                "nonlinear": True,
                "vars_pairs": [("delta_tot", "delta_tot")],
            },
        }

    def logp(self, **params_values) -> float:
        provider = self.provider
        k, z, pk = provider.get_Pk_grid(("delta_tot", "delta_tot"), nonlinear=True)
        universe = self.limber.Universe(
            h=provider.get_param("H0") / 100,
            omega_m=provider.get_param("omegam"),
            z=self.z,
            hubble=provider.get_Hubble(self.z),
            distance=provider.get_comoving_radial_distance(self.z),
            k=k,
            pk_z=z,
            pk=pk,
        )
        return self.loglike(universe, self.nuisance(params_values))

    def nuisance(self, values: Mapping[str, float]):
        """Nuisance parameters by bin, from their names in Cobaya."""

        def each(name: str, sample: str) -> list[float]:
            count = len(self.distributions[sample].n_z) if sample in self.distributions else 0
            return [values[f"DES_{name}{i}"] for i in range(1, 1 + count)]

        shear = bool(set(self.statistics) - {"wtheta"})
        return self.limber.Nuisance(
            shift_source=each("DzS", "source") if shear else [],
            shear=each("m", "source") if shear else [],
            a_ia=values.get("DES_AIA", 0.0),
            alpha_ia=values.get("DES_alphaIA", 0.0),
            z0_ia=values.get("DES_z0IA", 0.62),
            shift_lens=each("DzL", "lens"),
            bias=each("b", "lens"),
        )

    def theory(self, universe, nuisance) -> np.ndarray:
        """Correlation functions at the points in use, in the order of the data."""
        cosmo = universe.calculator()
        sources = self.limber.source_tracers(
            cosmo, universe, self.distributions["source"], nuisance
        )
        lenses = []
        if self.has_lenses:
            lenses = self.limber.lens_tracers(cosmo, self.distributions["lens"], nuisance)
        first = {"xip": sources, "xim": sources, "gammat": lenses, "wtheta": lenses}
        second = {"xip": sources, "xim": sources, "gammat": sources, "wtheta": lenses}
        spectra, parts = {}, []
        for kind, i, j, matrix in self.projections:
            # xi+ and xi- come from one spectrum.
            key = ("shear" if kind in SHEAR else kind, i, j)
            if key not in spectra:
                spectra[key] = self.limber.spectrum(cosmo, first[kind][i], second[kind][j], NODES)
            calibration = 1.0
            if kind in SHEAR:
                calibration *= 1 + nuisance.shear[i]
            if kind != "wtheta":
                calibration *= 1 + nuisance.shear[j]
            parts.append(calibration * (matrix @ spectra[key]))
        return np.concatenate(parts)

    def loglike(self, universe, nuisance) -> float:
        """ln L, without the norm of the Gaussian.

        Parameters
        ----------
        universe : limber.Universe
        nuisance : limber.Nuisance
        """
        return -0.5 * self.gaussian.chi2(self.data - self.theory(universe, nuisance))


class DESY3Shear(Cosmic2pt):
    r"""
    DES Y3 cosmic shear \cite{DES:2021bvc,DES:2021vln}, from the file of the joint analysis with
    KiDS-1000 \cite{Kilo-DegreeSurvey:2023gfr}.
    """

    bibtex_file = "Cosmic2pt.bibtex"

    _archive: ClassVar = CSL
    _files: ClassVar = {
        f"des_y3_kids1000/{DES_Y3}": ReleasedFile(
            f"likelihood/des-y3_and_kids-1000/{DES_Y3}",
            "4c901ab8b8e7e39e5602704f2b6f6ce6a1297c8fb7642421851479831f257d55",
        )
    }


class DESY1(Cosmic2pt):
    r"""
    DES Y1 3x2pt \cite{DES:2017myr}.
    """

    bibtex_file = "Cosmic2pt.bibtex"

    _archive: ClassVar = (
        f"https://desdr-server.ncsa.illinois.edu/despublic/y1a1_files/chains/{DES_Y1}"
    )
    # The file was not at hand to take its checksum from.
    _files: ClassVar = {f"des_y1/{DES_Y1}": ReleasedFile(DES_Y1, None)}
