"""Every kernel compiles for NVIDIA's cards, on machines without one too, and keeps its numbers in registers."""

import re

import pytest

from minillm.kernels import launching
from tests.kernels import nvrtc
from tests.standin.raw_module import signatures

FILES = sorted(path.name for path in launching.FOLDER.glob("*.cu"))
REGISTERS = 64  # of a thread, where a block has 1024: a multiprocessor has 65536

pytestmark = pytest.mark.skipif(nvrtc.library() is None, reason="needs: pip install nvidia-cuda-nvrtc")


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("file", FILES)
def test_a_file_compiles_without_spills(file, architecture):
    code = launching.source(file)
    compiled, log = nvrtc.compile_log(code, architecture)
    assert compiled and "warning" not in log, log
    kernels = set(re.findall(r"Compiling entry function '(\w+)'", log))
    assert kernels == set(signatures(code))  # what the emulation reads of the text is what there is
    stack = re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    assert stack == [("0", "0", "0")] * len(kernels)
    assert all(int(each) <= REGISTERS for each in re.findall(r"Used (\d+) registers", log))


def test_a_mistake_is_reported():
    compiled, log = nvrtc.compile_log(launching.source(FILES[0]).replace("return x;", "return y;"), "sm_90")
    assert not compiled and 'identifier "y" is undefined' in log
