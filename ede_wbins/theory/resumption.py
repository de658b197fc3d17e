"""A resumed run finds whole files, whatever moment it was stopped at.

Cobaya overwrites its checkpoint and its covariance matrix in place: a run that is killed meanwhile,
or whose disk is full, leaves half of one, and Cobaya then does not resume.
"""

import re
from collections.abc import Mapping
from logging import Logger
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.log import LoggedError
from cobaya.output import Output
from cobaya.yaml import yaml_dump_file, yaml_load_file


def mend(output: Output | None, log: Logger) -> None:
    """
    Make what a stopped MCMC left in its output fit to go on from.

    The last line of a chain that was not written to its end is cut off: its numbers may lack
    digits. A checkpoint, or a covariance matrix of the proposal, that cannot be read is made anew
    or left to be learned again. The checkpoint takes up the number of processes of now: more go on
    with new chains beside the old ones, fewer with the first of them.

    Parameters
    ----------
    output : Output or None
        Of the run. Nothing is done unless it is being resumed.
    log : Logger
        Told of each change.

    Raises
    ------
    LoggedError
        If the run's record cannot be read either.
    """
    if not (output and output.is_resuming()):
        return
    # From memory: Cobaya has each process write the file anew at this moment.
    info = output.get_updated_info(use_cache=True) or {}
    if not mpi.is_main_process():
        return
    stem = re.escape(output.prefix) + r"\.\d+\.txt"
    chains = [path for path in Path(output.folder).iterdir() if re.fullmatch(stem, path.name)]
    if not chains:
        return
    for chain in chains:
        _end_at_a_line(chain, log)
    base = Path(output.folder) / output.prefix
    _check_covmat(base.with_name(base.name + ".covmat"), log)
    checkpoint = base.with_name(base.name + ".checkpoint")
    _take_up_checkpoint(checkpoint, info.get("sampler"), len(chains), log)


def _end_at_a_line(chain: Path, log: Logger) -> None:
    content = chain.read_bytes()
    # A file system that lost power may have lengthened the file, but not written it.
    whole = content[: content.rstrip(b"\0").rfind(b"\n") + 1]
    if len(whole) < len(content):
        with chain.open("r+b") as file:
            file.truncate(len(whole))
        log.warning("%s: cut off a last line that was not written to its end", chain)


def _check_covmat(path: Path, log: Logger) -> None:
    if not path.exists():
        return
    try:
        with path.open() as file:
            names = file.readline().strip("# \n").split()
        matrix = np.loadtxt(path, ndmin=2) if names else np.empty(0)
        if (
            names
            and matrix.shape == (len(names), len(names))
            and np.all(np.linalg.eigvalsh(matrix) > 0)
        ):
            return
    except ValueError:
        pass
    path.unlink()
    log.warning("%s: was not written to its end; removed, to be learned again", path)


def _take_up_checkpoint(path: Path, samplers: Mapping | None, n_chains: int, log: Logger) -> None:
    try:
        checkpoint = yaml_load_file(str(path))
        (state,) = checkpoint["sampler"].values()
        before = state["mpi_size"]
    # Whatever a broken file makes of a YAML reader.
    except Exception:
        before = n_chains
        state = {"converged": False, "Rminus1_last": np.inf, "burn_in": 0, "mpi_size": before}
        if not samplers:
            record = path.with_suffix(".updated.yaml")
            raise LoggedError(
                log,
                "%s and %s were not written to their ends: nothing tells the sampler",
                path,
                record,
            ) from None
        checkpoint = {"sampler": dict.fromkeys(samplers, state)}
        log.warning("%s: was not written to its end; made anew", path)
    else:
        if before == mpi.size():
            return
    if before != mpi.size():
        log.info("Resuming with %d process(es), before %d", mpi.size(), before)
        state |= {"mpi_size": mpi.size(), "converged": False}
    fresh = path.with_name(path.name + ".new")
    yaml_dump_file(str(fresh), checkpoint, error_if_exists=False)
    fresh.replace(path)
