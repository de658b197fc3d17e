"""Nautilus as a sampler of Cobaya: importance nested sampling, for evidences and many modes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from cobaya import mpi
from cobaya.collection import SampleCollection
from cobaya.component import ComponentNotInstalledError
from cobaya.conventions import Extension
from cobaya.model import Model
from cobaya.sampler import Sampler
from cobaya.yaml import yaml_dump_file

# Processes that only compute likelihoods get points, not models: each has its own.
_model: Model | None = None


class Nautilus(Sampler):
    r"""
    Importance nested sampling with neural networks \cite{Lange:2023ydq}: evidence and weighted
    samples.

    With MPI one process samples and all compute likelihoods. What it has done is in
    <output>.nautilus.hdf5: `--resume` goes on there.
    """

    n_live: int
    n_eff: int
    n_networks: int
    seed: int | None

    def initialize(self):
        """
        Find nautilus, and mark the model as the one to compute.

        Raises
        ------
        ComponentNotInstalledError
            If nautilus is not there.
        """
        global _model
        try:
            import nautilus
        except ImportError as error:
            raise ComponentNotInstalledError(
                self.log, "%s: needed is nautilus (pip install 'ede-wbins[nautilus]')", error
            ) from None
        self._nautilus = nautilus
        _model = self.model
        self.collection = SampleCollection(self.model, self.output, name="1")
        self.log_z = np.nan

    def run(self):
        """Sample until there are `n_eff` effective samples."""
        with _pool() as pool:
            if mpi.is_main_process():
                self._sample(pool)

    def _sample(self, pool):
        path = None
        if self.output:
            path = f"{self.output.folder}/{self.output.prefix}.nautilus.hdf5"
        n_blobs = len(_posterior(np.full(self.model.prior.d(), 0.5))) - 1
        sampler = self._nautilus.Sampler(
            _from_unit_cube,
            _posterior,
            n_dim=self.model.prior.d(),
            n_live=self.n_live,
            n_networks=self.n_networks,
            seed=self.seed,
            filepath=path,
            resume=bool(self.output and self.output.is_resuming()),
            blobs_dtype=[(str(i), float) for i in range(n_blobs)],
            pass_dict=False,
            pool=pool,
        )
        sampler.run(n_eff=self.n_eff, verbose=True)
        self.log_z = float(sampler.log_z)
        self.log.info("ln evidence = %.3f, %d effective samples", self.log_z, sampler.n_eff)
        self._collect(*sampler.posterior(return_blobs=True))
        if self.output:
            # As Cobaya writes PolyChord's; the error is that of the effective samples (2306.16923).
            evidence = {"logZ": self.log_z, "logZstd": float(sampler.n_eff**-0.5)}
            name = f"{self.output.folder}/{self.output.prefix}{Extension.evidence}"
            yaml_dump_file(name, evidence, error_if_exists=False)

    def _collect(self, points, log_weights, _log_l, blobs):
        n_priors, n_likes = len(self.model.prior), len(self.model.likelihood)
        self.collection.reset()
        for point, weight, blob in zip(
            points, np.exp(log_weights - log_weights.max()), blobs, strict=True
        ):
            if weight > 1e-10:
                priors, likes, derived = np.split(list(blob), [n_priors, n_priors + n_likes])
                self.collection.add(
                    point, logpriors=priors, loglikes=likes, derived=derived, weight=weight
                )
        self.collection.out_update()

    def products(self, combined=False, skip_samples=0, to_getdist=False):
        """The weighted samples, as Cobaya's or GetDist's, and the logarithm of the evidence."""
        sample = self.collection.to_getdist() if to_getdist else self.collection
        return {"sample": sample, "logZ": self.log_z}

    @classmethod
    def output_files_regexps(cls, output, info=None, minimal=False):
        """Nautilus's own file, and the samples with their evidence."""
        samples = [r"\.1\.txt$", re.escape(Extension.evidence) + "$"]
        names = [r"\.nautilus\.hdf5$", *([] if minimal else samples)]
        return [(re.compile(re.escape(output.prefix) + name), None) for name in names]


@contextmanager
def _pool() -> Iterator:
    """In the first process what takes points to the others, which wait here; None without MPI."""
    if not mpi.more_than_one_process():
        yield None
        return
    from mpi4py.futures import MPICommExecutor

    with MPICommExecutor(mpi.get_mpi_comm(), root=0) as executor:
        yield executor


def _from_unit_cube(u: np.ndarray) -> np.ndarray:
    return np.array([pdf.ppf(x) for pdf, x in zip(_model.prior.pdf, u, strict=True)])


def _posterior(point: np.ndarray) -> tuple[float, ...]:
    """ln of likelihood and external priors; of each prior and likelihood; derived parameters."""
    found = _model.logposterior(np.asarray(point))
    priors, likes = found.logpriors, found.loglikes
    if not len(likes):
        likes = np.full(len(_model.likelihood), -np.inf)
    n_derived = len(_model.parameterization.derived_params())
    derived = found.derived if len(found.derived) else np.full(n_derived, np.nan)
    return float(np.sum(priors[1:]) + np.sum(likes)), *priors, *likes, *derived
