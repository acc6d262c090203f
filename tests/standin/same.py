"""What the tests of the stand-in compare with."""

import numpy as np

from . import cupy as cp

F32 = np.float32


def same(boxed, expected):
    """Equal in value, shape and dtype."""
    assert isinstance(boxed, cp.ndarray)
    np.testing.assert_array_equal(boxed.get(), expected, strict=True)
