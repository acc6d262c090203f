"""The stand-in refuses a launch that a GPU would run with the wrong bits; for that it needs no compiler."""

import numpy as np
import pytest

from minillm import kernels, ops
from minillm.kernels import launching
from tests.kernels.compare import numbers, on
from tests.kernels.specimens import SPECIMENS
from tests.standin import raw_module

F32 = np.float32


@pytest.fixture
def unrun(cupy_standin, monkeypatch):
    """The stand-in with kernels on, where there is no g++: arguments are checked, and nothing is run."""
    monkeypatch.setattr(raw_module, "CAN_RUN", False)
    monkeypatch.setattr(launching, "ON", True)
    return cupy_standin


@pytest.mark.parametrize("file", SPECIMENS)
def test_every_kernel_is_given_what_it_reads(unrun, file):
    with pytest.raises(AssertionError, match="equal"):  # only the numbers are wrong
        SPECIMENS[file](unrun)


def test_each_file_of_kernels_has_a_specimen():
    assert set(SPECIMENS) == {path.name for path in launching.FOLDER.glob("*.cu")}


WRONG = {
    "Python's int of 64 bits": (lambda a: (*a[:3], 5), TypeError, "64 bits"),
    "Python's float of 64 bits": (lambda a: (*a[:2], 0.5, *a[3:]), TypeError, "64 bits"),
    "an int for a float": (lambda a: (*a[:2], np.int32(1), *a[3:]), TypeError, "not of float32"),
    "a float64 array": (lambda a: (a[0].astype(np.float64), *a[1:]), TypeError, "no contiguous array of float32"),
    "a strided array": (lambda a: (a[0], a[1][::2], *a[2:]), TypeError, "no contiguous array"),
    "a host array": (lambda a: (a[0].get(), *a[1:]), TypeError, "on the device"),
    "an argument too few": (lambda a: a[:3], AssertionError, "4 parameters"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_refused(unrun, case):
    change, error, words = WRONG[case]
    code = 'extern "C" __global__ void scaled(const float *x, float *y, float factor, int size) {}'
    kernel = unrun.RawModule(code=code).get_function("scaled")
    right = (unrun.ones(8, F32), unrun.ones(8, F32), F32(2), np.int32(8))
    kernel((1,), (32,), right)
    with pytest.raises(error, match=words):
        kernel((1,), (32,), change(right))


def backward_of(forward, backward, *shapes):
    """A backward pass for a dy that lacks its last row."""

    def call(xp):
        y, saved = forward(*on(xp, *numbers(*shapes)))
        backward(y[..., :-1, :], saved)

    return call


X, HEADS, WIDE = (3, 40), (1, 2, 9, 8), (1, 2, 12, 8)
TOO_SHORT = {
    "layer_norm, gamma": lambda xp: ops.layer_norm(*on(xp, *numbers(X, (39,), (40,)))),
    "layer_norm, beta": lambda xp: ops.layer_norm(*on(xp, *numbers(X, (40,), (39,)))),
    "rms_norm, gamma": lambda xp: ops.rms_norm(*on(xp, *numbers(X, (39,)))),
    "layer_norm, dy": backward_of(ops.layer_norm, ops.layer_norm_backward, X, (40,), (40,)),
    "rms_norm, dy": backward_of(ops.rms_norm, ops.rms_norm_backward, X, (40,)),
    "gelu, dy": backward_of(ops.gelu, ops.gelu_backward, X),
    "gelu_erf, dy": backward_of(ops.gelu_erf, ops.gelu_erf_backward, X),
    "silu, dy": backward_of(ops.silu, ops.silu_backward, X),
    "softmax, dp": backward_of(ops.softmax, ops.softmax_backward, X),
    "attention, dy": backward_of(ops.chunked_attention, ops.chunked_attention_backward, HEADS, WIDE, WIDE),
    "cross_entropy, targets": lambda xp: ops.cross_entropy_backward(
        1.0, ops.cross_entropy(*on(xp, *numbers(X), np.array([1, 2])))[1]
    ),
    "adamw, moment": lambda xp: kernels.adamw(*on(xp, *numbers((4,), (4,), (3,), (4,))), (1.0,) * 3, (0.9, 0.9), 1e-8),
}


@pytest.mark.parametrize("case", TOO_SHORT)
def test_an_array_that_is_too_short_is_refused_as_on_a_processor(unrun, case):
    """Where a kernel runs, nothing else would: it reads what lies behind the end."""
    with pytest.raises(ValueError, match="an array of shape"):
        TOO_SHORT[case](unrun)


@pytest.mark.parametrize(
    ("grid", "block"), [((0,), (32,)), ((1, 65536), (32,)), ((1,), (2048,)), ((1,), (np.int64(32),))]
)
def test_wrong_sizes_are_refused(unrun, grid, block):
    kernel = unrun.RawModule(code='extern "C" __global__ void nothing(int size) {}').get_function("nothing")
    with pytest.raises(ValueError, match=r"grid|block"):
        kernel(grid, block, (np.int32(1),))
