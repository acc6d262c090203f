"""A cuBLAS that computes with NumPy, from nothing but the pointers and numbers that it is given: an argument in the wrong place shows.

The prototypes are written down a second time here, from cublas_api.h, as C functions: ctypes converts for them as for the real library.
"""

import ctypes
from collections.abc import Callable
from ctypes import c_int, c_longlong, c_size_t, c_void_p
from typing import Any

import numpy as np

from .capturing import perform

INVALID_VALUE, NOT_SUPPORTED = 7, 15
MESSAGES = {INVALID_VALUE: ctypes.c_char_p(b"an invalid value"), NOT_SUPPORTED: ctypes.c_char_p(b"not supported")}
TYPES = {0: np.float32, 1: np.float64}  # CUDA_R_32F, CUDA_R_64F
# CUBLAS_COMPUTE_32F, _32F_FAST_TF32, _32F_FAST_16BF; _64F
PRECISIONS = {0: {68: "highest", 77: "high", 75: "medium"}, 1: {70: "highest"}}
DROPPED_BITS = {77: 13, 75: 16}  # of the 23 that float32 has behind the point


def matrix(pointer: int, kind: int, rows: int, columns: int, leading: int, transposed: bool) -> np.ndarray | None:
    """op(X) (rows, columns), with X in the order of columns; None if its columns would overlap."""
    if transposed:
        stored = matrix(pointer, kind, columns, rows, leading, False)
        return None if stored is None else stored.T
    if leading < max(rows, 1):
        return None
    size = TYPES[kind]().itemsize
    length = leading * (columns - 1) + rows if columns else 0
    memory = (ctypes.c_byte * (length * size)).from_address(pointer)
    flat = np.frombuffer(memory, TYPES[kind])
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (size, leading * size))


def rounded(x: np.ndarray, compute: int) -> np.ndarray:
    """x, float32, as Tensor Cores of this precision read it: the nearest number with fewer bits, of two the even one."""
    if compute not in DROPPED_BITS:
        return x
    dropped, bits = np.uint32(DROPPED_BITS[compute]), np.ascontiguousarray(x).view(np.uint32)
    last = (bits >> dropped) & np.uint32(1)
    nearest = (bits + (np.uint32(1) << (dropped - np.uint32(1))) - np.uint32(1) + last) >> dropped << dropped
    return np.where(np.isfinite(x), nearest.view(np.float32), x)


class FakeCuBLAS:
    """The functions that are needed, and in `products` which were called."""

    def __init__(self) -> None:
        self.streams: list[int] = []
        self.products: list[tuple[str, str]] = []  # function and precision
        self.workspace: tuple[int, int] | None = None
        self.cublasCreate_v2 = _c(self._create, c_void_p)
        self.cublasSetStream_v2 = _c(self._set_stream, c_void_p, c_void_p)
        self.cublasSetWorkspace_v2 = _c(self._set_workspace, c_void_p, c_void_p, c_size_t)
        head = [c_void_p, c_int, c_int, c_int, c_int, c_int, c_void_p]
        operand, strided = [c_void_p, c_int, c_int], [c_void_p, c_int, c_int, c_longlong]
        self.cublasGemmEx = _c(self._gemm, *head, *operand, *operand, c_void_p, *operand, c_int, c_int)
        self.cublasGemmStridedBatchedEx = _c(
            self._batched, *head, *strided, *strided, c_void_p, *strided, c_int, c_int, c_int
        )
        self.cublasGetStatusString = ctypes.CFUNCTYPE(c_void_p, c_int)(
            lambda status: ctypes.cast(MESSAGES[status], c_void_p).value
        )

    def _create(self, where: int) -> int:
        c_void_p.from_address(where).value = 1810
        return 0

    def _set_stream(self, handle: int, stream: int | None) -> int:
        self.streams.append(stream or 0)
        self.workspace = None
        return 0

    def _set_workspace(self, handle: int, pointer: int, size: int) -> int:
        self.workspace = pointer, size
        return 0

    def _gemm(self, handle, ta, tb, m, n, k, alpha, a, at, lda, b, bt, ldb, beta, c, ct, ldc, compute, algo) -> int:
        return self._multiply(
            "GemmEx", handle, ta, tb, m, n, k, alpha, (a, at, lda, 0), (b, bt, ldb, 0), beta, (c, ct, ldc, 0), 1, compute, algo
        )  # fmt: skip

    def _batched(
        self, handle, ta, tb, m, n, k, alpha, a, at, lda, sa, b, bt, ldb, sb, beta, c, ct, ldc, sc, count, compute, algo
    ) -> int:
        return self._multiply(
            "GemmStridedBatchedEx", handle, ta, tb, m, n, k, alpha, (a, at, lda, sa), (b, bt, ldb, sb), beta,
            (c, ct, ldc, sc), count, compute, algo,
        )  # fmt: skip

    def _multiply(self, name, handle, ta, tb, m, n, k, alpha, a, b, beta, c, count, compute, algo) -> int:
        kind = a[1]
        if handle != 1810 or self.workspace is None or algo != -1 or {ta, tb} - {0, 1} or {b[1], c[1]} != {kind}:
            return INVALID_VALUE
        if compute not in PRECISIONS.get(kind, {}):
            return NOT_SUPPORTED
        scale = ctypes.c_float if kind == 0 else ctypes.c_double
        alpha, beta = (scale.from_address(pointer).value for pointer in (alpha, beta))
        size, steps = TYPES[kind]().itemsize, []
        for i in range(count):
            (pa, la), (pb, lb), (pc, lc) = ((x[0] + i * x[3] * size, x[2]) for x in (a, b, c))
            left, right = matrix(pa, kind, m, k, la, ta == 1), matrix(pb, kind, k, n, lb, tb == 1)
            out = matrix(pc, kind, m, n, lc, False)
            if left is None or right is None or out is None:
                return INVALID_VALUE
            steps.append((left, right, out))

        def change() -> None:
            for left, right, out in steps:
                product = rounded(left, compute) @ rounded(right, compute)
                out[...] = alpha * product + (beta * out if beta else 0)  # with beta 0, out is not read

        self.products.append((name, PRECISIONS[kind][compute]))
        perform(change, (), {})
        return 0


def _c(function: Callable[..., int], *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(c_int, *arguments)(function)
