"""Who does the work of a step: this process alone, or several that share it."""

import os
from collections.abc import Callable, Sequence

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import Model


class DeadWorkerError(InputError):
    """A process that shared the work has died, and so has one that took its place."""


def default_workers(batch: int, device: Device = CPU) -> int:
    """One worker a core, at most one a sequence; a GPU needs one only."""
    if device.name == "gpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(device.cores or cores, batch)


class Alone:
    """One worker: this process, with all the cores that its matrix products take. `Workers` does the same with several."""

    count = 1

    def __init__(self, model: Model):
        self.model = model

    def run(self, function: Callable, arguments: Sequence[tuple]) -> list:
        return [function(self.model, *given) for given in arguments]

    def add_gradients(self) -> None:
        """The gradient of the whole batch is here already."""

    def __enter__(self) -> "Alone":
        return self

    def __exit__(self, *error) -> None:
        pass
