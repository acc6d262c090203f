"""Data parallelism on one machine: processes that share the weights, each with its part of the batch and gradients of its own.

Why processes: NumPy's matrix products can use many cores by themselves, but everything between them can't. So each core takes whole
sequences through the whole model. Threads could do that too, but Python lets only one thread run at a time between two NumPy calls, and
a small model has thousands of short calls a second.
"""

import contextlib
import ctypes
import importlib
import io
import math
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from minillm.backend import CPU, Device, reuse_freed_memory
from minillm.errors import InputError
from minillm.models import Model

SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the locks that other threads hold


def default_workers(batch: int, device: Device = CPU) -> int:
    """One worker a core, at most one a sequence; a GPU needs one only."""
    if device.name == "gpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, batch)


class Workers:
    """This process and `count - 1` others on one model, whose weights they share.

    The others start at the first `run`, and then wait for work until this object goes. The weights move to shared memory; each worker
    has gradients of its own. While several work, matrix products keep to one core each; one alone keeps the cores that it had.
    """

    def __init__(self, model: Model, count: int):
        self.model, self.count = model, count
        self._others: list[Connection] = []
        self._grads: list[np.ndarray] = []
        self._weights: np.ndarray | None = None
        self._blas = ThreadpoolController().select(user_api="blas") if count > 1 else None
        self._close = lambda: None

    def run(self, function: Callable, arguments: Sequence[tuple]) -> list:
        """function(model, *arguments[i]) in worker i, all at once; the results in order. There may be fewer arguments than workers.

        The function is found by its name in its module; arguments and results are copied from process to process. An error in a worker
        is raised here. Raises InputError if a worker has died.
        """
        if self.count == 1:
            return [function(self.model, *arguments[0])]
        if self._weights is not self.model.vector.data:
            self._start()
        busy = self._others[: len(arguments) - 1]
        try:
            for other, given in zip(busy, arguments[1:], strict=True):
                other.send((function, given))
            with self._blas.limit(limits=1):
                own = function(self.model, *arguments[0])
            answers = [other.recv() for other in busy]
        except BaseException as error:
            self.close()  # some may still be at work; the next run starts new ones
            if isinstance(error, EOFError | ConnectionError):
                raise InputError(
                    "A process that shares the work has died.",
                    "Memory may have run out: try a smaller `batch` or `workers` 1.",
                ) from error
            raise
        for _, error, where in answers:
            if error is not None:
                raise error from RuntimeError(f"in another process:\n{where}")
        return [own, *(result for result, _, _ in answers)]

    def add_gradients(self) -> None:
        """The gradient of the whole batch, in this process: the sum over the workers, always in the same order."""
        for grad in self._grads:
            self.model.vector.grad += grad

    def _start(self) -> None:
        """Move the weights to shared memory, and start the other processes on them."""
        self.close()
        vector = self.model.vector
        weights, dtype = _shared(vector.data), vector.data.dtype
        vector.rebind(_view(weights, dtype), vector.grad)
        blocks = {"grad": vector.grad, "data": vector.data}
        described = io.BytesIO()
        _Describe(described, blocks).dump(self.model)
        processes = []
        for _ in range(1, self.count):
            grad = _shared(vector.grad)
            here, there = SPAWN.Pipe()
            arguments = (there, weights, grad, dtype, described.getvalue())
            process = SPAWN.Process(target=_serve, args=arguments, name="minillm worker")
            with _no_script():
                process.start()
            there.close()
            self._others.append(here)
            self._grads.append(_view(grad, dtype))
            processes.append(process)
        self._close = Finalize(self, _dismiss, (list(self._others), processes), exitpriority=10)
        self._weights = vector.data

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        """Send the other processes home."""
        self._close()
        self._others, self._grads, self._weights = [], [], None


def _dismiss(connections: list[Connection], processes: list) -> None:
    for connection in connections:
        connection.close()  # which ends their wait for work
    for process in processes:
        process.join()


def _serve(connection: Connection, weights: Any, grad: Any, dtype: np.dtype, described: bytes) -> None:
    """What another process does: it builds the model on the shared weights, and then works until nobody asks any more."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # they reach all processes at once; the first one decides what to do
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    reuse_freed_memory()
    blocks = {"data": _view(weights, dtype), "grad": _view(grad, dtype)}
    model = _Rebuild(io.BytesIO(described), blocks).load()
    with ThreadpoolController().select(user_api="blas").limit(limits=1), contextlib.suppress(EOFError, ConnectionError):
        while True:
            try:
                function, arguments = connection.recv()
                answer = function(model, *arguments), None, ""
            except (EOFError, ConnectionError):
                return
            except Exception as error:
                answer = None, error, traceback.format_exc()
            connection.send(answer)


def _shared(array: np.ndarray) -> Any:
    """Memory that other processes can share, holding a copy of array."""
    memory = SPAWN.RawArray(ctypes.c_byte, array.nbytes)
    _view(memory, array.dtype)[:] = array
    return memory


def _view(memory: Any, dtype: np.dtype) -> np.ndarray:
    return np.frombuffer(memory, dtype)


class _Describe(pickle.Pickler):
    """Writes down a model without its numbers: an array that lies in one of the blocks becomes its place there."""

    def __init__(self, file: io.BytesIO, blocks: dict[str, np.ndarray]):
        super().__init__(file)
        self.blocks = blocks

    def persistent_id(self, thing: Any) -> tuple | None:
        if isinstance(thing, ModuleType):  # numpy itself, in the model's device
            return "module", thing.__name__
        if isinstance(thing, np.ndarray):
            for name, block in self.blocks.items():
                offset = thing.ctypes.data - block.ctypes.data
                if 0 <= offset < block.nbytes:
                    return name, offset // block.itemsize, thing.shape
        return None


class _Rebuild(pickle.Unpickler):
    """Reads what `_Describe` wrote, onto blocks of its own."""

    def __init__(self, file: io.BytesIO, blocks: dict[str, np.ndarray]):
        super().__init__(file)
        self.blocks = blocks

    def persistent_load(self, described: tuple) -> Any:
        name, *place = described
        if name == "module":
            return importlib.import_module(place[0])
        start, shape = place
        return self.blocks[name][start : start + math.prod(shape)].reshape(shape)


@contextlib.contextmanager
def _no_script() -> Iterator[None]:
    """While a process starts: hide the user's script, which the new process would otherwise run a second time."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
