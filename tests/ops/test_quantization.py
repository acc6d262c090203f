"""int8 weights: as close to the others as the scale of a row allows, and multiplied as what they stand for."""

import numpy as np
import pytest

from minillm.ops import dequantize, int8_embedding, int8_linear, int8_tied_linear, quantization, quantize


@pytest.mark.parametrize("size", [1e-12, 1e-7, 3e-6, 1e-4, 0.02, 1.0, 300.0, 2e6])
@pytest.mark.parametrize("shape", [(7, 33), (2, 5, 9), (40, 1)])
def test_no_weight_is_farther_off_than_half_a_scale(shape, size):
    weights = (np.random.default_rng(5).standard_normal(shape) * size).astype(np.float32)
    quantized, scale = quantize(weights)
    assert (quantized.dtype, quantized.shape, scale.dtype, scale.shape) == (np.int8, shape, np.float16, shape[:-1])
    wrong = np.abs(dequantize(quantized, scale).astype(np.float64) - weights)
    assert (wrong <= scale[..., None].astype(np.float64) * (0.5 + 1e-4)).all()


def test_a_scale_is_as_small_as_it_can_be():
    """Half a scale is a bound that a far larger scale would keep as well."""
    weights = np.random.default_rng(6).standard_normal((50, 64)).astype(np.float32)
    quantized, scale = quantize(weights)
    assert (np.abs(quantized).max(axis=1) == 127).all()
    np.testing.assert_allclose(scale, np.abs(weights).max(axis=1) / 127, rtol=2**-10)


def test_rows_do_not_share_a_scale():
    """A huge number costs its own row its precision, and no other."""
    weights = np.random.default_rng(7).standard_normal((3, 20)).astype(np.float32)
    weights[1, 4] = 5e4
    again = dequantize(*quantize(weights))
    assert again[1, 4] == pytest.approx(5e4, rel=2**-10)
    assert np.abs(again - weights)[[0, 2]].max() < 0.02


def test_zeros_stay_zeros():
    weights = np.zeros((3, 5), np.float32)
    weights[1] = 1
    again = dequantize(*quantize(weights))
    assert (again[[0, 2]] == 0).all() and again[1] == pytest.approx(1, rel=2**-8)
    assert dequantize(*quantize(np.zeros((0, 4), np.float32))).shape == (0, 4)


BLOCKS = [1, 8, 21, 40, 1 << 19]  # numbers: less than a row, a row, some rows and a rest, all of them


@pytest.fixture
def matrix():
    """(5, 8), each row of another size."""
    rng = np.random.default_rng(8)
    return quantize((rng.standard_normal((5, 8)) * 10.0 ** np.arange(-2, 3)[:, None]).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("texts", [1, 3])
def test_products_are_those_with_the_matrix_that_it_stands_for(matrix, monkeypatch, texts, block, dtype):
    monkeypatch.setattr(quantization, "BLOCK", block)
    rng, whole = np.random.default_rng(9), dequantize(*matrix).astype(np.float64)
    for op, weight in ((int8_linear, whole), (int8_tied_linear, whole.T)):
        x = rng.standard_normal((texts, len(weight))).astype(dtype)
        before = x.copy()
        y = op(x, *matrix)
        assert y.dtype == dtype and (x == before).all()
        tolerance = 1e-12 if dtype is np.float64 else 1e-5
        np.testing.assert_allclose(y, x.astype(np.float64) @ weight, rtol=tolerance, atol=tolerance * abs(weight).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_those_of_the_table_that_it_stands_for(matrix, dtype):
    ids = np.array([[4, 0, 4], [2, 1, 3]])
    rows = int8_embedding(ids, *matrix, dtype)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, dequantize(*matrix)[ids])
