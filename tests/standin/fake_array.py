"""The stand-in's array: a NumPy array in a box that opens only where CuPy would let the host look in.

Every call goes the same way: check the arguments against CuPy's own signature, take the NumPy arrays out of their boxes, let
NumPy calculate, put the results into boxes again. An argument that is passed must therefore be known to both libraries.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import frozen
from .capturing import capturing, perform
from .counting import synchronised, transferred

Owners = dict[int, "ndarray"]  # id of a NumPy array -> the box that it came from

# Parameters that hold an array, or at most a scalar. `tup` (concatenate) and `shape` are others, and do take lists.
_ARRAY_PARAMETERS = frozen.names(
    """a a1 a2 ar ar1 ar2 arr arr1 arr2 array ary b bins choices condition dst element filt indices m mask out p prototype src
    test_elements v val vals values weights x x1 x2 y z"""
)

# What CUDA's atomic operations can do. add, maximum and minimum are as cupy/_core/_routines_indexing.pyx has them; the others
# are kept to the integers that are certain.
_SCATTER_DTYPES = {
    "add": "int32 uint32 uint64 float16 float32 float64",
    "subtract": "int32 uint32",
    "maximum": "int32 uint32 uint64 float32 float64",
    "minimum": "int32 uint32 uint64 float32 float64",
    "bitwise_and": "int32 uint32 uint64",
    "bitwise_or": "int32 uint32 uint64",
    "bitwise_xor": "int32 uint32 uint64",
}


def box(host: np.ndarray) -> "ndarray":
    if host.dtype.kind not in "biufc":
        raise TypeError(f"CuPy has no arrays of {host.dtype}")
    boxed = object.__new__(ndarray)
    boxed._host = host
    return boxed


def unwrap(value: Any, owners: Owners) -> Any:
    """value with every boxed array, also those in lists and tuples, replaced by its NumPy array."""
    if isinstance(value, ndarray):
        owners[id(value._host)] = value
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array where CuPy wants its own: transfer it with cupy.asarray")
    if type(value) in (list, tuple):
        return type(value)(unwrap(item, owners) for item in value)
    return value


def wrap(result: Any, owners: Owners) -> Any:
    """result with every NumPy array and scalar in a box: reductions give 0-d arrays, and `out=` comes back as itself."""
    if isinstance(result, np.ndarray):
        return owners[id(result)] if id(result) in owners else box(result)
    if isinstance(result, np.generic):
        return box(np.asarray(result))
    if isinstance(result, list):
        return [wrap(item, owners) for item in result]
    if isinstance(result, tuple):
        items = [wrap(item, owners) for item in result]
        return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
    return result


def call(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """function of the unboxed arguments, its result boxed. A GPU raises no floating-point warnings, so neither does this."""
    owners: Owners = {}
    args, kwargs = unwrap(args, owners), {name: unwrap(value, owners) for name, value in kwargs.items()}
    with np.errstate(all="ignore"):
        return wrap(perform(function, args, kwargs), owners)


def refuse_cublas() -> None:
    """CuPy's guard around every call of cuBLAS."""
    if capturing():
        raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")


def check_operand(value: Any) -> None:
    """Ufuncs and operators take CuPy arrays and scalars: no lists, no NumPy arrays, no None."""
    if not isinstance(value, ndarray | bool | int | float | complex | np.generic):
        raise TypeError(f"Unsupported type {type(value)}")


def check_arguments(entry: str, args: tuple, kwargs: dict[str, Any]) -> None:
    """TypeError unless CuPy takes these arguments, and no list or NumPy array stands where it wants an array of its own."""
    for name, value in frozen.signature(entry).bind(*args, **kwargs).arguments.items():
        if name in _ARRAY_PARAMETERS and isinstance(value, list | tuple | np.ndarray):
            raise TypeError(f"{name} must be a CuPy array, not {type(value)}")


def check_product_out(a: "ndarray", b: "ndarray", out: "ndarray | None") -> None:
    """cuBLAS writes the result where it lies: no conversion, no strides."""
    if out is None:
        return
    if out.dtype != np.result_type(a.dtype, b.dtype):
        raise ValueError("Not supported dtype combination.")
    if not out.flags.c_contiguous:
        raise ValueError("Output array must be C-contiguous")


