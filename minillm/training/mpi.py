"""Ranks that speak by MPI (mpi4py), and with arrays on GPUs by NCCL (CuPy). Message Passing Interface, https://www.mpi-forum.org."""

import atexit
import logging
import os
import sys
import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from minillm.backend import ON_HOST, Array
from minillm.errors import InputError
from minillm.training.ranks import OneRank

# Where launchers say how many processes they started: MPICH and Intel MPI; Open MPI; Slurm's srun.
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
PATIENCE = 2.0  # seconds in which all ranks have to leave, once one has left by an error
LAST_WORDS = 0.5  # seconds
PAUSE = 3e-4  # seconds
_log = logging.getLogger(__name__)


class Ranks(OneRank):
    """This process and all others that were started with it.

    As a context it ends as one: by an error that all ranks met, such as a loss that is no number, all leave it, and the first rank alone
    raises the error. If one rank has an error that the others don't know of, they wait for it somewhere: then the whole job ends.
    """

    def __init__(self, started: int):
        self._mpi = MPI = _mpi(started)
        self._world, self._door = MPI.COMM_WORLD, MPI.COMM_WORLD.Dup()
        self._gpus = None
        self.rank, self.size = self._world.rank, self._world.size
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
        places = self.gather((MPI.Get_processor_name(), cores))
        self.hosts = [host for host, _ in places]
        threads = self.gather(MPI.Query_thread() >= MPI.THREAD_SERIALIZED)  # whether another than this one may call MPI
        self.apart = len(set(self.hosts)) > 1 and all(threads)
        self.local_rank = self.hosts[: self.rank].count(self.hosts[self.rank])
        # A launcher may give each rank cores of its own, or all ranks of a machine the same.
        together = {host: set().union(*(mine for there, mine in places if there == host)) for host in self.hosts}
        self.cores = max(1, min(len(together[host]) // self.hosts.count(host) for host in self.hosts))

    def sum(self, x: Array) -> Array:
        if isinstance(x, ON_HOST):
            total = np.asarray(x)
            self._world.Allreduce(self._mpi.IN_PLACE, total)
            return total[()]
        if self._gpus is None:
            from cupyx.distributed import NCCLBackend  # not at the top: it wants CuPy and NCCL

            self._gpus = NCCLBackend(self.size, self.rank, use_mpi=True)
        self._gpus.all_reduce(x, x)
        return x

    def sum_aside(self, x: np.ndarray) -> None:
        """`sum`, for a thread beside one that computes: while it waits it leaves the core alone."""
        request = self._world.Iallreduce(self._mpi.IN_PLACE, x)
        while not request.Test():  # MPI gets on with its messages when it is called
            time.sleep(PAUSE)

    def any(self, flag: bool) -> bool:
        flags = np.array([flag])
        self._world.Allreduce(self._mpi.IN_PLACE, flags, op=self._mpi.LOR)
        return bool(flags[0])

    def first(self, thing: Any) -> Any:
        return self._world.bcast(thing)

    def gather(self, thing: Any) -> list:
        return self._world.allgather(thing)

    def name(self, rank: int) -> str:
        return f"Rank {rank} on {self.hosts[rank]}"

    def __enter__(self) -> "Ranks":
        threads = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
        threadpool_limits(min([self.cores, *threads]), user_api="blas")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> bool:
        """All leave together: some launchers end the job when the first process does. True, error or not, but on the first rank."""
        left, end = self._door.Ibarrier(), time.monotonic() + PATIENCE
        while not left.Test():
            if error is not None and time.monotonic() > end:
                _log.error("%s has failed, and ends the whole job.", self.name(self.rank))
                atexit.register(self._abort, 130 if kind is KeyboardInterrupt else 2)
                if isinstance(error, self._mpi.Exception):
                    reason = self._mpi.Get_error_string(error.Get_error_class())  # without the calls that led to it
                    raise InputError(
                        f"MPI could not add up the numbers of the ranks: {reason}.",
                        "See whether this machine lacks memory, or has lost the others. Then go on: `resume`.",
                    ) from error
                return False
            time.sleep(0.01)
        return self.rank > 0

    def _abort(self, code: int) -> None:
        """End the job, once the launcher has had time to pass on what this rank said: it drops what it has not read yet."""
        sys.stdout.flush()
        time.sleep(LAST_WORDS)
        self._world.Abort(code)


def world() -> OneRank:
    """All ranks of this job. A process that was started by itself never hears of MPI."""
    started = next((int(os.environ[name]) for name in SIZES if os.environ.get(name, "").isdecimal()), 1)
    if started <= 1:
        return OneRank()
    return Ranks(started)


def _mpi(started: int) -> Any:
    """mpi4py's MPI; InputError unless it knows of as many processes as were started."""
    try:
        from mpi4py import MPI  # which begins to speak to the launcher
    except (ImportError, RuntimeError) as error:  # no mpi4py, or no library for it
        raise InputError(
            f"{started} processes were started to train together, and they can't without mpi4py and MPI ({error}).",
            "Install them: pip install mpi4py mpich. Or start one process, without mpiexec or srun.",
        ) from error
    if MPI.COMM_WORLD.size != started:
        raise InputError(
            f"{started} processes were started to train together, and MPI ({MPI.get_vendor()[0]}) knows of {MPI.COMM_WORLD.size}.",
            "Start them with the mpiexec of the same MPI; srun needs mpi=pmix or mpi=pmi2, as the MPI was built.",
        )
    return MPI
