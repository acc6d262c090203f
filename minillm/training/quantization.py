"""What a file holds of weights in a quarter of their bytes: a matrix as int8 with a float16 scale a row, a vector as float16.

In a file the scales of `name` are called `name.scale`. How a row is rounded: `minillm.ops.quantization`.
"""

from collections.abc import Mapping

import numpy as np

from minillm.errors import InputError
from minillm.ops import quantize

SCALE = ".scale"


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
