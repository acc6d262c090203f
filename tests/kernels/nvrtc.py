"""NVIDIA's runtime compiler, which needs no GPU: `pip install nvidia-cuda-nvrtc`."""

import ctypes
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p, create_string_buffer
from functools import cache
from importlib.util import find_spec
from pathlib import Path

OPTIONS = ("-std=c++17", "--ptxas-options=-v")  # the first is CuPy's, the second asks for registers and spills


@cache
def library() -> ctypes.CDLL | None:
    """None where it is not installed."""
    found = find_spec("nvidia")
    folders = [Path(each) for each in found.submodule_search_locations or ()] if found else []
    paths = [path for each in folders for path in each.glob("*/lib/libnvrtc.so.*")]
    return ctypes.CDLL(str(paths[0])) if paths else None


def compile_log(code: str, architecture: str) -> tuple[bool, str]:
    """Whether CUDA C compiles to machine code, such as of `sm_90`, and what the compiler says."""
    nvrtc, program = library(), c_void_p()
    nvrtc.nvrtcCreateProgram(byref(program), c_char_p(code.encode()), b"kernels.cu", c_int(0), None, None)
    options = [each.encode() for each in (f"-arch={architecture}", *OPTIONS)]
    status = nvrtc.nvrtcCompileProgram(program, c_int(len(options)), (c_char_p * len(options))(*options))
    size = c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, byref(size))
    log = create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(byref(program))
    return status == 0, log.value.decode()
