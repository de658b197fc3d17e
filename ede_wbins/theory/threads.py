"""The processes of a run, and how many threads CLASS may use in each."""

import os
from collections.abc import Callable

from cobaya import mpi

from ede_wbins.errors import EDEWBinsError

# CLASS's thread pool takes its size from the first of these that is set.
VARIABLES = ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK")


# Where launchers tell a process how many it is one of: Open MPI, MPICH and its kin, SLURM's PMIx.
_LAUNCHED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE")


def check_launcher() -> None:
    """
    Check that the processes that were started together see each other.

    Raises
    ------
    EDEWBinsError
        If each takes itself for the only one: all would write the same chain.
    """
    started = max(int(os.environ.get(name) or 1) for name in _LAUNCHED)
    if started > 1 and not mpi.more_than_one_process():
        raise EDEWBinsError(
            f"{started} processes were started, and each sees only itself: mpi4py is missing or "
            "made for another MPI; install it with the MPI whose mpirun or srun is used "
            "(pip install --force-reinstall --no-binary mpi4py mpi4py)"
        )


def share_cores(log: Callable[..., None]) -> None:
    """
    Give CLASS this process's share of the machine's cores, where the user has not chosen.

    Sets OMP_NUM_THREADS such that the MPI processes of one node times their threads are the cores
    that they may run on. A process that mpirun bound to cores of its own gets those.

    Parameters
    ----------
    log : callable
        Logs a format string and its values.
    """
    chosen = next((name for name in VARIABLES if os.environ.get(name)), None)
    if chosen:
        log("CLASS uses %s thread(s): %s is set", os.environ[chosen], chosen)
        return
    mine = _usable_cores()
    node = _cores_of_node(mine)
    sharing = sum(not mine.isdisjoint(other) for other in node)
    threads = max(1, len(mine) // sharing)
    os.environ[VARIABLES[0]] = str(threads)
    log("CLASS uses %d thread(s): %d process(es) on %d core(s)", threads, sharing, len(mine))
    used = len(set().union(*node))
    if "OMPI_COMM_WORLD_SIZE" in os.environ and used < (os.cpu_count() or 1):
        log(
            "mpirun has bound the processes to %d of %d cores; `mpirun --bind-to none` would not",
            used,
            os.cpu_count(),
        )


def _usable_cores() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _cores_of_node(mine: set[int]) -> list[set[int]]:
    """The cores that each process on this node may use."""
    if not mpi.more_than_one_process():
        return [mine]
    node = mpi.get_mpi_comm().Split_type(mpi.get_mpi().COMM_TYPE_SHARED)
    try:
        return node.allgather(mine)
    finally:
        node.Free()
