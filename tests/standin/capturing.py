"""Streams, memory pools and CUDA graphs: what is captured is written down and not done, and a launch does it, on the same memory.

Inside a capture CuPy refuses what would wait for the device or copy from the host, its own calls of cuBLAS, and random numbers of cuRAND.
This stand-in refuses more, since a real card would say nothing and compute nonsense: memory from the common pool, which will be given to
others while the graph still writes there; memory from a graph's pool once the graph is made; work in one stream that does not wait for what
another still does; and a kernel that never ran before, which would have to be compiled and loaded in the middle of the capture.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, MethodDescriptorType
from typing import Any

import numpy as np


class CaptureError(RuntimeError):
    """In place of CUDARuntimeError, cudaErrorStreamCaptureUnsupported."""


class MemoryPool:
    """Only what a graph's own pool must have: which memory is from here."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []
        self._closed = False

    def malloc(self, size: int) -> None:
        """Stands for the memory that NumPy takes."""

    def used_bytes(self) -> int:
        return 0

    def total_bytes(self) -> int:
        return 0

    def free_all_blocks(self, stream: Any = None) -> None:
        pass


class Stream:
    """Works in order; of the work of another stream it knows only what it has waited for."""

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        self.ptr = 0 if null else id(self)
        self._done, self._seen = 0, weakref.WeakKeyDictionary()
        _all_streams.add(self)

    def __enter__(self) -> "Stream":
        _streams.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _streams.pop()

    def synchronize(self) -> None:
        from .counting import synchronised

        synchronised()
        for other in _all_streams:
            other._seen[self] = self._done

    def record(self, event: Any = None) -> dict["Stream", int]:
        """An event: how far this stream is, and how far it knows the others to be."""
        return {**self._seen, self: self._done}

    def wait_event(self, event: dict["Stream", int]) -> None:
        for stream, done in event.items():
            self._seen[stream] = max(done, self._seen.get(stream, 0))

    def begin_capture(self, mode: Any = None) -> None:
        if self is Stream.null:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        _recordings.append(Recording(self))

    def end_capture(self) -> "Graph":
        if not self.is_capturing():
            raise CaptureError("cudaErrorIllegalState: this stream is not captured")
        return _recordings.pop().finish()

    def is_capturing(self) -> bool:
        return bool(_recordings) and _recordings[-1].stream is self

    def _work(self) -> None:
        for other in _all_streams:
            if other is not self and other._done > self._seen.get(other, 0):
                raise RuntimeError(
                    "work that does not wait for what another stream was given: record an event there, wait for it here"
                )
        self._done += 1


class Recording:
    """Calls with their arguments and results, and what the arrays held before."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.pools = stream, set()
        self.calls: list[tuple[Callable, tuple, dict, Any]] = []
        self.made: dict[int, np.ndarray] = {}  # memory that the graph writes first
        self.before: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # other memory, and a copy of it

    def note(self, *things: Any) -> None:
        """The arguments of a call that is about to be made."""
        for array in arrays_in(things):
            memory = root(array)
            if id(memory) not in self.made and id(memory) not in self.before:
                self.before[id(memory)] = memory, memory.copy()

    def write(self, function: Callable, args: tuple, kwargs: dict, result: Any) -> None:
        known = {id(root(array)) for array in arrays_in((args, kwargs))}
        for memory in map(root, arrays_in(result)):
            if id(memory) not in known:
                self.made[id(memory)] = memory
        self.calls.append((function, args, kwargs, result))

    def finish(self) -> "Graph":
        """Nothing has happened yet: what was there before is as it was, and the results hold nonsense."""
        for memory, copy in self.before.values():
            memory[...] = copy
        for memory in self.made.values():
            memory.fill(np.nan if memory.dtype.kind == "f" else 1)
        for pool in self.pools:
            pool._closed = True
        return Graph(self)


class Graph:
    """Calls that are made again at every launch, on the same memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._launches = 0

    def launch(self, stream: Stream | None = None) -> None:
        refuse("launching a graph")
        (stream or _streams[-1])._work()
        self._launches += 1
        with np.errstate(all="ignore"):
            for function, args, kwargs, result in self._recording.calls:
                for old, new in zip(arrays_in(result), arrays_in(with_arrays(function(*args, **kwargs))), strict=True):
                    if not np.may_share_memory(old, new):
                        old[...] = new

    def _outside(self) -> list[np.ndarray]:
        """The memory that the graph reads or writes and did not make."""
        return [memory for memory, _ in self._recording.before.values()]


_all_streams: "weakref.WeakSet[Stream]" = weakref.WeakSet()
_recordings: list[Recording] = []  # at most one
_streams = [Stream(null=True)]
_pools: list[MemoryPool] = []
_kernels: set[tuple] = set()
observers: list[Callable[[Callable, tuple, dict, Any], None]] = []  # of everything that is performed
Stream.null = _streams[0]


def reset() -> None:
    """Forget what a test that failed may have left."""
    Stream.null._done = 0
    del _streams[1:], _pools[:], _recordings[:]
    _kernels.clear()
    _all_streams.intersection_update([Stream.null])


def current_stream(device_id: int = -1) -> Stream:
    return _streams[-1]


@contextmanager
def using_allocator(allocator: Callable | None = None) -> Iterator[None]:
    _pools.append(allocator.__self__)
    try:
        yield
    finally:
        _pools.pop()


def capturing() -> bool:
    return _streams[-1].is_capturing()


def refuse(what: str) -> None:
    """CaptureError in a capture."""
    if capturing():
        raise CaptureError(f"cudaErrorStreamCaptureUnsupported: {what} during stream capture")


def perform(function: Callable, args: tuple, kwargs: dict) -> Any:
    """function(*args, **kwargs) of NumPy arrays, as work of the current stream."""
    _streams[-1]._work()
    _compile(function, args)
    if capturing():
        _recordings[-1].note(args, kwargs)
    result = with_arrays(function(*args, **kwargs))
    given = {id(root(array)) for array in arrays_in((args, kwargs))}
    new = [root(array) for array in arrays_in(result) if id(root(array)) not in given]
    if new:
        _allocate(new)
    if capturing():
        _recordings[-1].write(function, args, kwargs, result)
    for observe in observers:
        observe(function, args, kwargs, result)
    return result


def _compile(function: Callable, args: tuple) -> None:
    """CuPy compiles a kernel for the kinds of its arguments: an array of this dtype with so many axes, a Python number ..."""
    if isinstance(function, np.ufunc | BuiltinFunctionType | MethodDescriptorType):
        kinds = tuple(f"{each.dtype} {each.ndim}-d" if isinstance(each, np.ndarray) else type(each) for each in args)
        if (function, kinds) not in _kernels:
            refuse(f"compiling {function.__name__} of {', '.join(map(str, kinds))}")
            _kernels.add((function, kinds))


def _allocate(new: list[np.ndarray]) -> None:
    if not _pools:
        refuse("memory from the common pool, which others will get while the graph writes there,")
        return
    pool = _pools[-1]
    if pool._closed and not capturing():  # what is captured next, for the same graph, comes after what was
        raise RuntimeError("memory of a graph's own pool, in which the graph will write")
    pool._blocks += new
    if capturing():
        _recordings[-1].pools.add(pool)


def root(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def arrays_in(thing: Any) -> list[np.ndarray]:
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, dict):
        thing = list(thing.values())
    return [array for item in thing for array in arrays_in(item)] if isinstance(thing, list | tuple) else []


def with_arrays(result: Any) -> Any:
    """A NumPy scalar as a 0-d array: reductions leave their result on the device."""
    return np.asarray(result) if isinstance(result, np.generic) else result
