"""A strict stand-in for CuPy, so that the GPU's code paths run in tests on a machine without one. No GPU code is run.

from tests.standin import counting, cupy_standin      # in tests/conftest.py; cupy_standin is a fixture

def test_no_waiting(cupy_standin):
    x = cupy_standin.asarray(host_array)
    with counting() as counts:
        step(x)
    assert counts.synchronisations == 0 and counts.transfers == 0
"""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from minillm.gpu import cublas
from minillm.kernels import launching

from .capturing import reset
from .counting import Counts, counting
from .fake_cublas import FakeCuBLAS
from .fake_cupy import MODULES, cupy

__all__ = ["Counts", "counting", "cupy", "cupy_standin"]


@pytest.fixture
def cupy_standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The stand-in, and for the length of the test also what `import cupy` finds."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    for name, module in MODULES.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(launching, "ON", False)  # tests/kernels has them on, and checks them
    monkeypatch.setattr("minillm.layers.layer.check_kernels", lambda cupy: None)
    monkeypatch.setattr(cublas, "load_library", FakeCuBLAS)
    cublas.cublas.cache_clear()
    cublas.check_products.cache_clear()
    reset()
    yield cupy
    cublas.cublas.cache_clear()
    cublas.check_products.cache_clear()
