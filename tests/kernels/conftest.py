"""Where kernels run: on the processor, in the stand-in's emulation, and, marked `gpu`, on a card where there is one."""

import numpy as np
import pytest

from minillm.kernels import launching
from tests.standin import raw_module


@pytest.fixture
def gpu(device, monkeypatch):
    """The array library of a GPU, with kernels on. On the stand-in, new arrays are full of NaN: what a kernel leaves out is seen."""
    xp = device.xp
    if "stand-in" in device.reason:
        if not raw_module.CAN_RUN:
            pytest.skip("no g++ on Linux, by which kernels run on the processor")
        monkeypatch.setattr(xp, "empty", lambda shape, dtype: xp.full(shape, np.nan, dtype), raising=False)
        monkeypatch.setattr(xp, "empty_like", lambda x: xp.full(x.shape, np.nan, x.dtype), raising=False)
    monkeypatch.setattr(launching, "ON", True)
    return xp
