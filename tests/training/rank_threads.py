"""Ranks that are threads of this process: what they do together is tested without MPI, and at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from minillm.training.ranks import OneRank


class RankThread(OneRank):
    def __init__(self, rank: int, size: int, table: list, barrier: threading.Barrier):
        self.rank, self.size, self.table, self.barrier = rank, size, table, barrier
        self.calls: list[str] = []

    def gather(self, thing: Any, name: str = "gather") -> list:
        self.calls.append(name)
        self.table[self.rank] = thing
        self.barrier.wait(timeout=20)
        found = list(self.table)
        self.barrier.wait(timeout=20)
        return found

    def sum(self, x: Any) -> Any:
        total = sum(self.gather(np.array(x), "sum"))
        if isinstance(x, np.ndarray):
            x[...] = total
        return total

    def any(self, flag: bool) -> bool:
        return any(self.gather(flag, "any"))

    def first(self, thing: Any) -> Any:
        return self.gather(thing, "first")[0]


def on_ranks(size: int, work: Callable[[RankThread], Any]) -> list:
    """work(ranks) on each of so many ranks at once: the results in their order. All have made the same calls."""
    table, barrier = [None] * size, threading.Barrier(size)
    ranks = [RankThread(rank, size, table, barrier) for rank in range(size)]

    def guarded(own: RankThread) -> Any:
        try:
            return work(own)
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        jobs = [pool.submit(guarded, own) for own in ranks]
    broken = [job.exception() for job in jobs if job.exception()]
    for error in sorted(broken, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    assert all(own.calls == ranks[0].calls for own in ranks)
    return [job.result() for job in jobs]
