"""Matrix products by cuBLAS: every argument is in its place. No GPU code is run but in the tests marked `gpu`.

The stand-in for the library computes with NumPy from pointers, sizes, strides and flags alone.
"""

import ctypes
import importlib.util
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from minillm.gpu import cublas
from minillm.gpu.cublas import KINDS, OPERATION, PRECISIONS, PROTOTYPES, CuBLAS, matmul_by_cublas
from tests.standin.fake_cublas import FakeCuBLAS

F32, F64 = np.float32, np.float64


@pytest.fixture
def library():
    return FakeCuBLAS()


@pytest.fixture
def blas(cupy_standin, library):
    return CuBLAS(cupy_standin, library)


def laid_out(xp, host, layout):
    """The numbers of host (..., rows, columns) on the device, in one of the ways that a matrix may lie in memory."""
    *batch, rows, columns = host.shape
    if layout == "rows":
        return xp.asarray(host)
    if layout == "columns":
        return xp.asarray(np.ascontiguousarray(host.swapaxes(-1, -2))).swapaxes(-1, -2)
    if layout == "part of wider rows":
        wide = xp.zeros((*batch, rows, columns + 3), host.dtype)
        wide[..., 1 : columns + 1] = xp.asarray(host)
        return wide[..., 1 : columns + 1]
    if layout == "part of longer columns":
        return laid_out(xp, np.ascontiguousarray(host.swapaxes(-1, -2)), "part of wider rows").swapaxes(-1, -2)
    wide = xp.zeros((*batch, rows, 2 * columns), host.dtype)
    wide[..., ::2] = xp.asarray(host)
    return wide[..., ::2]


LAYOUTS = ["rows", "columns", "part of wider rows", "part of longer columns", "every second column"]


@pytest.mark.parametrize(("first", "second"), list(product(LAYOUTS, LAYOUTS)))
@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("batch", [(), (4,)])
def test_products_equal_numpys_however_the_operands_lie_in_memory(cupy_standin, blas, first, second, dtype, batch):
    rng = np.random.default_rng(0)
    for m, k, n in [(3, 5, 2), (1, 5, 2), (3, 1, 2), (3, 5, 1), (1, 1, 1)]:
        a, b = rng.normal(size=(*batch, m, k)).astype(dtype), rng.normal(size=(*batch, k, n)).astype(dtype)
        found = blas.matmul(laid_out(cupy_standin, a, first), laid_out(cupy_standin, b, second))
        assert found.dtype == dtype
        np.testing.assert_allclose(found.get(), a @ b, rtol=1e-5, atol=1e-6, strict=True)


