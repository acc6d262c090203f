"""Matrices in a quarter of their bytes: int8 with a float16 scale a row.

A row w becomes q s, where s = max |w| / 127 and q holds the nearest whole numbers to w / s, so that |w - q s| <= s / 2. It is the
vector-wise absmax quantization of LLM.int8() (Dettmers et al. 2022, section 2.1).
"""

from collections.abc import Iterator

import numpy as np

BLOCK = 1 << 19  # numbers, of which the processor's cache has room for the most part


def quantize(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 (..., n) -> int8 (..., n), and float16 scales (...); inf for a row that is too large for float16.

    Scales are rounded up: no number of a row lies beyond 127 of them.
    """
    largest = np.abs(weights).max(axis=-1, initial=0)
    with np.errstate(over="ignore"):
        scale = (largest / 127).astype(np.float16)
        scale = np.where(scale.astype(np.float32) * 127 < largest, np.nextafter(scale, np.float16(np.inf)), scale)
    divisor = np.where(scale == 0, 1, scale.astype(np.float32))
    return np.rint(weights / divisor[..., None]).astype(np.int8), scale


def dequantize(quantized: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """int8 (..., n) and float16 scales (...) -> float32 (..., n)."""
    with np.errstate(invalid="ignore"):  # a file may hold infinite scales: whoever reads it looks at the result
        return quantized * scale[..., None].astype(np.float32)


def int8_linear(x: np.ndarray, quantized: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """x (N, D), a matrix (D, F) as int8 with scales (D,) -> y (N, F): y_nf = Σ_d (x_nd s_d) q_df."""
    x, y = x * scale, np.zeros((len(x), quantized.shape[1]), x.dtype)
    for rows, block in _blocks(quantized, x.dtype):
        y += x[:, rows] @ block
    return y


def int8_tied_linear(x: np.ndarray, quantized: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """x (N, D), a table (V, D) as int8 with scales (V,) -> y (N, V), x times the transposed table: y_nv = s_v Σ_d x_nd q_vd."""
    y = np.empty((len(x), len(quantized)), x.dtype)
    for rows, block in _blocks(quantized, x.dtype):
        np.matmul(x, block.T, out=y[:, rows])
    y *= scale
    return y


def int8_embedding(ids: np.ndarray, quantized: np.ndarray, scale: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """ids (...), a table (V, D) as int8 with scales (V,) -> its rows (..., D): s_i q_i."""
    return quantized[ids] * scale[ids][..., None].astype(dtype)


def _blocks(quantized: np.ndarray, dtype: np.dtype) -> Iterator[tuple[slice, np.ndarray]]:
    """int8 (R, C) as floating-point numbers, some rows at a time. Every block is written over the one before."""
    step = max(1, BLOCK // max(quantized.shape[1], 1))
    buffer = np.empty((min(step, len(quantized)), quantized.shape[1]), dtype)
    for start in range(0, len(quantized), step):
        block = buffer[: len(quantized) - start]
        block[...] = quantized[start : start + step]
        yield slice(start, start + len(block)), block
