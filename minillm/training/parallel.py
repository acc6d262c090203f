"""Data parallelism on one machine: threads that share the weights, each with its part of the batch and gradients of its own."""

import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from minillm.backend import CPU, Device
from minillm.models import GPT

Result = TypeVar("Result")


def default_threads(batch: int, device: Device = CPU) -> int:
    """One thread a core, at most one a sequence; a GPU needs one only."""
    if device.name == "gpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, batch)


class Workers:
    """Several threads on one model. NumPy lets go of Python's lock while it computes, so they run side by side.

    Matrix products can use many cores by themselves; everything between them can't. So each thread takes whole sequences through the
    whole model, and its matrix products keep to one core. With one thread they keep the cores that they had.
    """

    def __init__(self, model: GPT, count: int):
        self.models = [model, *(model.replica() for _ in range(count - 1))]
        self._pool = ThreadPoolExecutor(count - 1, thread_name_prefix="worker") if count > 1 else None
        self._blas = ThreadpoolController().select(user_api="blas") if count > 1 else None

    def run(self, work: Callable[[int, GPT], Result]) -> list[Result]:
        """work(i, model) for every worker i at once, each with its own replica; the results in order."""
        if self._pool is None:
            return [work(0, self.models[0])]
        with self._blas.limit(limits=1):
            # The others inherit this thread's context, NumPy's error settings among it.
            others = [
                self._pool.submit(contextvars.copy_context().run, work, i, model)
                for i, model in enumerate(self.models[1:], start=1)
            ]
            return [work(0, self.models[0]), *(other.result() for other in others)]

    def add_gradients(self) -> None:
        """The gradient of the whole batch, in the first model: the sum over the workers, always in the same order."""
        for model in self.models[1:]:
            self.models[0].vector.grad += model.vector.grad
