"""A strict stand-in for CuPy, for machines without a GPU: NumPy does the arithmetic, CuPy's rules are enforced.

It shows that code stays within what CuPy offers, mixes no host arrays in, and waits for the device no more often than it means
to. It shows nothing about kernels, cuBLAS, speed or memory: no GPU code is run.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from . import frozen
from .capturing import Graph, MemoryPool, Stream, current_stream, refuse, using_allocator
from .counting import synchronised, transferred
from .fake_array import (
    box,
    call,
    check_arguments,
    check_indices,
    check_operand,
    check_product_out,
    ndarray,
    refuse_cublas,
    scatter,
    unwrap,
    wrap_around,
)
from .raw_module import RawModule

NAME = b"stand-in (no GPU code was run)"

# CuPy has these, but they read or write files, call back with host arrays, or differ from NumPy's: not covered.
_LEFT_OUT = frozen.names(
    """apply_along_axis apply_over_axes array2string array_repr array_str asarray_chkfinite choose disp format_float_positional
    format_float_scientific from_dlpack frombuffer fromfile fromfunction fromiter fromstring genfromtxt load loadtxt mask_indices
    piecewise place put putmask require save savetxt savez savez_compressed show_config"""
)
_FROM_HOST = frozen.names("array asarray asanyarray ascontiguousarray asfortranarray")
_SYNCHRONISING = frozen.names(  # the shape of the result depends on the values
    """argwhere bincount compress extract flatnonzero intersect1d isin nonzero setdiff1d setxor1d trim_zeros union1d unique
    unique_all unique_counts unique_inverse unique_values"""
)
_HOST_ANSWERS = frozen.names(  # all other Python numbers that NumPy returns are 0-d arrays in CuPy
    "can_cast iscomplexobj isfortran isrealobj isscalar may_share_memory ndim result_type shares_memory size"
)
_BY_CUBLAS = frozen.names("dot einsum inner kron outer tensordot vdot")
_FIRST_IS_AN_ARRAY = frozen.names("a a1 ar ar1 arr arr1 array ary condition element m prototype v x y")


class ufunc:
    """CuPy's ufuncs take `out`, `dtype` and `casting`, and few of them have a working `at`, `reduce` or `accumulate`."""

    def __init__(self, name: str, entry: str) -> None:
        self.name, self._entry, self._numpy = name, entry, getattr(np, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        frozen.signature(self._entry).bind(*args, **kwargs)
        for value in args:
            check_operand(value)
        if self.name == "matmul":
            a, b, *out = args
            check_product_out(a, b, kwargs.get("out", out[0] if out else None))
            refuse_cublas()
        return _boxed(call(self._numpy, *args, **kwargs))

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        scatter(self.name, a, indices, b)

    def reduce(
        self, array: ndarray, axis: int = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> ndarray:
        self._only("reduce")
        return call(self._numpy.reduce, array, axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    def accumulate(self, array: ndarray, axis: int = 0, dtype: Any = None, out: Any = None) -> ndarray:
        self._only("accumulate")
        return call(self._numpy.accumulate, array, axis=axis, dtype=dtype, out=out)

    def _only(self, method: str) -> None:
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"`cupy_{self.name}.{method}` is not supported yet")


def _function(name: str, entry: str, numpy_function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Any function that is no ufunc. The arguments pass on as they came, so NumPy checks them as well."""
    check_arguments(entry, args, kwargs)
    first = next(iter(frozen.signature(entry).parameters), "")
    if first in _FIRST_IS_AN_ARRAY and args and not isinstance(args[0], ndarray):
        raise TypeError(f"{name} takes a CuPy array, not {type(args[0])}")
    if name in _SYNCHRONISING or (name == "where" and len(args) + len(kwargs) == 1):
        synchronised()
    if name in _BY_CUBLAS:
        refuse_cublas()
    if name == "dot":
        return args[0].dot(*args[1:], **kwargs)
    if name == "take":
        return args[0].take(*args[1:], **kwargs)
    if name in ("take_along_axis", "put_along_axis"):
        indices, rest = args[1], args[2:]
        axis = kwargs["axis"] if "axis" in kwargs else rest[-1]
        check_indices(indices)
        numpy_function = _along_axis(numpy_function, axis)
    result = call(numpy_function, *args, **kwargs)
    return result if name in _HOST_ANSWERS else _boxed(result)


def _along_axis(function: Callable, axis: int | None) -> Callable:
    """take_along_axis or put_along_axis with indices that wrap around."""

    def wrapped(host: np.ndarray, indices: np.ndarray, *rest: Any, **kwargs: Any) -> Any:
        size = host.size if axis is None else host.shape[axis]
        return function(host, wrap_around(indices, size), *rest, **kwargs)

    return wrapped


def _boxed(result: Any) -> Any:
    return box(np.asarray(result)) if isinstance(result, bool | int | float | complex) else result


def _from_host(name: str, entry: str, source: Any, *args: Any, **kwargs: Any) -> ndarray:
    """`asarray` and its kin: from the device nothing moves, and all else is copied to it."""
    frozen.signature(entry).bind(source, *args, **kwargs)
    if isinstance(source, ndarray):
        return call(getattr(np, name), source, *args, **kwargs)
    owners: dict[int, ndarray] = {}
    source = source if isinstance(source, np.ndarray) else unwrap(source, owners)
    if not owners:
        transferred()
    return call(lambda: getattr(np, name)(source, *args, **kwargs).copy(order="K"))


class Module(ModuleType):
    """One module of the stand-in: its own names first, then NumPy's, and never one that CuPy lacks."""

    def __init__(self, path: str, numpy_module: Any, **own: Any) -> None:
        super().__init__(path)
        for name, value in own.items():
            frozen.require(path, name)
            setattr(self, name, value)
        self._numpy = numpy_module

    def __getattr__(self, name: str) -> Any:
        path = self.__name__
        if name.startswith("__"):  # Python's own questions, such as __path__
            raise AttributeError(name)
        entry = frozen.require(path, name)
        kind = frozen.kind(entry)
        if name in _LEFT_OUT or kind in ("type", "module") or not hasattr(self._numpy, name):
            raise AttributeError(f"{path} has {name!r}, and this stand-in doesn't cover it")
        found = getattr(self._numpy, name)
        if kind in ("numpy", "constant"):
            return found
        if name in _FROM_HOST:
            return partial(_from_host, name, entry)
        return ufunc(name, entry) if kind == "ufunc" else partial(_function, name, entry, found)


class Generator:
    """CuPy's Generator: no normal, choice, shuffle or permutation. The numbers are NumPy's, and not those of a GPU."""

    def __init__(self, seed: Any = None) -> None:
        self._numpy = np.random.default_rng(seed)

    def __getattr__(self, name: str) -> Callable:
        entry = frozen.require("cupy.random.Generator", name)
        drawing = getattr(self._numpy, name)

        def draw(*args: Any, **kwargs: Any) -> ndarray:
            check_arguments(entry, args, kwargs)
            refuse("drawing cuRAND's numbers")
            result = call(drawing, *args, **kwargs)
            return result if isinstance(result, ndarray) else box(np.asarray(result, kwargs.get("dtype")))

        return draw


class Device:
    def __init__(self, device: int = 0) -> None:
        self.id = device

    def use(self) -> None:
        pass

    def synchronize(self) -> None:
        synchronised()


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> np.ndarray:
    return a.get(order=order, out=out) if isinstance(a, ndarray) else np.asarray(a, order=order)


def get_array_module(*args: Any) -> ModuleType:
    return cupy if any(isinstance(value, ndarray) for value in args) else np


_pool = MemoryPool()
runtime = Module(
    "cupy.cuda.runtime",
    None,
    getDeviceCount=lambda: 1,
    getDeviceProperties=lambda device: {"name": NAME},
    deviceSynchronize=synchronised,
)
cuda = Module(
    "cupy.cuda",
    None,
    runtime=runtime,
    Device=Device,
    Graph=Graph,
    Stream=Stream,
    MemoryPool=MemoryPool,
    using_allocator=using_allocator,
    is_available=lambda: True,
    get_current_stream=current_stream,
)
random = Module(
    "cupy.random",
    None,
    Generator=Generator,
    default_rng=lambda seed=None: seed if isinstance(seed, Generator) else Generator(seed),
)
linalg = Module("cupy.linalg", np.linalg, LinAlgError=np.linalg.LinAlgError)
cupy = Module(
    "cupy",
    np,
    ndarray=ndarray,
    ufunc=ufunc,
    RawModule=RawModule,
    cuda=cuda,
    random=random,
    linalg=linalg,
    asnumpy=asnumpy,
    get_array_module=get_array_module,
    get_default_memory_pool=lambda: _pool,
    is_available=lambda: True,
)
cupy.__version__ = frozen.API["version"]
MODULES = {module.__name__: module for module in (cupy, cuda, runtime, random, linalg)}
