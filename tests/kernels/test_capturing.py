"""Kernels can be captured in a CUDA graph: nothing is copied, nothing waited for, and a replay computes with new numbers."""

import numpy as np
import pytest

from minillm import kernels, ops
from minillm.gpu.graph import Graph
from minillm.ops.loss import CrossEntropySaved
from tests.kernels.compare import launched, numbers, same


def layers(buffers):
    """Each op forward, and backward again."""
    x, targets = buffers["x"], buffers["targets"]
    n, s1 = ops.layer_norm(x, buffers["gamma"], buffers["beta"])
    a, s2 = ops.gelu(n)
    p, s3 = ops.softmax(a)
    logp = ops.log_softmax(p)
    s4 = CrossEntropySaved(logp, (None, targets), buffers["weight"], 0.1, logp.shape)
    da = ops.softmax_backward(ops.cross_entropy_backward(1.0, s4), s3)
    return logp, *ops.layer_norm_backward(ops.gelu_backward(da, s2), s1)


def attended(buffers):
    q = buffers["q"]
    y, saved = ops.chunked_attention(q, q, q, causal=True)
    return y, *ops.chunked_attention_backward(y, saved)[:3]


def updated(buffers):
    w, m, v = (buffers[name] + 0 for name in "wmv")
    kernels.adamw(w, buffers["g"], m, v, (buffers["shrink"], 2.0, buffers["length"]), (0.9, 0.99), 1e-8)
    return w, m, v


CASES = {
    "ops": (layers, {"x": (5, 40), "gamma": (40,), "beta": (40,), "weight": (5,)}),
    "attention": (attended, {"q": (1, 2, 20, 8)}),
    "adamw": (updated, {"w": (40,), "g": (40,), "m": (40,), "v": (40,), "shrink": (), "length": ()}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_replay_gives_what_a_call_gives(gpu, case):
    function, shapes = CASES[case]
    arrays = [np.abs(array).astype(np.float32) for array in numbers(*shapes.values())]
    first = {**dict(zip(shapes, arrays, strict=True)), "targets": np.arange(5) * 4}
    second = {name: np.asarray(array * 2) for name, array in first.items()}
    graph = Graph(gpu, first, [function], function)
    with launched() as names:
        expected = function({name: gpu.asarray(array) for name, array in second.items()})
        got = graph.replay(second)
    assert names
    for one, other in zip(got, expected, strict=True):
        same(one, other.get())
