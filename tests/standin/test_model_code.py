"""Ordinary model code gives the same on NumPy and on the stand-in."""

import copy
import math

import numpy as np
import pytest

from . import cupy as cp
from . import fake_array
from .same import F32, same


def run_both(program, *shapes):
    """program(xp, arrays ...) on NumPy and on the stand-in, from equal numbers: equal results."""
    host = [np.random.default_rng(0).standard_normal(shape).astype(F32) for shape in shapes]
    device = [cp.asarray(array) for array in host]
    same(program(cp, *device), program(np, *host))


def softmax(xp, s):
    p = s - s.max(axis=-1, keepdims=True)
    xp.exp(p, out=p)
    p /= p.sum(axis=-1, keepdims=True)
    return p


def causal(xp, s):
    mask = xp.tril(xp.ones(s.shape[-2:], bool))
    return xp.where(mask & xp.isfinite(s), s, -1e9)


def clip_by_norm(xp, g):
    scale = xp.minimum(1, 0.5 / (xp.sqrt(xp.dot(g.ravel(), g.ravel())) + 1e-6))
    return g * scale


def in_place(xp, a, b):
    out = xp.empty_like(a)
    out.fill(0)
    out += a
    out *= 2
    out -= b.astype(F32)
    out[:, 1:] = b[:, :-1]
    out[0] = 3
    return out


def embedding_gradient(xp, rows):
    table = xp.zeros((4, rows.shape[1]), F32)
    xp.add.at(table, xp.asarray([0, 2, 2]), rows)
    return table


def heads(xp, a):
    return xp.ascontiguousarray(a.reshape(2, 5, 3, 4).transpose(0, 2, 1, 3)).reshape(2, 3, -1)


PROGRAMS = {
    "matmul 2-D": (lambda xp, a, b: a @ b, (5, 3), (3, 4)),
    "matmul 4-D": (lambda xp, a, b: a @ b.swapaxes(-1, -2), (2, 3, 5, 4), (2, 3, 7, 4)),
    "einsum": (lambda xp, a, b: xp.einsum("ij,kj->ik", a, b), (5, 3), (4, 3)),
    "heads": (heads, (2, 5, 12)),
    "softmax": (softmax, (2, 3, 5)),
    "causal": (causal, (2, 5, 5)),
    "clip by norm": (clip_by_norm, (3, 4)),
    "in place": (in_place, (3, 4), (3, 4)),
    "embedding gradient": (embedding_gradient, (3, 5)),
    "table[ids]": (lambda xp, t: t[xp.asarray([[0, 3], [1, 1]])], (4, 5)),
    "table.take": (lambda xp, t: t.take(xp.asarray([[0, 3], [1, 1]]), axis=0), (4, 5)),
    "pairs": (lambda xp, t: t[xp.arange(4), xp.asarray([0, 4, 2, 2])], (4, 5)),
    "one-hot": (lambda xp, t: (xp.arange(3)[:, None] == xp.arange(4)).astype(t.dtype), (1,)),
    "concatenate": (lambda xp, a, b: xp.concatenate([a, b], axis=1), (2, 3), (2, 4)),
    "stack": (lambda xp, a, b: xp.stack((a, b)), (2, 3), (2, 3)),
    "argmax": (lambda xp, a: xp.argmax(a, axis=-1), (4, 5)),
    "sort": (lambda xp, a: xp.sort(a, axis=-1)[:, ::-1], (4, 5)),
    "argsort": (lambda xp, a: xp.argsort(a, axis=-1), (4, 5)),
    "cumsum": (lambda xp, a: xp.cumsum(a, axis=-1), (4, 5)),
    "take_along_axis": (lambda xp, a: xp.take_along_axis(a, xp.argsort(a, axis=-1), axis=-1), (4, 5)),
    "comparisons": (lambda xp, a, b: (a > b) | ~(a != b), (4, 5), (4, 5)),
    "unary": (lambda xp, a: -abs(a), (4, 5)),
    "var": (lambda xp, a: xp.var(a, axis=-1, keepdims=True), (4, 5)),
    "broadcast": (lambda xp, a: xp.broadcast_to(a[:, None], (4, 2, 5)), (4, 5)),
    "split": (lambda xp, a: xp.split(a, 2, axis=-1)[1], (4, 6)),
    "zeros_like": (lambda xp, a: xp.zeros_like(a) + xp.full(a.shape, 2, a.dtype), (4, 6)),
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_model_code(case):
    run_both(*PROGRAMS[case])


def test_slices_of_one_vector_share_its_memory():
    vector = cp.zeros(10, F32)
    weight = vector[2:8].reshape(2, 3)
    weight += 1
    weight[0, 0] = 5
    weight.T[2] = 7
    same(vector, np.array([0, 0, 5, 1, 7, 1, 1, 7, 0, 0], F32))
    vector.fill(2)
    same(weight, np.full((2, 3), 2, F32))
    assert cp.shares_memory(vector, weight) is True
    assert weight.base is not None and vector.flags.c_contiguous and not weight.T.flags.c_contiguous


def test_in_place_returns_the_same_array(x):
    before = x
    x += 1
    x[...] = x * 2
    assert x is before and cp.exp(x, out=x) is x


def test_in_place_on_a_0d_array():
    total = before = cp.zeros((), F32)
    total += 2
    assert total is before and total.item() == 2


def test_metadata(x):
    assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, x.strides, len(x)) == ((2, 3), F32, 2, 6, 24, (12, 4), 2)
    assert cp.float32 is np.float32 and cp.finfo(x.dtype).max > 1e38 and cp.newaxis is None and cp.pi == math.pi
    assert cp.result_type(x, cp.float64) == np.float64


def test_copies_are_apart(x):
    for other in (x.copy(), copy.deepcopy(x), copy.copy(x), cp.array(x)):
        other.fill(1)
        assert x[0, 0].item() == 0


def test_iteration_gives_rows(x):
    assert [row.tolist() for row in x] == [[0, 1, 2], [3, 4, 5]]


def test_constructor_is_cupys():
    assert cp.ndarray((2, 3), F32).shape == (2, 3)
    assert isinstance(fake_array.box(np.zeros(3)), cp.ndarray)
