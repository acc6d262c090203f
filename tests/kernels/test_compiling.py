"""Every kernel compiles for NVIDIA's cards, on machines without one too, and keeps its numbers in registers."""

import re

import pytest

from minillm.kernels import launching
from tests.kernels import nvrtc
from tests.standin.raw_module import signatures

FILES = sorted(path.name for path in launching.FOLDER.glob("*.cu"))
WIDTHS = {"attention.cu": (8, 24, 64)}  # of a head, for which a file is made
REGISTERS = 65536  # of a multiprocessor, which must suffice for a block

pytestmark = pytest.mark.skipif(nvrtc.library() is None, reason="needs: pip install nvidia-cuda-nvrtc")


def threads_of(code: str) -> dict[str, int]:
    """The most threads that a block of each kernel has: 1024 unless it says so."""
    bounds = re.findall(r"__global__ void (?:__launch_bounds__\((\w+)\) )?(\w+)\(", code)
    return {name: int(re.search(rf"#define {bound} (\d+)", code)[1]) if bound else 1024 for bound, name in bounds}


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize(("file", "width"), [(file, width) for file in FILES for width in WIDTHS.get(file, [None])])
def test_a_file_compiles_without_spills(file, width, architecture):
    code = launching.source(file, width)
    compiled, log = nvrtc.compile_log(code, architecture)
    assert compiled and "warning" not in log, log
    kernels = re.findall(r"Compiling entry function '(\w+)'", log)
    assert set(kernels) == set(signatures(code))  # what the emulation reads of the text is what there is
    stack = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    assert stack == [("0", "0", "0")] * len(kernels)
    registers, threads = re.findall(r"Used (\d+) registers", log), threads_of(code)
    assert all(int(used) * threads[name] <= REGISTERS for name, used in zip(kernels, registers, strict=True))


def test_a_mistake_is_reported():
    compiled, log = nvrtc.compile_log(launching.source("softmax.cu").replace("return x;", "return y;"), "sm_90")
    assert not compiled and 'identifier "y" is undefined' in log