def check_indices(indices: Any) -> None:
    if isinstance(indices, list | tuple | np.ndarray):
        raise TypeError(
            f"indices of {type(indices)} would be transferred to the device at every use: make them a CuPy array"
        )


def wrap_around(indices: Any, size: int) -> Any:
    """Integer indices as CuPy's kernels read them: modulo the size of the axis, so that a wrong one goes unnoticed."""
    if not isinstance(indices, np.ndarray):
        return indices % size if size else indices
    if not size or indices.dtype.kind not in "iu":
        return indices
    return indices.astype(np.int64) % size  # a uint8 modulo 300 would overflow


def numpy_index(host: np.ndarray, key: Any) -> tuple:
    """An index that was checked, for NumPy: its integer arrays wrapped around."""
    parts = key if isinstance(key, tuple) else (key,)
    axes = [_axes_taken(part) for part in parts]
    index, axis = [], 0
    for part, taken in zip(parts, axes, strict=True):
        index.append(wrap_around(part, host.shape[axis]) if isinstance(part, np.ndarray) else part)
        axis += host.ndim - sum(axes) if part is Ellipsis else taken
    # With an ellipsis NumPy, too, gives a 0-d view for x[0], and not a scalar.
    return tuple(index) if any(part is Ellipsis for part in parts) else (*index, Ellipsis)


def _read(host: np.ndarray, key: Any) -> np.ndarray:
    return host[numpy_index(host, key)]


def _write(host: np.ndarray, key: Any, value: Any) -> None:
    host[numpy_index(host, key)] = value


def _take(host: np.ndarray, indices: Any, axis: int | None, out: np.ndarray | None) -> np.ndarray:
    return np.take(host, wrap_around(indices, host.size if axis is None else host.shape[axis]), axis=axis, out=out)


def scatter(name: str, array: "ndarray", indices: Any, values: Any) -> None:
    """`ufunc.at(array, indices, values)`: repeated indices add up."""
    if name not in frozen.API["ufunc.at"]:
        raise NotImplementedError(f"`cupy_{name}.at` is not supported yet")
    if array.dtype.name not in _SCATTER_DTYPES[name].split():
        raise TypeError(f"{name}.at only supports {_SCATTER_DTYPES[name]}, not {array.dtype}")
    check_operand(values)
    array._check_index(indices)
    call(lambda host, key, given: getattr(np, name).at(host, numpy_index(host, key), given), array, indices, values)


class Flags(NamedTuple):
    """CuPy's flags can be read and not set: there is no `writeable`."""

    c_contiguous: bool
    f_contiguous: bool
    owndata: bool


class MemoryPointer(NamedTuple):
    """Where the first number of an array lies."""

    ptr: int


