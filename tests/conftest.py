"""Fixtures that several folders use."""

import pytest

from minillm.backend import Device, choose_device
from minillm.errors import InputError
from tests.standin import cupy_standin

__all__ = ["cupy_standin"]


def real_gpu() -> bool:
    try:
        choose_device("gpu")
    except InputError:
        return False
    return True


@pytest.fixture(params=["stand-in", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request) -> Device:
    """A strict stand-in for CuPy (no GPU code is run), and, marked `gpu`, a real device where there is one."""
    if request.param == "stand-in":
        request.getfixturevalue("cupy_standin")
    elif not real_gpu():
        pytest.skip("no GPU that answers")
    return choose_device("gpu")
