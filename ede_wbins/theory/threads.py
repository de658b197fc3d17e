"""How many threads CLASS may use in this process."""

import os
from logging import Logger

from cobaya import mpi

# CLASS's thread pool takes its size from the first of these that is set.
VARIABLES = ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK")


def share_cores(log: Logger) -> None:
    """
    Give CLASS this process's share of the machine's cores, where the user has not chosen.

    Sets OMP_NUM_THREADS such that the MPI ranks of one node times their threads are the cores that
    they may run on. A rank that mpirun bound to cores of its own gets those.
    """
    chosen = next((name for name in VARIABLES if os.environ.get(name)), None)
    if chosen:
        log.info("CLASS uses %s thread(s) (%s)", os.environ[chosen], chosen)
        return
    mine = _usable_cores()
    sharing = sum(not mine.isdisjoint(other) for other in _cores_of_node(mine))
    threads = max(1, len(mine) // sharing)
    os.environ[VARIABLES[0]] = str(threads)
    log.info(
        "CLASS uses %d thread(s): %d core(s), shared by %d process(es)",
        threads,
        len(mine),
        sharing,
    )
    if mpi.more_than_one_process() and len(mine) < (os.cpu_count() or 1) // sharing:
        log.info(
            "This process is bound to %d of the machine's %d cores; if you did not want that, "
            "add `--bind-to none` to mpirun",
            len(mine),
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
