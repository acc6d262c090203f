"""A CUDA graph: work for a GPU that Python describes once, and that is then given to the card as a whole, as often as wanted.

A small training step is hundreds of short kernels, and to start one takes Python longer than the card takes to run it.
docs.nvidia.com/cuda/cuda-c-programming-guide, section CUDA Graphs; `cupy.cuda.Stream.begin_capture`.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from minillm.backend import Array, forget_constants

Buffers = dict[str, Array]
Part = Callable[[Buffers], tuple[Array, ...]]


class Graph:
    """`parts` captured: from then on `replay(inputs)` does on the GPU what these functions did, one after the other, with these inputs.

    A part gets a buffer on the device for each of the inputs (host arrays by name), of the same shape and dtype. In a capture nothing is
    computed: a part must neither look at a number, nor copy from the host, nor draw random numbers, and what is a Python number to it
    stays as it is for ever. Before, `rehearse(buffers)` does the same in earnest, and undoes what must not last: so all kernels are
    compiled by then, and all constants made. There are several parts only where Python has something to do in between.

    All memory that the graph uses, apart from what was there before, is in a pool of its own, since a replay writes to the same places
    again: nobody else may get them. CuPy's error where something cannot be captured; then nothing has happened.
    """

    def __init__(
        self,
        cupy: ModuleType,
        inputs: Mapping[str, np.ndarray],
        parts: Sequence[Part],
        rehearse: Callable[[Buffers], Any],
    ):
        self._cupy, self._pool = cupy, cupy.cuda.MemoryPool()
        cupy.get_default_memory_pool().free_all_blocks()  # there must be room for another step
        forget_constants()  # they may be needed as long as the graph, and so are made again in its own pool
        current = cupy.cuda.get_current_stream()
        # The default stream cannot be captured. This one is kept, since the pool keeps its memory for it.
        self._side = side = cupy.cuda.Stream(non_blocking=True)
        side.wait_event(current.record())
        try:
            with side, cupy.cuda.using_allocator(self._pool.malloc):
                self.buffers = {name: cupy.asarray(array) for name, array in inputs.items()}
                rehearse(self.buffers)
                self._parts = [captured(side, part, self.buffers) for part in parts]
        finally:
            forget_constants()  # one that was first made in the capture holds nothing yet
            current.wait_event(side.record())

    def replay(self, inputs: Mapping[str, np.ndarray], between: Callable[..., Any] | None = None) -> tuple[Array, ...]:
        """What all parts returned, now with the numbers for these inputs: until the next replay.

        Before each part but the first, `between` is called with what the parts so far have returned.
        """
        stream = self._cupy.cuda.get_current_stream()
        for name, array in inputs.items():
            self.buffers[name].set(array, stream)
        results = ()
        for number, (graph, result) in enumerate(self._parts):
            if number and between:
                between(*results)
            graph.launch(stream)
            results += result
        return results


def captured(stream: Any, function: Part, buffers: Buffers) -> tuple[Any, tuple[Array, ...]]:
    """CuPy's graph of what the function gives to the current stream, and what it returned."""
    stream.begin_capture()
    try:
        result = function(buffers)
    except BaseException:
        with contextlib.suppress(Exception):  # the first error says more
            stream.end_capture()
        raise
    return stream.end_capture(), result
