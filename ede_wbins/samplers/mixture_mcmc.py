"""Cobaya's MCMC, with jumps across the whole posterior among its steps."""

from contextlib import nullcontext

import numpy as np
from cobaya import mpi
from cobaya.conventions import OutPar
from cobaya.model import LogPosterior
from cobaya.samplers.mcmc import MCMC
from cobaya.theory import Theory

from ede_wbins.convergence import BURN_IN, gelman_rubin
from ede_wbins.resample import evenly
from ede_wbins.samplers import importance
from ede_wbins.samplers.jumps import Jumps, fit

_POINTS = 6_000
"""Of the chains, at most, that the mixture is fitted to."""
_BLOCKS = 6
"""Of a chain: those in between tell how many Gaussians are good."""
_GROWTH = 1.5
"""Of the chains until the next fit. Ever rarer, it changes in the end no posterior."""
_ROWS = 5
"""Of the chains that are as good for a fit as an independent draw."""
_JUMPS = 3
"""For each step of the slowest block, where the mixture is known to be good, else one."""
_PER_DIMENSION = 20
"""Independent points that a fit needs."""


class MixtureMCMC(MCMC):
    r"""
    Adaptive Metropolis sampler \cite{Lewis:2002ah,Lewis:2013hha}, many steps of which are jumps,
    drawn from mixtures of Gaussians. They are fitted to the chains, and before there are any, to
    importance samples of the posterior where a theory's training has left draws to start from.

    Steps about the current point take hundreds of evaluations to cross a posterior that no single
    Gaussian resembles, such as early dark energy's at small fEDE. A jump is independent of where
    the chain is (Tierney 1994: accepted by the ratio of posterior over mixture), and those steps
    remain for what the mixture lacks. It is one of the theories' parameters, which those of
    likelihoods alone follow, or one of these.

    Attributes
    ----------
    jumps : Jumps or None
        Once there are any.
    importance : Sampled or None
        The importance samples, of the emulated posterior, where there are any.
    """

    # GetDist asks the file of a run for it.
    sampler_type: str = "mcmc"

    def initialize(self):
        """Set up Cobaya's sampler, which proposes jumps from its first fit on."""
        theories = self.model.theory.values()
        dependent = self.model.sampled_dependence.values()
        leads = np.array([any(each in theories for each in components) for components in dependent])
        # Without any theory no parameter waits for another.
        self._leads = leads if leads.any() else ~leads
        self.jumps, self._for_each_step, self._learned_at = None, 1, 0
        # By how much ln L was too large at the current point when it was tried with the emulator.
        self._off = 0.0
        super().initialize()
        self.importance = self._sample_importance() if self._trained else None
        if self.importance and not len(self.collection):
            self._start_from_one_of(self.importance)
        if self.output.is_resuming():
            self._learn_mixture()

    @property
    def _trained(self) -> Theory | None:
        """The theory that has an emulator, once it is trained: a run that goes on trains late."""
        theories = self.model.theory.values()
        return next((each for each in theories if getattr(each, "draws", None) is not None), None)

    def _sample_importance(self) -> importance.Sampled | None:
        """Learn the mixture from a theory's draws of the posterior, before there are chains."""
        self.mpi_info("Importance sampling of the emulated posterior")

        def log_density(x: np.ndarray) -> float:
            return self._emulated(x).logpost / self.temperature

        try:
            found = importance.sample(
                log_density, self._trained.draws, self.model.prior.bounds(), self._rng, self._leads
            )
        except np.linalg.LinAlgError:
            return None
        self.mpi_info("%d points, worth %d", len(found.points), found.n_effective)
        if found.n_effective > _PER_DIMENSION * self.model.prior.d():
            self._learned_at, self._for_each_step = int(_ROWS * found.n_effective), _JUMPS
            self._jump_from(found.jumps)
        return found

    def _start_from_one_of(self, found: importance.Sampled) -> None:
        """Start from a draw of the posterior, each chain from another one."""
        start = found.points[self._rng.choice(len(found.points), p=found.weights)]
        results = self.model.logposterior(start)
        if np.isfinite(results.logpost):
            self.current_point.add(start, results)
            self.log.info("Instead, a draw of the emulated posterior: %s", self.current_point)

    def _jump_from(self, found: Jumps) -> None:
        self.jumps = found
        sizes = len(found.leading.weights), len(found.others.weights)
        self.mpi_info(" - Jumps from mixtures of %d and %d Gaussians", *sizes)

    def set_proposer_blocking(self):
        """Find blocks, as Cobaya does, and how many steps are in the slowest one."""
        super().set_proposer_blocking()
        self._slow = 1.0 if self.drag else len(self.blocks[0]) / self.cycle_length
        self._step = self._drag if self.drag else self._metropolis
        self._drag_as_cobaya, self.get_new_sample = self.get_new_sample, self._jump_or_step

    @property
    def _share(self) -> float:
        """Of all steps, that of jumps."""
        jumps = self._for_each_step * self._slow
        return jumps / (1 + jumps)

    def _jump_or_step(self) -> bool:
        if self.jumps is None or self._rng.random() > self._share:
            return self._step()
        return self._jump()

    def _drag(self) -> bool:
        accept = self._drag_as_cobaya()
        if accept:
            self._off = 0.0
        return accept

    def _metropolis(self) -> bool:
        trial = self.current_point.values.copy()
        self.proposer.get_proposal(trial)
        return self._try(self.model.prior.reduce_periodic(trial, copy=False), 0.0)

    def _jump(self) -> bool:
        trial, log_ratio = self.jumps.propose(self.current_point.values, self._rng)
        return self._try(trial, -self.temperature * log_ratio)

    def _try(self, trial: np.ndarray, log_ratio: float) -> bool:
        """
        Whether to go to a point, which is proposed from here as often as here from there, times
        exp(-log_ratio).

        Where the emulator is not good enough, in two tests, by the emulator alone, and by how far
        it was off (Christen and Fox 2005): CLASS computes no point that is too improbable.
        """
        with self._trained.deferring() if self._trained else nullcontext() as doubts:
            results = self.model.logposterior(trial)
        # Where it was not asked, its results are those of here.
        off = 0.0 if doubts else self._off
        emulated, here = results.logpost + off, self.current_point.logpost + self._off
        accept = self.metropolis_accept(emulated + log_ratio, here)
        if accept and doubts and doubts[0]:
            results = self.model.logposterior(trial, cached=False)
            off = emulated - results.logpost
        if accept and off != self._off:
            accept = self.metropolis_accept(-off, -self._off)
        self.process_accept_or_reject(accept, trial, results)
        if accept:
            self._off = off
        return accept

    def _emulated(self, x: np.ndarray) -> LogPosterior:
        """The posterior at a point without any call of CLASS."""
        with self._trained.always("emulated"):
            return self.model.logposterior(x, return_derived=False, cached=False)

    def check_convergence_and_learn_proposal(self):
        """Do what Cobaya does at a checkpoint, and fit the mixture where chains are longer."""
        super().check_convergence_and_learn_proposal()
        if self.learn_proposal and self.Rminus1_last < self.learn_proposal_Rminus1_max:
            self._learn_mixture()

    def write_checkpoint(self):
        """
        Write how far the run is, with which Cobaya ends a check of convergence.

        It has converged if the means of the part that will be analysed, which is more than Cobaya
        compares, agree as well.
        """
        if self.converged and self._R_minus_1() > self.Rminus1_stop:
            self.mpi_info("But those of all but the first %.0f%% do not agree", 100 * BURN_IN)
            self.converged = False
        super().write_checkpoint()

    def _R_minus_1(self) -> float:
        kept = self.samples(skip_samples=BURN_IN, to_getdist=True)
        return gelman_rubin(kept.getSeparateChains(), self.model.prior.d())

    def _learn_mixture(self) -> None:
        """Fit the later halves of all chains, if they have grown enough since the last fit."""
        length = sum(mpi.allgather(len(self.collection)))
        if length < max(_GROWTH * self._learned_at, _PER_DIMENSION * self.model.prior.d()):
            return
        self._learned_at = length
        blocks = mpi.allgather(self._blocks())
        seen, unseen = (
            np.concatenate([block for chain in blocks for block in chain[first::2]])
            for first in (0, 1)
        )
        try:
            bounds = self.model.prior.bounds()
            self._jump_from(fit(seen, unseen, bounds, self._rng, self._leads))
        except np.linalg.LinAlgError:
            # Of too few different points: later ones will do.
            self.log.debug("The points of the chains lie in a plane: no mixture is fitted")

    def _blocks(self) -> list[np.ndarray]:
        """Points of the later half of this chain, each as often as its weight, in blocks."""
        rows = self.collection[len(self.collection) // 2 :]
        weights = rows[OutPar.weight].to_numpy()
        at = evenly(weights, int(min(weights.sum(), _POINTS / mpi.size())))
        points = rows[self.collection.sampled_params].to_numpy(dtype=float)[at]
        return np.array_split(points, _BLOCKS)
