"""Matrix products of CuPy arrays by cuBLAS itself, through ctypes: unlike CuPy's own, they can be part of a CUDA graph.

CuPy calls cuBLAS too, but refuses to while a stream is captured (github.com/cupy/cupy/issues/6290), and of two stacks of matrices it copies
every one that is transposed. The library is the one that CuPy has loaded. Names and numbers are those of `cublas_api.h` and
`library_types.h`; docs.nvidia.com/cuda/cublas has the functions.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from ctypes import POINTER, c_char_p, c_int, c_longlong, c_size_t, c_void_p
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array

PROTOTYPES = {
    "cublasCreate_v2": [POINTER(c_void_p)],
    "cublasSetStream_v2": [c_void_p, c_void_p],
    "cublasSetWorkspace_v2": [c_void_p, c_void_p, c_size_t],
    # handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype, ldc, computeType, algo
    "cublasGemmEx": [
        c_void_p, c_int, c_int, c_int, c_int, c_int, c_void_p, c_void_p, c_int, c_int, c_void_p, c_int, c_int, c_void_p,
        c_void_p, c_int, c_int, c_int, c_int,
    ],
    # the same, with a stride behind lda, ldb and ldc, and batchCount before computeType
    "cublasGemmStridedBatchedEx": [
        c_void_p, c_int, c_int, c_int, c_int, c_int, c_void_p, c_void_p, c_int, c_int, c_longlong, c_void_p, c_int, c_int,
        c_longlong, c_void_p, c_void_p, c_int, c_int, c_longlong, c_int, c_int, c_int,
    ],
}  # fmt: skip
OPERATION = {False: 0, True: 1}  # CUBLAS_OP_N, CUBLAS_OP_T
DEFAULT_ALGORITHM = -1  # CUBLAS_GEMM_DEFAULT
WORKSPACE = 32 << 20  # bytes, what cuBLAS wants on Hopper


# As torch.set_float32_matmul_precision names them: float32, TF32 and bfloat16.
PRECISIONS = ("highest", "high", "medium")


class Kind(NamedTuple):
    """How numbers of a dtype are multiplied."""

    data: int  # cudaDataType
    compute: dict[str, int]  # cublasComputeType_t, for each precision
    one: Any
    zero: Any


KINDS = {  # CUDA_R_32F, CUBLAS_COMPUTE_32F, _32F_FAST_TF32 and _32F_FAST_16BF; CUDA_R_64F and CUBLAS_COMPUTE_64F
    "float32": Kind(0, {"highest": 68, "high": 77, "medium": 75}, ctypes.c_float(1), ctypes.c_float(0)),
    "float64": Kind(1, dict.fromkeys(PRECISIONS, 70), ctypes.c_double(1), ctypes.c_double(0)),
}


class Operand(NamedTuple):
    """A stack of matrices as cuBLAS reads it."""

    array: Array
    transposed: bool  # its columns, and not its rows, lie one after the other in memory
    leading: int  # numbers from one row to the next, or from one column to the next
    stride: int  # numbers from one matrix to the next; 0 where all are the same one


def load_library() -> ctypes.CDLL:
    """libcublas, as CuPy finds it."""
    from cuda.pathfinder import load_nvidia_dynamic_lib  # comes with CuPy

    return ctypes.CDLL(load_nvidia_dynamic_lib("cublas").abs_path)


class CuBLAS:
    """cuBLAS with a handle and a workspace of its own, so that what CuPy does with it stays as it is."""

    def __init__(self, cupy: ModuleType, library: Any):
        self.cupy, self.library = cupy, library
        for name, arguments in PROTOTYPES.items():
            getattr(library, name).argtypes, getattr(library, name).restype = arguments, c_int
        library.cublasGetStatusString.argtypes, library.cublasGetStatusString.restype = [c_int], c_char_p
        self._handle, self._stream = c_void_p(), None
        self._call("cublasCreate_v2", ctypes.byref(self._handle))
        self._workspace = cupy.empty(WORKSPACE, np.uint8)

    def _call(self, name: str, *arguments: Any) -> None:
        if status := getattr(self.library, name)(*arguments):
            raise RuntimeError(f"{name}: {self.library.cublasGetStatusString(status).decode()}")

    def _follow_stream(self) -> None:
        """Work in the current stream, as CuPy does. A new stream takes the workspace away, so it is given again."""
        stream = self.cupy.cuda.get_current_stream().ptr
        if stream != self._stream:
            self._call("cublasSetStream_v2", self._handle, stream)
            self._call("cublasSetWorkspace_v2", self._handle, self._workspace.data.ptr, WORKSPACE)
            self._stream = stream

    def matmul(self, a: Array, b: Array, precision: str = "highest") -> Array:
        """a (..., M, K) times b (..., K, N), both float32 or both float64, as `numpy.matmul` has it.

        precision, by PyTorch's names: `highest` computes in the precision of the numbers. `high` may round float32 to the 10 bits of TF32
        before it multiplies them, `medium` to the 7 bits of bfloat16; the products are summed in float32 all the same. Products with a
        vector, such as a sum written as one, are never rounded: it would make them no faster.
        ValueError where the shapes don't fit.
        """
        if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
            raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
        if a.ndim == b.ndim == 1:
            return (a * b).sum()
        if a.ndim == 1:
            return self.matmul(a[None], b)[..., 0, :]
        if b.ndim == 1:
            return self.matmul(a, b[:, None])[..., 0]
        if b.ndim == 2 and a.ndim > 2:  # one tall matrix
            tall = self.matmul(a.reshape(-1, a.shape[-1]), b, precision)
            return tall.reshape(*a.shape[:-1], b.shape[-1])
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = self.cupy.empty((*batch, a.shape[-2], b.shape[-1]), a.dtype)
        if out.size:
            self._multiply(self.operand(a, batch), self.operand(b, batch), out, precision)
        return out

    def operand(self, x: Array, batch: tuple[int, ...]) -> Operand:
        """x (..., rows, columns) for all matrices of the batch; copied only if it has no two strides that cuBLAS could follow."""
        rows, columns = x.shape[-2:]
        if x.shape[:-2] != batch:
            x = self.cupy.broadcast_to(x, (*batch, rows, columns))
        *outer, down, right = (stride // x.itemsize for stride in x.strides)
        stride = stride_between(batch, outer)
        if stride is None or stride < 0:
            return self.operand(self.cupy.ascontiguousarray(x), batch)
        if (columns < 2 or right == 1) and (rows < 2 or down >= columns):
            return Operand(x, False, max(columns if rows < 2 else down, 1), stride)
        if (rows < 2 or down == 1) and (columns < 2 or right >= rows):
            return Operand(x, True, max(rows if columns < 2 else right, 1), stride)
        return self.operand(self.cupy.ascontiguousarray(x), batch)

    def _multiply(self, a: Operand, b: Operand, out: Array, precision: str) -> None:
        """out = a b. cuBLAS counts along columns, and so reads every matrix as its transpose: it is asked for outᵀ = bᵀ aᵀ."""
        self._follow_stream()
        (m, n), k, kind = out.shape[-2:], a.array.shape[-1], KINDS[out.dtype.name]
        first = [b.array.data.ptr, kind.data, b.leading]
        second = [a.array.data.ptr, kind.data, a.leading]
        result = [out.data.ptr, kind.data, n]
        how = [kind.compute[precision], DEFAULT_ALGORITHM]
        name, count = "cublasGemmEx", out.size // (m * n)
        if count > 1:
            name = "cublasGemmStridedBatchedEx"
            first.append(b.stride)
            second.append(a.stride)
            result.append(m * n)
            how.insert(0, count)
        shape = [OPERATION[b.transposed], OPERATION[a.transposed], n, m, k]
        one, zero = ctypes.addressof(kind.one), ctypes.addressof(kind.zero)
        self._call(name, self._handle, *shape, one, *first, *second, zero, *result, *how)


def stride_between(batch: Sequence[int], strides: Sequence[int]) -> int | None:
    """The one stride that leads from each matrix of a batch to the next; None if it takes several."""
    found, total = 0, None
    for length, stride in zip(reversed(batch), reversed(strides), strict=True):
        if length == 1:
            continue
        if total is None:
            found, total = stride, stride * length
        elif stride != total:
            return None
        else:
            total *= length
    return found


@cache
def cublas(cupy: ModuleType) -> CuBLAS:
    """The one of this process."""
    return CuBLAS(cupy, load_library())


@cache
def check_products(cupy: ModuleType) -> None:
    """RuntimeError unless cuBLAS multiplies a stack, a transposed one and two matrices as NumPy does. Once in a process."""
    normal, ours = np.random.default_rng(0).standard_normal, cublas(cupy)
    a, b = normal((2, 3, 4, 5)).astype(np.float32), normal((2, 3, 5, 6)).astype(np.float32)
    x, y = cupy.asarray(a), cupy.asarray(b)
    turned = ours.matmul(y.swapaxes(-1, -2), x.swapaxes(-1, -2)).swapaxes(-1, -2)
    products = ours.matmul(x, y), turned, ours.matmul(x[0, 0], y[0, 0])
    found = cupy.concatenate([each.ravel() for each in products]).get()
    wanted = np.concatenate([each.ravel() for each in (a @ b, a @ b, a[0, 0] @ b[0, 0])])
    if not np.allclose(found, wanted, atol=1e-4):
        raise RuntimeError(f"cuBLAS multiplies wrongly, by {np.abs(found - wanted).max():.2g}")


_precision: ContextVar[str | None] = ContextVar("precision of matrix products", default=None)


@cache
def replace_operator(cupy: ModuleType) -> None:
    """CuPy has no switch for who multiplies, so the operator of its array class is replaced; once, since Python forgets what it knows of a
    class that changes. Outside `matmul_by_cublas` the new one does what the old one did.
    """
    array, theirs = cupy.ndarray, cupy.ndarray.__matmul__

    def product(a: Array, b: Array) -> Array:
        precision = _precision.get()
        if precision is None or not isinstance(b, array) or a.dtype != b.dtype or a.dtype.name not in KINDS:
            return theirs(a, b)
        return cublas(cupy).matmul(a, b, precision)

    array.__matmul__ = product


@contextmanager
def matmul_by_cublas(cupy: ModuleType, precision: str = "highest") -> Iterator[None]:
    """Inside, `a @ b` of CuPy arrays of one dtype, float32 or float64, is `CuBLAS.matmul`; anything else is CuPy's own product."""
    replace_operator(cupy)
    token = _precision.set(precision)
    try:
        yield
    finally:
        _precision.reset(token)