class ndarray:
    """What a GPU array lets a program do; a test looks into `_host`, the library must not."""

    __slots__ = ("_host",)
    __array_ufunc__ = None  # NumPy's operators hand over to ours, and its ufuncs refuse this array
    __hash__ = None

    def __init__(self, shape: Any, dtype: Any = float) -> None:
        self._host = perform(np.empty, (shape, dtype), {})

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __array_function__(self, function: Callable, *rest: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was given a CuPy array: call cupy.{function.__name__}")

    def __getattr__(self, name: str) -> Any:
        frozen.require("cupy.ndarray", name)
        raise AttributeError(f"cupy.ndarray has {name!r}, and this stand-in doesn't cover it")

    # The host looks in: each of these waits for the device.

    def get(
        self, stream: Any = None, order: str = "C", out: np.ndarray | None = None, blocking: bool = True
    ) -> np.ndarray:
        synchronised()
        if out is None:
            return self._host.copy(order)
        out[...] = self._host
        return out

    def item(self) -> Any:
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def tobytes(self, order: str = "C") -> bytes:
        return self.get().tobytes(order)

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __complex__(self) -> complex:
        return complex(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, spec: str) -> str:
        return format(self.get(), spec)

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        """Copy a NumPy array of the same shape and dtype to the device."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if self.dtype != arr.dtype:
            raise TypeError(f"{self.dtype} array cannot be set to {arr.dtype} array")
        if self.shape != arr.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        transferred()
        perform(np.copyto, (self._host, arr), {})

    # Known to the host without asking the device.

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    data = property(lambda self: MemoryPointer(self._host.ctypes.data))
    T = property(lambda self: box(self._host.T))
    mT = property(lambda self: box(self._host.mT))
    real = property(lambda self: box(self._host.real))
    imag = property(lambda self: box(self._host.imag))

    @property
    def base(self) -> "ndarray | None":
        return None if self._host.base is None else box(self._host.base)

    @property
    def flags(self) -> Flags:
        return Flags(self._host.flags.c_contiguous, self._host.flags.f_contiguous, self._host.flags.owndata)

    def __len__(self) -> int:
        return len(self._host)

    # Indexing.

    def __getitem__(self, key: Any) -> "ndarray":
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, ndarray) and part.dtype.kind == "b" for part in parts):
            synchronised()  # the host must learn how many there are
        self._check_index(key)
        return call(_read, self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        check_operand(value)
        self._check_index(key)
        call(_write, self, key, value)

    def __iter__(self) -> Any:
        return (self[row] for row in range(len(self)))

    def take(self, indices: Any, axis: int | None = None, out: "ndarray | None" = None) -> "ndarray":
        check_indices(indices)
        return call(_take, self, indices, axis, out)

    def _check_index(self, key: Any) -> None:
        """Lists and NumPy arrays are refused, since CuPy would transfer them."""
        parts = key if isinstance(key, tuple) else (key,)
        for part in parts:
            if isinstance(part, np.ndarray):
                raise TypeError("an index on the host would be transferred at every use: make it a CuPy array")
        taken = sum(_axes_taken(part) for part in parts)
        if taken > self.ndim:
            raise IndexError(f"too many indices for array: it is {self.ndim}-dimensional, but {taken} were indexed")

    # Arithmetic beyond the operators, which are added below.

    def dot(self, b: "ndarray", out: "ndarray | None" = None) -> "ndarray":
        if not isinstance(b, ndarray):
            raise TypeError(f"dot takes a CuPy array, not {type(b)}")
        check_product_out(self, b, out)
        refuse_cublas()
        return call(np.dot, self, b, out=out)

    def nonzero(self) -> tuple:
        synchronised()
        return call(np.nonzero, self)

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, memo: dict) -> "ndarray":
        return self.copy()


def _axes_taken(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, ndarray | np.ndarray):
        return part.ndim if part.dtype.kind == "b" else 1
    if isinstance(part, slice) or (isinstance(part, int | np.integer) and not isinstance(part, bool)):
        return 1
    raise TypeError(f"an index of {type(part)} would be transferred to the device at every use: make it a CuPy array")


def _operator(function: Callable, reflected: bool = False) -> Callable:
    def method(self: ndarray, other: Any) -> Any:
        check_operand(other)
        if function is operator.matmul:
            refuse_cublas()
        return call(function, other, self) if reflected else call(function, self, other)

    return method


def _unary(function: Callable) -> Callable:
    return lambda self: call(function, self)


def _forwarding(name: str, entry: str) -> Callable:
    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        check_arguments(entry, args, kwargs)
        return call(getattr(np.ndarray, name), self, *args, **kwargs)

    method.__name__ = name
    return method


for _name in frozen.names("add sub mul truediv floordiv mod pow matmul lshift rshift and or xor"):
    setattr(ndarray, f"__{_name}__", _operator(getattr(operator, f"__{_name}__")))
    setattr(ndarray, f"__r{_name}__", _operator(getattr(operator, f"__{_name}__"), reflected=True))
    if _name != "matmul":  # CuPy has no __imatmul__
        setattr(ndarray, f"__i{_name}__", _operator(getattr(operator, f"__i{_name}__")))
for _name in frozen.names("eq ne lt le gt ge"):
    setattr(ndarray, f"__{_name}__", _operator(getattr(operator, _name)))
for _name in frozen.names("neg pos abs invert"):
    setattr(ndarray, f"__{_name}__", _unary(getattr(operator, f"__{_name}__")))

# What writes files, or where NumPy's defaults differ from CuPy's, is left out.
_METHODS = frozen.names(
    """all any argmax argmin argpartition argsort astype clip conj conjugate copy cumprod cumsum diagonal fill flatten max
    mean min partition prod ravel repeat reshape round searchsorted sort squeeze std sum swapaxes trace transpose var view"""
)
for _name in _METHODS:
    setattr(ndarray, _name, _forwarding(_name, frozen.require("cupy.ndarray", _name)))
