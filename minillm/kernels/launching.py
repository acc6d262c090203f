"""CUDA C from the .cu files of this folder: compiled when it is first needed, and launched on CuPy arrays."""

import math
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from minillm.backend import Array, CounterGenerator, array_module

FOLDER = Path(__file__).parent
ON = os.environ.get("MINILLM_KERNELS", "1") != "0"
LARGEST = 2**31 - 2**12  # of CUDA's int and of the blocks in a grid, less what a loop may count beyond its end


def fit(*arrays: Array) -> bool:
    """Whether the kernels take these arrays: on a GPU, float32, contiguous, not empty. With MINILLM_KERNELS=0 they take none."""
    cupy = sys.modules.get("cupy")
    return (
        cupy is not None
        and ON
        and all(isinstance(x, cupy.ndarray) for x in arrays)
        and all(x.dtype == np.float32 and x.flags.c_contiguous and 0 < x.size <= LARGEST for x in arrays)
    )


def fit_mask(shape: tuple[int, ...], rng: Any, dtype: np.dtype) -> bool:
    """Whether the kernel of dropout draws a mask: from a GPU's random numbers, in float32."""
    counted = isinstance(rng, CounterGenerator) and rng.xp is sys.modules.get("cupy")
    return counted and ON and dtype == np.float32 and 0 < math.prod(shape) <= LARGEST


def check_shape(shape: tuple[int, ...], *arrays: Array) -> None:
    """ValueError unless all arrays have this shape: a kernel would go on reading behind the end of one that is shorter."""
    for array in arrays:
        if array.shape != shape:
            raise ValueError(f"an array of shape {array.shape} where one of shape {shape} is needed")


def source(file: str, width: int | None = None) -> str:
    """The CUDA C of a file, after what all of them share, and the WIDTH that some are made for.

    It is put together here, since CuPy keeps what it compiled under its text.
    """
    parts = [(FOLDER / name).read_text(encoding="utf-8") for name in ("rows.cuh", file)]
    return "".join(parts if width is None else [f"#define WIDTH {width}\n", *parts])


@cache
def _module(cupy: ModuleType, file: str, width: int | None) -> Any:
    return cupy.RawModule(code=source(file, width))


@cache
def _kernel(cupy: ModuleType, file: str, name: str, width: int | None) -> Any:
    return _module(cupy, file, width).get_function(name)


def launch(
    file: str,
    name: str,
    grid: tuple[int, ...],
    block: tuple[int, ...],
    *arguments: Array | int | float,
    width: int | None = None,
) -> None:
    """Run a kernel on the current stream. Its int and float are of 32 bits, and not Python's of 64."""
    converted = [
        np.int32(each) if isinstance(each, int) else np.float32(each) if isinstance(each, float) else each
        for each in arguments
    ]
    _kernel(array_module(arguments[0]), file, name, width)(grid, block, tuple(converted))


def row_threads(columns: int) -> int:
    """How many threads a row of so many columns gets: about four columns each, in full warps of 32, at most 1024."""
    return min(1024, 32 * max(1, -(-columns // 128)))
