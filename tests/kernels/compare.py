"""The same op on a processor, in float64, and on a GPU: what it gives, and which kernels it launches."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minillm.kernels import launching


def numbers(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def on(xp, *values: Any) -> list:
    """Arrays, and those in what a forward saved, on the device; floats in float32."""

    def moved(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return xp.asarray(value.astype(np.float32) if value.dtype == np.float64 else value)
        if isinstance(value, tuple):
            parts = [moved(each) for each in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value

    return [moved(each) for each in values]


def same(got: Any, wanted: Any) -> None:
    """Equal to the rounding of float32, of the largest number in each array."""
    if isinstance(wanted, tuple):
        assert type(got) is type(wanted) and len(got) == len(wanted)
        for one, other in zip(got, wanted, strict=True):
            same(one, other)
    elif wanted is None or type(wanted) in (bool, int, float):
        assert got == wanted
    else:
        assert got.shape == wanted.shape and got.dtype == (np.float32 if wanted.dtype == np.float64 else wanted.dtype)
        np.testing.assert_allclose(got.get(), wanted, rtol=0, atol=3e-6 * max(0.1, np.abs(wanted).max(initial=0)))


@contextmanager
def launched() -> Iterator[list[str]]:
    """The names of the kernels that are launched, in their order."""
    names, find = [], launching._kernel

    def found(cupy, file, name, width):
        names.append(name)
        return find(cupy, file, name, width)

    launching._kernel = found
    try:
        yield names
    finally:
        launching._kernel = find
