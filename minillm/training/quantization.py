"""Weights in a quarter of their bytes: a matrix as int8 with a float16 scale a row, a vector as float16.

A row w becomes q s, where s = max |w| / 127 and q holds the nearest whole numbers to w / s, so that |w - q s| <= s / 2. It is the
vector-wise absmax quantization of LLM.int8() (Dettmers et al. 2022, section 2.1). In a file the scales of `name` are called `name.scale`.
"""

from collections.abc import Mapping

import numpy as np

from minillm.errors import InputError

SCALE = ".scale"


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


def quantize_tensors(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a file holds of these float32 arrays; InputError for numbers that are not finite, or too large for float16."""
    stored: dict[str, np.ndarray] = {}
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise InputError(f"{name} holds numbers that are not finite.", "Its training diverged: use another model.")
        if array.ndim > 1:
            stored[name], rounded = quantize(array)
            stored[name + SCALE] = rounded
        else:
            with np.errstate(over="ignore"):
                stored[name] = rounded = array.astype(np.float16)
        if not np.isfinite(rounded).all():
            raise InputError(f"{name} holds numbers too large for float16.", "Keep this model in float32.")
    return stored
