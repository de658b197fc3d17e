"""What a run shows while it samples."""

from cobaya.samplers.mcmc import MCMC


def log_accepted(sampler: MCMC) -> None:
    """Log how far a chain is: Cobaya's `callback_function`, called every `callback_every` points.

    Cobaya's own progress lines come only with an `output_every` in seconds, which loses the last
    seconds of a chain that is killed.
    """
    sampler.log.info("%d steps, %d accepted", sampler.n_steps_raw, sampler.n())
