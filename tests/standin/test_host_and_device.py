"""Host and device do not mix, and what waits for the device or copies from it is counted."""

import numpy as np
import pytest

from . import counting
from . import cupy as cp
from .same import F32

HOST = np.ones(3, F32)
MIXTURES = {
    "x + host": lambda x: x + HOST,
    "host + x": lambda x: HOST + x,
    "x += host": lambda x: x.__iadd__(HOST),
    "x @ host": lambda x: x @ HOST,
    "host @ x": lambda x: np.ones((3, 2), F32) @ x,
    "x < host": lambda x: x < HOST,
    "x == host": lambda x: x == HOST,
    "cupy ufunc": lambda x: cp.add(x, HOST),
    "cupy ufunc of a host array alone": lambda x: cp.exp(HOST),
    "cupy ufunc out=": lambda x: cp.exp(x[0], out=HOST),
    "cupy function": lambda x: cp.concatenate([x, np.ones((1, 3))]),
    "cupy function of a host array alone": lambda x: cp.sum(HOST),
    "where": lambda x: cp.where(x > 0, x, HOST),
    "where with a host condition": lambda x: cp.where(HOST > 0, x, x),
    "take": lambda x: x.take(np.array([0, 1]), axis=0),
    "index": lambda x: x[np.array([0, 1])],
    "set item": lambda x: x.__setitem__(slice(None), HOST),
    "add.at values": lambda x: cp.add.at(x, cp.asarray([0]), HOST),
    "add.at of a list": lambda x: cp.add.at(x, cp.asarray([0]), [1, 2, 3]),
    "add.at indices": lambda x: cp.add.at(x, np.array([0]), 1),
    "array method": lambda x: x.dot(HOST),
    "numpy ufunc": np.exp,
    "numpy ufunc of both": lambda x: np.add(x, HOST),
    "numpy function": lambda x: np.concatenate([x, x]),
    "numpy out=": lambda x: np.exp(HOST, out=x),
    "numpy asarray": np.asarray,
    "numpy array of a list": lambda x: np.array([x, x]),
    "into a NumPy array": lambda x: HOST.__setitem__(slice(None), x[0]),
}


@pytest.mark.parametrize("mixture", MIXTURES)
def test_mixing_host_and_device_is_a_type_error(x, mixture):
    with pytest.raises(TypeError):
        MIXTURES[mixture](x)


LISTS = {
    "ufunc": lambda x: cp.add(x, [1, 2, 3]),
    "ufunc of a list alone": lambda x: cp.exp([1.0]),
    "operator": lambda x: x * [1, 2, 3],
    "function": lambda x: cp.sum([1, 2]),
    "function of a scalar": lambda x: cp.sum(1.0),
    "index": lambda x: x[[0, 1]],
    "index in a tuple": lambda x: x[:, [0, 1]],
    "boolean index": lambda x: x[True],
    "take": lambda x: cp.take(x, [0, 1], axis=0),
    "take method": lambda x: x.take([0, 1], axis=0),
    "set item": lambda x: x.__setitem__(0, [1, 2, 3]),
    "None": lambda x: x + None,
    "searchsorted": lambda x: x[0].searchsorted([1]),
}


@pytest.mark.parametrize("case", LISTS)
def test_lists_are_no_arrays(x, case):
    with pytest.raises(TypeError):
        LISTS[case](x)


KEYWORDS = {
    "ufunc where=": lambda x: cp.exp(x, where=x > 0),
    "ufunc order=": lambda x: cp.exp(x, order="C"),
    "ufunc subok=": lambda x: cp.add(x, x, subok=True),
    "sum where=": lambda x: cp.sum(x, where=x > 0),
    "sum initial=": lambda x: x.sum(initial=0),
    "max where=": lambda x: x.max(where=x > 0),
    "max initial=": lambda x: cp.max(x, initial=0),
    "mean where=": lambda x: x.mean(where=x > 0),
    "take mode=": lambda x: cp.take(x, cp.asarray([0]), axis=0, mode="clip"),
    "take method mode=": lambda x: x.take(cp.asarray([0]), axis=0, mode="clip"),
    "zeros like=": lambda x: cp.zeros(3, like=x),
    "zeros device=": lambda x: cp.zeros(3, device="cpu"),
    "asarray like=": lambda x: cp.asarray(x, like=x),
    "arange device=": lambda x: cp.arange(3, device="cpu"),
    "einsum out=": lambda x: cp.einsum("ij->i", x, out=cp.zeros(2, F32)),
    "clip min=": lambda x: cp.clip(x, min=0, max=1),
    "unknown": lambda x: cp.tril(x, diagonal=1),
    "too many": lambda x: cp.tril(x, 0, 1),
    "item index": lambda x: x.item(0),
    "average over a list of weights": lambda x: cp.average(x, weights=[1, 2, 3]),
}


