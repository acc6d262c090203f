"""Ranks that are threads of this process: what they do together is tested without MPI, and at once.

They take turns, and change only where they wait for each other: so they can share what a process has once, such as the current stream.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from minillm.backend import array_module, to_host
from minillm.training.ranks import OneRank


class RankThread(OneRank):
    def __init__(self, rank: int, size: int, table: list, barrier: threading.Barrier, turn: threading.Lock):
        self.rank, self.size, self.table, self.barrier, self.turn = rank, size, table, barrier, turn
        self.calls: list[str] = []

    def gather(self, thing: Any, name: str = "gather") -> list:
        self.calls.append(name)
        self.table[self.rank] = thing
        self.wait_for_all()
        found = list(self.table)
        self.wait_for_all()
        return found

    def wait_for_all(self) -> None:
        self.turn.release()
        try:
            self.barrier.wait(timeout=60)
        finally:
            self.turn.acquire()

    def sum(self, x: Any) -> Any:
        total = sum(self.gather(to_host(x).copy(), "sum"))
        if isinstance(x, np.generic):
            return total
        x[...] = array_module(x).asarray(total)
        return x

    def sum_aside(self, x: np.ndarray) -> None:
        self.sum(x)

    def any(self, flag: bool) -> bool:
        return any(self.gather(flag, "any"))

    def first(self, thing: Any) -> Any:
        return self.gather(thing, "first")[0]


def on_ranks(size: int, work: Callable[[RankThread], Any]) -> list:
    """work(ranks) on each of so many ranks at once: the results in their order. All have made the same calls."""
    table, barrier, turn = [None] * size, threading.Barrier(size), threading.Lock()
    ranks = [RankThread(rank, size, table, barrier, turn) for rank in range(size)]

    def guarded(own: RankThread) -> Any:
        with turn:
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
