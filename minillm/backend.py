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
    if not on_device(x):
        raise TypeError(f"expected a NumPy or CuPy array, got {type(x).__name__}")
    return sys.modules["cupy"]


def on_device(x: Any) -> bool:
    """Whether x is an array on a GPU."""
    cupy = sys.modules.get("cupy")  # None where its import is forbidden
    return cupy is not None and isinstance(x, cupy.ndarray)


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
        """A random generator for this key, such as (seed, step): the same key gives the same numbers, whatever came before.

        On a GPU it is a `CounterGenerator`, and the key may be a single number that is on the device, a `device_seed`.
        """
        if self.xp is np:
            return np.random.default_rng(int(np.random.SeedSequence(key).generate_state(1)[0]))
        return CounterGenerator(self.xp, key[0] if on_device(key[0]) else device_seed(*key))

    def synchronize(self) -> None:
        """Wait for the device to finish what it was given: a clock read before that measures nothing."""
        if self.xp is not np:
            self.xp.cuda.get_current_stream().synchronize()


_constants: list[Any] = []


def constant(cached: Any) -> Any:
    """Marks a function that remembers the arrays which it made (`functools.cache`, `lru_cache`). Nobody may write into them."""
    _constants.append(cached)
    return cached


def forget_constants() -> None:
    """Make them anew when they are next asked for: a CUDA graph needs its own, which stay where they are."""
    for cached in _constants:
        cached.cache_clear()


def device_seed(*key: int) -> np.uint64:
    """What stands for this key on a GPU."""
    return np.random.SeedSequence(key).generate_state(1, np.uint64)[0]


class CounterGenerator:
    """SplitMix64 (Steele, Lea & Flood 2014, figure 15): number i of a seed is mix(seed + γ (i + 1)), whatever came before.

    CuPy's own generators keep a state, and take their seed from the host: in a CUDA graph every step would drop the same numbers. Here the
    seed, a uint64, may be an array on the device, and all is plain arithmetic.
    """

    def __init__(self, xp: ModuleType, seed: Array | np.uint64):
        self.xp, self.seed, self.drawn = xp, seed, 0

    def random(self, shape: int | tuple[int, ...], dtype: type = np.float64) -> Array:
        """Numbers from [0, 1), all multiples of 2⁻²⁴ or, in float64, of 2⁻⁵³."""
        count, gamma = int(np.prod(shape)), np.uint64(0x9E3779B97F4A7C15)
        z = self.xp.arange(self.drawn + 1, self.drawn + count + 1, dtype=np.uint64)
        self.drawn += count
        z *= gamma
        z += self.seed
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z ^= z >> np.uint64(shift)
            z *= np.uint64(factor)
        z ^= z >> np.uint64(31)
        bits = np.finfo(dtype).nmant + 1
        return (z >> np.uint64(64 - bits)).astype(dtype).reshape(shape) * 2.0**-bits


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
