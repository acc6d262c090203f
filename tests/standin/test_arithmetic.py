"""Indices, matrix products, `.at` and types are CuPy's."""

import math

import numpy as np
import pytest

from . import cupy as cp
from .same import F32, same


@pytest.mark.parametrize(
    "look_up",
    [
        lambda table, ids: table[ids],
        lambda table, ids: table[ids, :],
        lambda table, ids: table[..., ids, :],
        lambda table, ids: table[None, ids][0],
        lambda table, ids: table.take(ids, axis=0),
        lambda table, ids: cp.take(table, ids, axis=0),
    ],
)
def test_a_wrong_id_wraps_around_without_a_word(look_up):
    table = cp.arange(12, dtype=F32).reshape(4, 3)
    same(look_up(table, cp.asarray([0, 5, -1, -6])), np.arange(12, dtype=F32).reshape(4, 3)[[0, 1, 3, 2]])


def test_wrong_ids_wrap_around_in_writes_pairs_and_take_along_axis():
    table = cp.zeros((2, 3), F32)
    table[cp.asarray([3])] = 1
    cp.add.at(table, cp.asarray([2, 2]), 1)
    same(table, np.array([[2, 2, 2], [1, 1, 1]], F32))
    rows = cp.arange(6).reshape(2, 3)
    same(rows[cp.asarray([0, 3]), cp.asarray([4, 5])], np.array([1, 5]))
    same(rows.take(5), np.array(5))
    same(cp.arange(300)[cp.asarray([7, 8], dtype=np.uint8)], np.array([7, 8]))
    same(rows.take(5, axis=1), np.array([2, 5]))
    same(rows[..., cp.asarray([4])], np.array([[1], [4]]))
    same(cp.take_along_axis(rows, cp.asarray([[3], [4]]), axis=1), np.array([[0], [4]]))


def test_a_wrong_python_index_is_an_error(x):
    with pytest.raises(IndexError):
        x[2]
    with pytest.raises(IndexError, match="too many indices"):
        x[0, 0, 0]


def test_a_full_index_is_a_view(x):
    corner = x[0, 0]
    corner += 7
    assert x[0, 0].item() == 7


def test_matmul_out_has_the_exact_dtype(x):
    for product in (cp.matmul, cp.dot):
        with pytest.raises(ValueError, match="dtype"):
            product(x, x.T, out=cp.zeros((2, 2), np.float64))


def test_matmul_out_is_contiguous(x):
    for out in (cp.zeros((2, 4), F32)[:, ::2], cp.zeros((2, 2), F32).T[:, ::-1]):
        for product in (cp.matmul, cp.dot):
            with pytest.raises(ValueError, match="contiguous"):
                product(x, x.T, out=out)
        with pytest.raises(ValueError, match="contiguous"):
            cp.matmul(x, x.T, out)


def test_matmul_into_out(x):
    out = cp.empty((2, 2), F32)
    assert cp.matmul(x, x.T, out=out) is out
    same(out, np.array([[5, 14], [14, 50]], F32))


def test_matmul_in_place_makes_a_new_array():
    a = before = cp.ones((2, 2), F32)
    a @= a
    assert a is not before
    same(before, np.ones((2, 2), F32))


def test_at_of_supported_ufuncs_only(x):
    cp.maximum.at(x, cp.asarray([0]), 4)
    cp.subtract.at(x.astype(np.int32), cp.asarray([0]), 4)
    for name in ("multiply", "exp"):
        with pytest.raises(NotImplementedError, match="not supported"):
            getattr(cp, name).at(x, cp.asarray([0]), 2)


@pytest.mark.parametrize(("name", "dtype"), [("add", "int64"), ("maximum", "float16"), ("subtract", "float32")])
def test_at_of_supported_dtypes_only(name, dtype):
    with pytest.raises(TypeError, match="only supports"):
        getattr(cp, name).at(cp.zeros(3, dtype), cp.asarray([0]), 1)


def test_reduce_of_supported_ufuncs_only(x):
    same(cp.add.reduce(x), np.array([3, 5, 7], F32))
    same(cp.multiply.accumulate(x), np.array([[0, 1, 2], [0, 4, 10]], F32))
    with pytest.raises(NotImplementedError, match=r"maximum\.reduce"):
        cp.maximum.reduce(x)
    with pytest.raises(NotImplementedError, match=r"maximum\.accumulate"):
        cp.maximum.accumulate(x)


PROMOTIONS = {
    "0-d float64 array": (lambda x: x * cp.asarray(2.0), np.float64),
    "NumPy float64": (lambda x: x * np.float64(2), np.float64),
    "NumPy float64 on the left": (lambda x: np.float64(2) * x, np.float64),
    "np.sqrt": (lambda x: x / np.sqrt(64), np.float64),
    "cupy sqrt": (lambda x: x / cp.sqrt(64.0), np.float64),
    "arange": (lambda x: cp.arange(3) * x, np.float64),
    "Python float": (lambda x: x * 2.0, F32),
    "Python float on the left": (lambda x: 2.0 - x, F32),
    "Python int": (lambda x: x**2, F32),
    "math": (lambda x: x / math.sqrt(64), F32),
    "where with a Python scalar": (lambda x: cp.where(x > 0, x, -math.inf), F32),
    "0-d float32 array": (lambda x: x / x.sum(), F32),
}


@pytest.mark.parametrize("case", PROMOTIONS)
def test_promotion_follows_nep_50(x, case):
    operation, dtype = PROMOTIONS[case]
    assert operation(x).dtype == dtype


def test_no_floating_point_warnings(x):
    assert not cp.isfinite(cp.log(x - 1) / 0).any()  # NumPy warns of each of these, and here warnings are errors
    assert cp.exp(x + 1000).max().item() == math.inf
