"""The fixtures, for the tests of this folder."""

import pytest

from . import cupy as cp
from . import cupy_standin
from .same import F32

__all__ = ["cupy_standin"]


@pytest.fixture
def x():
    return cp.arange(6, dtype=F32).reshape(2, 3)
