"""Which array library: NumPy on the processor, CuPy on a GPU.

The device is chosen once, when a program starts, and a model's parameters are put there. The mathematics then follows its
arrays: an op asks `array_module(x)` and calls the same names on NumPy or CuPy. Everything that a GPU makes different is here:
the choice, the transfers, and the random numbers.
"""

import ctypes
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from minillm.errors import InputError

Array = Any  # numpy.ndarray or cupy.ndarray
ON_HOST = (np.ndarray, np.generic)


def array_module(x: Array) -> ModuleType:
    """The library that the array x belongs to: `numpy` or `cupy`."""
    if isinstance(x, ON_HOST):
        return np
    if "cupy" not in sys.modules or not isinstance(x, sys.modules["cupy"].ndarray):
        raise TypeError(f"expected a NumPy or CuPy array, got {type(x).__name__}")
    return sys.modules["cupy"]


def to_host(x: Array) -> np.ndarray:
    """x as a NumPy array. On a GPU this waits until x has been computed."""
    return np.asarray(x) if isinstance(x, ON_HOST) else x.get()


@dataclass(frozen=True)
class Device:
    """Where arrays live: its array library, and why it was chosen."""

    name: str
    xp: ModuleType
    reason: str
    cores: int | None = None  # of the processor, for this process, where several share them

    def generator(self, *key: int) -> Any:
        """A random generator for this key, such as (seed, step): the same key gives the same numbers, whatever came before."""
        return self.xp.random.default_rng(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def synchronize(self) -> None:
        """Wait for the device to finish what it was given: a clock read before that measures nothing."""
        if self.xp is not np:
            self.xp.cuda.get_current_stream().synchronize()


def reuse_freed_memory() -> None:
    """Ask the C library to keep freed memory for the next array; a training step on the processor may take half the time.

    A step makes hundreds of arrays of about a megabyte. glibc hands such memory back to the system when it is freed, and the next
    array is paid for again, page by page. For programs to call when they start; elsewhere than on glibc it does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, musl; Windows
        return
    m_trim_threshold, m_mmap_threshold, m_arena_max = -1, -3, -8  # malloc.h
    if mallopt(m_mmap_threshold, 1 << 25):  # 32 MiB, the most that every glibc takes
        mallopt(m_trim_threshold, (1 << 31) - 1)
        mallopt(m_arena_max, 1)


CPU = Device("cpu", np, "NumPy on the processor")


def choose_device(name: str = "auto", number: int = 0) -> Device:
    """`cpu`, `gpu`, or `auto`: the GPU if CuPy is installed and a device really answers. An explicit `gpu` never falls back.

    number: of the process among those on this machine, which take its GPUs in turn.
    """
    if name == "cpu":
        return CPU
    if name not in ("auto", "gpu"):
        raise InputError(f"There is no device {name!r}.", "Choose auto, cpu or gpu.")
    cupy, reason = _working_cupy(number)
    if cupy is not None:
        return Device("gpu", cupy, reason)
    if name == "gpu":
        raise InputError(f"No GPU can be used: {reason}.", "Run with `device` cpu, or see: python -m minillm doctor")
    return Device("cpu", np, f"{CPU.reason} ({reason})")


def _working_cupy(number: int) -> tuple[ModuleType | None, str]:
    try:
        import cupy
    except ModuleNotFoundError:
        return None, "CuPy is not installed"
    except Exception as error:  # it looks for libraries, and makes a folder in the user's home
        return None, f"CuPy cannot be imported ({type(error).__name__}: {' '.join(str(error).split())[:100]})"
    try:
        number %= cupy.cuda.runtime.getDeviceCount()
        cupy.cuda.Device(number).use()
        # Asking a device to add is the only proof: a driver may be listed and still refuse every call.
        if int(cupy.arange(3).sum()) != 3:
            return None, "the GPU adds wrongly"
        properties = cupy.cuda.runtime.getDeviceProperties(number)
    except Exception as error:  # CUDA's errors have many classes, and any of them means: not here
        return None, f"CuPy {cupy.__version__} finds no device that answers ({type(error).__name__})"
    return cupy, f"CuPy {cupy.__version__} on {properties['name'].decode()}"
