"""Data parallelism on one machine: processes that share the weights, each with its part of the batch and gradients of its own.

Why processes: NumPy's matrix products can use many cores by themselves, but everything between them can't. So each core takes whole
sequences through the whole model. Threads could do that too, but Python lets only one thread run at a time between two NumPy calls, and
a small model has thousands of short calls a second.
"""

import contextlib
import ctypes
import importlib
import io
import logging
import math
import multiprocessing
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from minillm.backend import reuse_freed_memory
from minillm.models import Model
from minillm.training.workers import DeadWorkerError

SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the locks that other threads hold
STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
PATIENCE = 2.0  # seconds that workers have to end by themselves
_log = logging.getLogger(__name__)


class Workers:
    """This process and `count - 1` others on one model, whose weights they share.

    The others start at the first `run`, and then wait for work until this object goes. The weights move to shared memory; each worker
    has gradients of its own. While they work, matrix products keep to one core each.

    Where no other process can be started, this one does the work of all, one share after the other.
    """

    def __init__(self, model: Model, count: int):
        self.model, self.count = model, count
        self._others: list[Connection] = []
        self._grads: list[np.ndarray] = []
        self._weights: np.ndarray | None = None
        self._blas = ThreadpoolController().select(user_api="blas")
        self._alone = self._replaced = False
        self._close = lambda: None

    def run(self, function: Callable, arguments: Sequence[tuple]) -> list:
        """function(model, *arguments[i]) in worker i, all at once; the results in order. There may be fewer arguments than workers.

        The function is found by its name in its module; arguments and results are copied from process to process. An error in a worker
        is raised here. It must leave the weights as they are: if a worker dies, new ones start, and all is done again. DeadWorkerError
        when that has happened before.
        """
        try:
            return self._run(function, arguments)
        except DeadWorkerError:
            if self._replaced:
                raise
            self._replaced = True
            _log.warning(
                "A process that shares the work has died. Another takes its place, and the step is done again."
            )
            return self._run(function, arguments)

    def _run(self, function: Callable, arguments: Sequence[tuple]) -> list:
        if not self._alone and self._weights is not self.model.vector.data:
            self._start_if_possible()
        if self._alone:
            return self._run_alone(function, arguments)
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
                raise DeadWorkerError(
                    "A process that shares the work has died, for the second time.",
                    "Memory may have run out: go on with `workers` 1, or start another run with a smaller `batch`.",
                ) from error
            raise
        for _, error, where in answers:
            if error is not None:
                raise error from RuntimeError(f"in another process:\n{where}")
        return [own, *(result for result, _, _ in answers)]

    def _run_alone(self, function: Callable, arguments: Sequence[tuple]) -> list:
        """Bit for bit what the processes would have done."""
        results, grads = [], []
        with self._blas.limit(limits=1):
            for given in arguments:
                results.append(function(self.model, *given))
                grads.append(self.model.vector.grad.copy())
        own, *self._grads = grads
        self.model.vector.grad[:] = own
        return results

    def add_gradients(self) -> None:
        """The gradient of the whole batch, in this process: the sum over the workers, always in the same order."""
        for grad in self._grads:
            self.model.vector.grad += grad

    def _start_if_possible(self) -> None:
        try:
            self._start()
        except OSError as error:  # no shared memory, too many processes or open files
            self.close()
            self._alone = True
            _log.warning("No other process can share the work (%s): one does it all.", error.strerror or error)
        except BaseException:
            self.close()
            raise

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
        self._close = Finalize(self, _dismiss, (self._others, processes), exitpriority=10)
        for _ in range(1, self.count):
            grad = _shared(vector.grad)
            here, there = SPAWN.Pipe()
            arguments = (there, weights, grad, dtype, described.getvalue())
            process = SPAWN.Process(target=_serve, args=arguments, name="minillm worker")
            self._others.append(here)
            with _no_script(), _no_signals():
                process.start()
                processes.append(process)
            there.close()
            self._grads.append(_view(grad, dtype))
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
    end = time.monotonic() + PATIENCE
    try:
        for process in processes:
            process.join(max(0.0, end - time.monotonic()))
    finally:  # one that is stopped, or at work still; it has nothing to lose, and ignores what is milder
        for process in processes:
            process.kill()
            process.join()


def _serve(connection: Connection, weights: Any, grad: Any, dtype: np.dtype, described: bytes) -> None:
    """What another process does: it builds the model on the shared weights, and then works until nobody asks any more."""
    for number in STOPS:  # they reach all processes at once; the first one decides what to do
        signal.signal(number, signal.SIG_IGN)
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


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    """While a process starts: signals that stop this one wait, and the new one inherits that until it ignores them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # every new process needs it, and when it starts it lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
