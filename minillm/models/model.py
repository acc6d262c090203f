"""What every model is: a layer with a config, and with all of its parameters in one vector."""

from typing import Any

import numpy as np

from minillm.layers import Layer, ParameterVector


class Model(Layer):
    """A layer that token ids enter. Its `__init__` ends with `self.vector = ParameterVector(self, dtype, device)`."""

    config: Any
    vector: ParameterVector


def check_ids(ids: np.ndarray, vocab_size: int) -> None:
    """Raise ValueError unless ids is a host array (B, T) of token ids that a model knows. A GPU would wrap a bad id silently."""
    if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu" or ids.ndim != 2 or ids.size == 0:
        shape = f"{ids.dtype} {ids.shape}" if isinstance(ids, np.ndarray) else type(ids).__name__
        raise ValueError(f"ids must be a NumPy array (B, T) of whole numbers with at least one token, got {shape}")
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= vocab_size:
        raise ValueError(f"token id {low if low < 0 else high} is outside the vocabulary of {vocab_size}")