SHAPES = [
    ((5,), (5,)), ((5,), (5, 2)), ((3, 5), (5,)), ((2, 3, 5), (5,)), ((5,), (2, 5, 3)), ((2, 3, 5), (5, 4)),
    ((3, 5), (2, 5, 4)), ((2, 1, 3, 5), (4, 5, 2)), ((2, 4, 3, 5), (2, 1, 5, 2)), ((1, 4, 3, 5), (2, 4, 5, 2)),
    ((0, 5), (5, 2)), ((3, 0), (0, 2)), ((0, 3, 5), (0, 5, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_vectors_stacks_and_broadcast_stacks_multiply_as_numpys(cupy_standin, blas, left, right):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=left).astype(F32), rng.normal(size=right).astype(F32)
    found = blas.matmul(cupy_standin.asarray(a), cupy_standin.asarray(b))
    np.testing.assert_allclose(found.get(), a @ b, rtol=1e-5, atol=1e-6, strict=False)
    assert found.shape == np.shape(a @ b)


def test_heads_that_were_split_off_and_transposed_multiply_as_numpys(cupy_standin, blas):
    rng = np.random.default_rng(2)
    x, y = (rng.normal(size=(2, 7, 12)).astype(F32) for _ in range(2))
    (q, k), (device_q, device_k) = ([a.reshape(2, 7, 3, 4).swapaxes(1, 2) for a in pair]
        for pair in ((x, y), (cupy_standin.asarray(x), cupy_standin.asarray(y))))  # fmt: skip
    found = blas.matmul(device_q, device_k.swapaxes(-1, -2))
    np.testing.assert_allclose(found.get(), q @ k.swapaxes(-1, -2), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_a_matrix_that_lies_well_is_not_copied(cupy_standin, blas, layout, monkeypatch):
    a, b = (laid_out(cupy_standin, np.ones((4, 3, 3), F32), layout) for _ in range(2))
    monkeypatch.setattr(cupy_standin, "ascontiguousarray", None)
    assert blas.matmul(a, b).get().tolist() == np.full((4, 3, 3), 3).tolist()


def test_what_stood_in_the_result_before_is_not_read(cupy_standin, blas, monkeypatch):
    """An array that was just made may hold anything, and 0 times NaN is NaN."""
    monkeypatch.setattr(cupy_standin, "empty", lambda shape, dtype: cupy_standin.full(shape, np.nan, dtype))
    x = cupy_standin.ones((2, 3, 3), F32)
    assert np.isfinite(blas.matmul(x, x).get()).all() and np.isfinite(blas.matmul(x[0], x[0]).get()).all()


@pytest.mark.parametrize(("left", "right"), [((3, 5), (4, 2)), ((5,), (4, 5)), ((2, 3, 5), (3, 5, 2)), ((), (3,))])
def test_shapes_that_do_not_fit_are_a_value_error(cupy_standin, blas, left, right):
    with pytest.raises(ValueError):
        blas.matmul(cupy_standin.ones(left, F32), cupy_standin.ones(right, F32))


def test_precision_is_asked_for_by_pytorchs_names(cupy_standin, blas, library):
    """The stand-in rounds what it multiplies: to 10 bits behind the point, and to 7."""
    x, y = cupy_standin.full((2, 3, 3), 1 / 3, F32), cupy_standin.full((3, 3), 1 / 3, F64)
    for array, precision in product([x, x[0], y], PRECISIONS):
        blas.matmul(array, array, precision)
    many, one = "GemmStridedBatchedEx", "GemmEx"
    assert library.products == [*product([many], PRECISIONS), *product([one], PRECISIONS), *[(one, "highest")] * 3]
    errors = [abs(float(blas.matmul(x, x, precision)[0, 0, 0]) - 1 / 3) for precision in PRECISIONS]
    assert errors[0] < 1e-7 < 1e-5 < errors[1] < 2**-11 < errors[2] < 2**-8


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_product_with_a_vector_is_never_rounded(cupy_standin, blas, library, precision):
    """Sums are written as such products, and PyTorch's are sums of float32 as well."""
    x, ones = cupy_standin.ones((2, 3, 3), F32), cupy_standin.ones(3, F32)
    for a, b in [(x, ones), (ones, x), (ones, x[0]), (ones, ones)]:
        blas.matmul(a, b, precision)
    assert {precision for _, precision in library.products} == {"highest"}


def test_work_goes_to_the_current_stream_and_keeps_its_workspace(cupy_standin, blas, library, monkeypatch):
    """cuBLAS takes its workspace back when the stream changes, and without one it would allocate inside a graph."""
    x = cupy_standin.ones((3, 3), F32)
    blas.matmul(x, x)
    blas.matmul(x, x)
    other = cupy_standin.cuda.Stream(non_blocking=True)
    monkeypatch.setattr(cupy_standin.cuda, "get_current_stream", lambda: other)
    blas.matmul(x, x)
    assert library.streams == [0, other.ptr] and library.workspace[1] >= 32 << 20


def test_a_refusal_names_the_call_and_the_reason(cupy_standin, blas, monkeypatch):
    monkeypatch.setitem(KINDS, "float32", KINDS["float32"]._replace(compute={"highest": 0}))
    x = cupy_standin.ones((3, 3), F32)
    with pytest.raises(RuntimeError, match="cublasGemmEx: not supported"):
        blas.matmul(x, x)


@pytest.fixture
def behind_the_operator(cupy_standin, library, monkeypatch):
    monkeypatch.setattr(cublas, "load_library", lambda: library)
    cublas.cublas.cache_clear()
    yield cupy_standin
    cublas.cublas.cache_clear()


def test_the_operator_is_cublas_inside_the_block_only(behind_the_operator, library):
    xp = behind_the_operator
    x = xp.ones((3, 3), F32)
    with matmul_by_cublas(xp, "high"):
        inside = x @ x
    assert library.products == [("GemmEx", "high")]
    np.testing.assert_array_equal(inside.get(), (x @ x).get())
    assert len(library.products) == 1


def test_the_array_class_is_changed_once_and_not_in_every_step(behind_the_operator):
    """Python keeps what it knows of a class only until it changes, and after a thousand changes not at all."""
    xp = behind_the_operator
    with matmul_by_cublas(xp):
        operator = xp.ndarray.__matmul__
    with matmul_by_cublas(xp, "high"):
        assert xp.ndarray.__matmul__ is operator
    assert xp.ndarray.__matmul__ is operator


def test_other_kinds_of_numbers_are_multiplied_as_before(behind_the_operator, library):
    xp = behind_the_operator
    with matmul_by_cublas(xp):
        assert (xp.ones((2, 2), np.int64) @ xp.ones((2, 2), np.int64)).dtype == np.int64
        assert (xp.ones((2, 2), F32) @ xp.ones((2, 2), F64)).dtype == F64
        with pytest.raises(TypeError):
            xp.ones((2, 2), F32) @ np.ones((2, 2), F32)
    assert library.products == []


def real_folder() -> Path:
    """Where the package nvidia-cublas lies; the test is skipped without one."""
    spec = importlib.util.find_spec("nvidia")
    for place in spec.submodule_search_locations if spec else ():
        for library in sorted(Path(place).rglob("libcublas.so.*")):
            return library.parent.parent
    pytest.skip("the package nvidia-cublas is not installed")


def test_the_real_library_has_every_function():
    folder = real_folder()
    ctypes.CDLL(str(next(folder.rglob("libcublasLt.so.*"))), ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(next(folder.rglob("libcublas.so.*"))))
    for name in (*PROTOTYPES, "cublasGetStatusString"):
        assert getattr(library, name)
    library.cublasGetStatusString.restype = ctypes.c_char_p
    assert b"not supported" in library.cublasGetStatusString(15)


CTYPES = {"int64_t": "q", "int": "i", "long long int": "q", "size_t": "Q"}


def test_prototypes_and_numbers_are_those_of_the_real_headers():
    include = real_folder() / "include"
    api = (include / "cublas_api.h").read_text(encoding="utf-8")
    types = next(real_folder().parent.rglob("library_types.h"), None)
    for name, ours in PROTOTYPES.items():
        arguments = re.search(rf"\b{name}\s*\(([^)]*)\)", api).group(1).split(",")
        assert len(arguments) == len(ours), name
        for text, kind in zip(arguments, ours, strict=True):
            if "*" in text or re.search(r"cublasHandle_t|cudaStream_t", text):
                assert ctypes.sizeof(kind) == ctypes.sizeof(ctypes.c_void_p) and kind not in (ctypes.c_size_t,), name
            elif "long long" in text:
                assert kind is ctypes.c_longlong, name
            elif "size_t" in text:
                assert kind is ctypes.c_size_t, name
            else:  # an int or an enum
                assert kind is ctypes.c_int, name
    numbers = {
        "CUBLAS_OP_N": OPERATION[False],
        "CUBLAS_OP_T": OPERATION[True],
        "CUBLAS_GEMM_DEFAULT": cublas.DEFAULT_ALGORITHM,
        "CUBLAS_COMPUTE_32F": KINDS["float32"].compute["highest"],
        "CUBLAS_COMPUTE_32F_FAST_TF32": KINDS["float32"].compute["high"],
        "CUBLAS_COMPUTE_32F_FAST_16BF": KINDS["float32"].compute["medium"],
        "CUBLAS_COMPUTE_64F": KINDS["float64"].compute["highest"],
    }
    for name, ours in numbers.items():
        assert int(re.search(rf"\b{name}\s*=\s*(-?\d+)", api).group(1)) == ours, name
    if types is not None:
        for name, kind in (("CUDA_R_32F", "float32"), ("CUDA_R_64F", "float64")):
            assert (
                int(re.search(rf"\b{name}\s*=\s*(\d+)", types.read_text(encoding="utf-8")).group(1)) == KINDS[kind].data
            )


def test_cupys_own_array_class_lets_its_operator_be_replaced(monkeypatch):
    array, ours = pytest.importorskip("cupy").ndarray, object()
    monkeypatch.setattr(array, "__matmul__", ours)
    assert array.__matmul__ is ours


@pytest.mark.gpu
def test_a_real_card_multiplies_as_numpy():
    device = pytest.importorskip("cupy")
    if not device.is_available():
        pytest.skip("no GPU that answers")
    rng, blas = np.random.default_rng(3), cublas.cublas(device)
    for first, second, batch in product(LAYOUTS, LAYOUTS, [(), (2, 3)]):
        a, b = rng.normal(size=(*batch, 33, 65)).astype(F32), rng.normal(size=(*batch, 65, 17)).astype(F32)
        left, right = laid_out(device, a, first), laid_out(device, b, second)
        np.testing.assert_allclose(blas.matmul(left, right).get(), a @ b, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(blas.matmul(left, right, "high").get(), a @ b, rtol=0.1, atol=0.1)
        np.testing.assert_allclose(blas.matmul(left, right, "medium").get(), a @ b, rtol=0.3, atol=0.3)