@pytest.mark.parametrize("case", KEYWORDS)
def test_arguments_that_cupy_does_not_take(x, case):
    with pytest.raises(TypeError):
        KEYWORDS[case](x)


def test_text_and_objects_have_no_place_on_a_gpu():
    for source in (np.array(["a"]), np.array([None])):
        with pytest.raises(TypeError, match="no arrays of"):
            cp.asarray(source)


def test_flags_cannot_be_set(x):
    with pytest.raises(AttributeError):
        x.flags.writeable = False


@pytest.mark.parametrize(
    "reduce",
    [
        lambda x: x.sum(),
        lambda x: x.mean(),
        lambda x: x.argmax(),
        lambda x: x[1, 2],
        cp.max,
        cp.linalg.norm,
        cp.count_nonzero,
        lambda x: cp.allclose(x, x),
        lambda x: cp.sqrt(4.0),
        lambda x: cp.random.default_rng(0).random(),
    ],
)
def test_reductions_and_full_indices_give_0d_arrays(x, reduce):
    with counting() as counts:
        result = reduce(x)
    assert isinstance(result, cp.ndarray) and result.shape == ()
    assert counts.synchronisations == counts.transfers == 0


SYNCHRONISATIONS = {
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "complex": lambda x: complex(x.sum()),
    "bool": lambda x: bool(x.sum()),
    "if": lambda x: 1 if x.sum() > 0 else 0,
    "item": lambda x: x.sum().item(),
    "get": lambda x: x.get(),
    "get out=": lambda x: x.get(out=np.zeros((2, 3), F32)),
    "tolist": lambda x: x.tolist(),
    "tobytes": lambda x: x.tobytes(),
    "asnumpy": cp.asnumpy,
    "str": str,
    "repr": repr,
    "format": lambda x: f"{x.sum():.2f}",
    "mask": lambda x: x[x > 1],
    "nonzero": lambda x: x.nonzero(),
    "argwhere": cp.argwhere,
    "where with one argument": lambda x: cp.where(x > 1),
    "unique": cp.unique,
    "stream": lambda x: cp.cuda.get_current_stream().synchronize(),
    "null stream": lambda x: cp.cuda.Stream.null.synchronize(),
    "device": lambda x: cp.cuda.Device().synchronize(),
}


@pytest.mark.parametrize("case", SYNCHRONISATIONS)
def test_synchronisations_are_counted(x, case):
    with counting() as counts:
        SYNCHRONISATIONS[case](x)
    assert (counts.synchronisations, counts.transfers) == (1, 0)


TRANSFERS = {
    "asarray": lambda x: cp.asarray(HOST),
    "array of a list": lambda x: cp.array([1, 2]),
    "asarray of a scalar": lambda x: cp.asarray(1.0),
    "ascontiguousarray": lambda x: cp.ascontiguousarray(HOST),
    "set": lambda x: x[0].set(np.zeros(3, F32)),
}


@pytest.mark.parametrize("case", TRANSFERS)
def test_transfers_are_counted(x, case):
    with counting() as counts:
        TRANSFERS[case](x)
    assert (counts.synchronisations, counts.transfers) == (0, 1)


def test_what_stays_on_the_device_counts_nothing(x):
    with counting() as counts:
        y = cp.asarray(x)
        cp.array(x, copy=True)
        y[y > 1] = 0
        cp.exp(x, out=x)
        x @ x.T
        cp.add.at(x, cp.arange(2), 1)
    assert y is x
    assert counts.synchronisations == counts.transfers == 0


def test_counts_nest_and_end_with_their_block(x):
    with counting() as outer:
        float(x.sum())
        with counting() as inner:
            float(x.sum())
    float(x.sum())
    assert (outer.synchronisations, inner.synchronisations) == (2, 1)


def test_transfers_copy_both_ways():
    host = np.zeros(3, F32)
    device = cp.asarray(host)
    device += 1
    back = device.get()
    back += 1
    assert host.tolist() == [0, 0, 0] and device.tolist() == [1, 1, 1]
    device.set(host)
    host += 5
    assert device.tolist() == [0, 0, 0]


def test_set_refuses_another_shape_or_dtype(x):
    with pytest.raises(TypeError, match="cannot be set"):
        x.set(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="Shape mismatch"):
        x.set(np.zeros(3, F32))
    with pytest.raises(TypeError, match=r"Only numpy\.ndarray"):
        x.set(x)
