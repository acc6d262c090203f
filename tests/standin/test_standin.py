"""Each rule of the stand-in, one small test; then that ordinary model code works on it."""

import copy
import math
import sys

import numpy as np
import pytest

from . import counting, fake_array, fake_cupy, freeze_api, frozen
from . import cupy as cp

F32 = np.float32


@pytest.fixture
def x():
    return cp.arange(6, dtype=F32).reshape(2, 3)


def same(boxed, expected):
    """Equal in value, shape and dtype."""
    assert isinstance(boxed, cp.ndarray)
    np.testing.assert_array_equal(boxed.get(), expected, strict=True)


# The frozen list


def test_frozen_list_is_the_installed_cupy():
    real = pytest.importorskip("cupy")
    installed, written = real.__version__.split("."), frozen.API["version"].split(".")
    if installed[:2] != written[:2]:
        pytest.skip(f"CuPy {real.__version__} is installed, {frozen.API['version']} is written down")
    assert {**freeze_api.listing(), "version": frozen.API["version"]} == frozen.API


def test_frozen_list_is_small_and_in_its_written_form():
    text = freeze_api.PATH.read_text(encoding="utf-8")
    assert len(text) < 60_000
    assert text == freeze_api.render(frozen.API)


@pytest.mark.parametrize("path", [path for path in frozen.API if path not in ("version", "ufunc.at")])
def test_every_frozen_signature_can_be_read(path):
    for entry in frozen.API[path].values():
        frozen.signature(entry)


def test_signatures_know_positional_and_keyword_only():
    for entry, args, kwargs in [("ufunc(x, /, out=)", (), {"x": 1}), ("function(a, *, b=)", (1, 2), {})]:
        with pytest.raises(TypeError):
            frozen.signature(entry).bind(*args, **kwargs)


def test_a_module_cannot_be_given_a_name_that_cupy_lacks():
    with pytest.raises(AttributeError, match="has no 'vecdot'"):
        fake_cupy.Module("cupy", np, vecdot=print)


@pytest.mark.parametrize("path", list(fake_cupy.MODULES))
def test_modules_offer_only_what_is_frozen(path):
    offered = {name for name in vars(fake_cupy.MODULES[path]) if not name.startswith("_")}
    assert offered <= set(frozen.API[path])


@pytest.mark.parametrize(
    ("path", "fake"),
    [
        ("cupy.ndarray", cp.ndarray),
        ("cupy.ufunc", cp.ufunc),
        ("cupy.random.Generator", cp.random.Generator),
        ("cupy.cuda.Device", cp.cuda.Device),
        ("cupy.cuda.Stream", cp.cuda.Stream),
        ("cupy.cuda.MemoryPool", cp.cuda.MemoryPool),
    ],
)
def test_classes_offer_only_what_is_frozen(path, fake):
    python = set(dir(object)) | {
        "__dict__",
        "__weakref__",
        "__module__",
        "__slots__",
        "__getattr__",
        "__call__",
        "_host",
    }
    offered = {name for name in dir(fake) if name not in python and (name.startswith("__") or not name.startswith("_"))}
    assert offered - set(frozen.API[path]) == set()


def test_every_name_is_offered_or_refused_with_an_attribute_error():
    offered = [name for name in frozen.API["cupy"] if hasattr(cp, name)]
    assert len(offered) > 300


@pytest.mark.parametrize("name", ["errstate", "block", "vecdot", "einsum_path", "nditer", "geomspace", "no_such_name"])
def test_names_that_cupy_lacks(name):
    with pytest.raises(AttributeError, match=f"cupy has no '{name}'"):
        getattr(cp, name)


@pytest.mark.parametrize("name", ["save", "RawKernel", "from_dlpack", "fft"])
def test_names_that_the_standin_leaves_out_say_so(name):
    with pytest.raises(AttributeError, match="doesn't cover it"):
        getattr(cp, name)


@pytest.mark.parametrize("name", ["vector_norm", "matrix_norm", "multi_dot"])
def test_linalg_names_that_cupy_lacks(name):
    with pytest.raises(AttributeError, match=r"cupy\.linalg has no"):
        getattr(cp.linalg, name)


def test_array_names_that_cupy_lacks(x):
    with pytest.raises(AttributeError, match="has no 'resize'"):
        x.resize(6)
    with pytest.raises(AttributeError, match="doesn't cover it"):
        x.scatter_add(0, 1)


@pytest.mark.parametrize("name", ["__imatmul__", "__contains__", "__index__"])
def test_operators_that_cupy_lacks(x, name):
    assert not hasattr(x, name)


def test_a_0d_array_is_no_index():
    with pytest.raises(TypeError):
        range(cp.asarray(3))


def test_arrays_have_no_hash(x):
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


# Host and device do not mix

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


# 0-d results, waiting and transfers


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


# Indices


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


# Matrix products and .at


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


# Types


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


# Random numbers, and the device


@pytest.mark.parametrize("name", ["normal", "permutation", "shuffle", "choice", "bytes", "spawn"])
def test_generator_has_only_cupys_methods(name):
    with pytest.raises(AttributeError, match="has no"):
        getattr(cp.random.default_rng(0), name)


def test_generator_draws():
    rng = cp.random.default_rng(7)
    assert rng.random((2, 3), dtype=F32).dtype == F32
    assert rng.standard_normal(size=4).shape == (4,)
    assert rng.uniform(-1, 1, size=4).dtype == np.float64
    assert rng.integers(0, 5, size=(2, 2), dtype=np.int32).dtype == np.int32
    assert rng.random(dtype=F32).dtype == F32 and rng.beta(2, 3).shape == ()
    assert cp.random.default_rng(7).random().item() == cp.random.default_rng(7).random().item()
    out = cp.zeros(3, F32)
    assert rng.random(dtype=F32, out=out) is out and out.all()


def test_generator_refuses_unknown_keywords_and_lists():
    with pytest.raises(TypeError):
        cp.random.default_rng(0).random(shape=3)
    with pytest.raises(TypeError):
        cp.random.default_rng(0).beta([1, 2], 3)


def test_device_says_that_it_is_none():
    assert cp.cuda.is_available() and cp.is_available() and cp.cuda.runtime.getDeviceCount() == 1
    assert cp.cuda.runtime.getDeviceProperties(0)["name"] == b"stand-in (no GPU code was run)"
    assert cp.get_default_memory_pool().used_bytes() == 0
    assert cp.__version__.startswith("14.")


def test_fixture_is_what_import_finds(cupy_standin):
    import cupy
    import cupy.cuda

    assert cupy is cupy_standin is cp
    assert cupy.cuda is cp.cuda
    assert cp.get_array_module(cp.zeros(1)) is sys.modules["cupy"]
    assert cp.get_array_module(np.zeros(1)) is np


# Ordinary model code, the same on both


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
