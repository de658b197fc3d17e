"""Cobaya's MCMC, with jumps across the whole posterior among its steps."""

import numpy as np
from cobaya import mpi
from cobaya.conventions import OutPar
from cobaya.samplers.mcmc import MCMC

from ede_wbins import mixture

_POINTS = 6_000
"""Of the chains, at most, that the mixture is fitted to."""
_FLOOR = 0.01
"""Of its Gaussians' variances, in units of the posterior's: chains rest for many steps."""
_BLOCKS = 6
"""Of a chain: those in between tell how many Gaussians are good."""
_GROWTH = 1.5
"""Of the chains until the next fit. Ever rarer, it changes in the end no posterior."""


class MixtureMCMC(MCMC):
    r"""
    Adaptive Metropolis sampler \cite{Lewis:2002ah,Lewis:2013hha}, as many steps of which as its
    slowest block has are jumps, drawn from a mixture of Gaussians that it fits to its own chains.

    Steps about the current point take hundreds of evaluations to cross a posterior that no single
    Gaussian resembles, such as early dark energy's at small fEDE. A jump is independent of where
    the chain is (Tierney 1994: accepted by the ratio of posterior over mixture), and those steps
    remain for what the mixture lacks.
    """

    # GetDist asks the file of a run for it.
    sampler_type: str = "mcmc"

    def initialize(self):
        """Set up Cobaya's sampler, which proposes jumps from its first fit on."""
        self.mixture, self._learned_at = None, 0
        super().initialize()
        if not len(self.collection):
            self._start_from_draw()
        if self.output.is_resuming():
            self._learn_mixture()

    def _start_from_draw(self) -> None:
        """Start from a draw of the posterior where a theory's training has made some."""
        for theory in self.model.theory.values():
            draws = getattr(theory, "draws", None)
            if draws is not None:
                # Each chain from another one.
                start = draws[mpi.rank() % len(draws)]
                results = self.model.logposterior(start)
                if np.isfinite(results.logpost):
                    self.current_point.add(start, results)
                    self.log.info("Instead, a draw of the training: %s", self.current_point)

    def set_proposer_blocking(self):
        """Find blocks, as Cobaya does, and what share of steps are to be jumps."""
        super().set_proposer_blocking()
        slow = 1.0 if self.drag else len(self.blocks[0]) / self.cycle_length
        self._share = slow / (1 + slow)
        self._step, self.get_new_sample = self.get_new_sample, self._jump_or_step

    def _jump_or_step(self) -> bool:
        if self.mixture is None or self._rng.random() > self._share:
            return self._step()
        trial = self.mixture.sample(1, self._rng)[0]
        results = self.model.logposterior(trial)
        here, there = self.temperature * self.mixture.logpdf(
            np.array([self.current_point.values, trial])
        )
        accept = self.metropolis_accept(results.logpost - there, self.current_point.logpost - here)
        self.process_accept_or_reject(accept, trial, results)
        return accept

    def check_convergence_and_learn_proposal(self):
        """Do what Cobaya does at a checkpoint, and fit the mixture where chains are longer."""
        super().check_convergence_and_learn_proposal()
        if self.learn_proposal and self.Rminus1_last < self.learn_proposal_Rminus1_max:
            self._learn_mixture()

    def _learn_mixture(self) -> None:
        """Fit the later halves of all chains, if they have grown enough since the last fit."""
        length = sum(mpi.allgather(len(self.collection)))
        if length < max(_GROWTH * self._learned_at, 20 * self.model.prior.d()):
            return
        self._learned_at = length
        blocks = mpi.gather(self._blocks())
        if mpi.is_main_process():
            seen, unseen = (
                np.concatenate([block for chain in blocks for block in chain[first::2]])
                for first in (0, 1)
            )
            try:
                self.mixture = mixture.fit(seen, unseen=unseen, floor=_FLOOR)
            except np.linalg.LinAlgError:
                # Of too few different points: later ones will do.
                self.log.debug("The points of the chains lie in a plane: no mixture is fitted")
            else:
                self.log.info(" - Jumps from a mixture of %d Gaussians", len(self.mixture.weights))
        self.mixture = mpi.share_mpi(self.mixture)

    def _blocks(self) -> list[np.ndarray]:
        """Points of the later half of this chain, each as often as its weight, in blocks."""
        rows = self.collection[len(self.collection) // 2 :]
        weights = np.cumsum(rows[OutPar.weight].to_numpy())
        number = int(min(weights[-1], _POINTS / mpi.size()))
        at = np.searchsorted(weights, weights[-1] * (np.arange(number) + 0.5) / number)
        points = rows[self.collection.sampled_params].to_numpy(dtype=float)[at]
        return np.array_split(points, _BLOCKS)
