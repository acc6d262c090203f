"""Random numbers and the device are CuPy's."""

import sys

import numpy as np
import pytest

from . import cupy as cp
from .same import F32


@pytest.mark.parametrize("name", ["normal", "permutation", "shuffle", "choice", "bytes", "spawn"])
def test_generator_has_only_cupys_methods(name):
    with pytest.raises(AttributeError, match="has no"):
        getattr(cp.random.default_rng(0), name)


def test_generator_draws():
    rng = cp.random.default_rng(7)
    assert rng.random((2, 3), dtype=F32).dtype == F32
    assert rng.standard_normal(size=4).shape == (4,)
    assert rng.uniform(-1, 1, size=4).dtype == np.float64
    assert rng.integers(0, 5, size=(2, 2), dtype=np.int32).dtype == np.int32
    assert rng.random(dtype=F32).dtype == F32 and rng.beta(2, 3).shape == ()
    assert cp.random.default_rng(7).random().item() == cp.random.default_rng(7).random().item()
    out = cp.zeros(3, F32)
    assert rng.random(dtype=F32, out=out) is out and out.all()


def test_generator_refuses_unknown_keywords_and_lists():
    with pytest.raises(TypeError):
        cp.random.default_rng(0).random(shape=3)
    with pytest.raises(TypeError):
        cp.random.default_rng(0).beta([1, 2], 3)


def test_device_says_that_it_is_none():
    assert cp.cuda.is_available() and cp.is_available() and cp.cuda.runtime.getDeviceCount() == 1
    assert cp.cuda.runtime.getDeviceProperties(0)["name"] == b"stand-in (no GPU code was run)"
    assert cp.get_default_memory_pool().used_bytes() == 0
    assert cp.__version__.startswith("14.")


def test_fixture_is_what_import_finds(cupy_standin):
    import cupy
    import cupy.cuda

    assert cupy is cupy_standin is cp
    assert cupy.cuda is cp.cuda
    assert cp.get_array_module(cp.zeros(1)) is sys.modules["cupy"]
    assert cp.get_array_module(np.zeros(1)) is np
