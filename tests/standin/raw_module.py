"""The stand-in's RawModule: the CUDA C of a kernel, compiled by g++ and run on the processor (cuda_on_cpu.h).

Its arguments are checked first against the kernel's own parameters, since a GPU takes whatever bits it is given. Each array is copied into
a buffer with a margin on both sides, so that an index beyond its ends is seen, and does no harm.
"""

import ctypes
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .capturing import perform
from .fake_array import ndarray

HEADER = Path(__file__).with_name("cuda_on_cpu.h")
CAN_RUN = sys.platform == "linux" and shutil.which("g++") is not None
KERNEL = re.compile(r'extern "C" __global__ void (?:__launch_bounds__\(\w+\) )?(\w+)\(([^)]*)\)')
C_TYPES = {"float": np.float32, "int": np.int32, "long long": np.int64, "unsigned long long": np.uint64}
MARGIN = 4096  # bytes

random = np.random.default_rng(0)
reverse = False  # the order in which blocks, warps and threads take their turns


def signatures(code: str) -> dict[str, list[str]]:
    """The types of the parameters of every kernel, such as `const float *`."""
    return {
        name: [re.match(r"\s*(.*?\*?)\s*\w+\s*$", each, re.S)[1] for each in parameters.split(",")]
        for name, parameters in KERNEL.findall(code)
    }


@cache
def compiled(code: str) -> ctypes.CDLL:
    """A library with the kernels of this code."""
    calls = "".join(
        f'extern "C" const char *run_{name}(const unsigned *grid, const unsigned *block, void **values, bool reverse) {{\n'
        f"    auto call = [](void **values) {{ emulated::call_with<{name}>({name}, values); }};\n"
        f"    return emulated::run(call, grid, block, values, reverse);\n}}\n"
        for name in signatures(code)
    )
    with tempfile.TemporaryDirectory() as folder:
        text, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        text.write_text(f'#include "{HEADER}"\n{code}\n{calls}', encoding="utf-8")
        # setjmp goes from stack to stack here, which a "fortified" one takes for an error
        options = ["-std=c++17", "-O1", "-w", "-shared", "-fPIC", "-U_FORTIFY_SOURCE", "-ffp-contract=off"]
        subprocess.run(["g++", *options, str(text), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))


class RawKernel:
    """One kernel, called with its grid, its block and its arguments."""

    def __init__(self, code: str, name: str):
        self.code, self.name, self.parameters = code, name, signatures(code)[name]

    def __call__(self, grid: tuple, block: tuple, args: tuple, *, shared_mem: int = 0) -> None:
        assert shared_mem == 0, "the emulation has no dynamic shared memory"
        assert len(args) == len(self.parameters), f"{self.name} has {len(self.parameters)} parameters, not {len(args)}"
        for number, (value, parameter) in enumerate(zip(args, self.parameters, strict=True)):
            check_argument(f"argument {number} of {self.name}", value, parameter)
        check_sizes(grid, block)
        if CAN_RUN:
            memory = [value._host for value in args if isinstance(value, ndarray)]
            perform(lambda _: run(self.code, self.name, grid, block, args), (memory,), {})


def check_argument(what: str, value: Any, parameter: str) -> None:
    """TypeError unless the bits of the value are those that the kernel will read."""
    wanted = np.dtype(C_TYPES[parameter.replace("const ", "").rstrip("* ")])
    if parameter.endswith("*"):
        if not isinstance(value, ndarray) or value.dtype != wanted or not value.flags.c_contiguous:
            raise TypeError(f"{what} is no contiguous array of {wanted} on the device, as {parameter!r} wants")
    elif type(value) is not wanted.type:
        raise TypeError(f"{what} is of {type(value)}, not of {wanted}: CuPy passes Python's numbers as 64 bits")


def check_sizes(grid: tuple, block: tuple) -> None:
    """ValueError unless a GPU takes them. The limits: CUDA C++ Programming Guide, table of technical specifications."""
    if not all(type(each) is int and each > 0 for each in (*grid, *block)):
        raise ValueError(f"a grid and a block are of positive integers, not {grid} and {block}")
    most = (2**31 - 1, 65535, 65535)
    if len(grid) > 3 or len(block) > 3 or any(n > m for n, m in zip(grid, most, strict=False)):
        raise ValueError(f"a grid of {grid} is too large")
    if np.prod(block) > 1024 or block[2:] > (64,):
        raise ValueError(f"a block of {block} has too many threads")


def run(code: str, name: str, grid: tuple, block: tuple, args: tuple) -> None:
    arrays, values = [], []
    for value in args:
        if isinstance(value, ndarray):
            before = np.concatenate([margin(), value._host.reshape(-1).view(np.uint8), margin()])
            after = before.copy()
            arrays.append((value, before, after))
            values.append(ctypes.c_void_p(after.ctypes.data + MARGIN))
        else:
            values.append(np.ctypeslib.as_ctypes_type(value.dtype)(value.item()))
    addresses = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
    sizes = [(ctypes.c_uint * 3)(*each, *(1,) * (3 - len(each))) for each in (grid, block)]
    function = getattr(compiled(code), f"run_{name}")
    function.restype = ctypes.c_char_p
    fault = function(*sizes, addresses, ctypes.c_bool(reverse))
    if fault:
        raise RuntimeError(f"{name}: {fault.decode()}")
    for value, before, after in arrays:
        changed = np.nonzero(before != after)[0] - MARGIN
        if changed.size and not 0 <= changed[0] <= changed[-1] < value.nbytes:
            raise IndexError(f"{name} writes beyond the ends of an array")
        value._host[...] = after[MARGIN : MARGIN + value.nbytes].view(value.dtype).reshape(value.shape)


def margin() -> np.ndarray:
    """Numbers and NaNs, no two the same: what is read there is seen in the results, and what is written there is another number."""
    numbers = random.standard_normal(MARGIN // 4, np.float32).view(np.uint32)
    return np.where(random.random(numbers.size) < 0.5, numbers, numbers | np.uint32(0x7FC00000)).view(np.uint8)


class RawModule:
    """The kernels of one source; only `code` is covered."""

    def __init__(self, *, code: str):
        self.code = code

    def get_function(self, name: str) -> RawKernel:
        return RawKernel(self.code, name)
