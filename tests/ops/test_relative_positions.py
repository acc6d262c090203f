"""ALiBi: slopes as in the paper, and a bias that softmax can't tell from the paper's."""

import numpy as np
import pytest

from minillm import ops


def test_the_slopes_of_the_paper():
    assert ops.alibi_slopes(8).tolist() == [2.0**-i for i in range(1, 9)]
    assert ops.alibi_slopes(1).tolist() == [2.0**-8]
    np.testing.assert_allclose(ops.alibi_slopes(16)[:3], [2**-0.5, 2**-1, 2**-1.5], rtol=1e-12)


@pytest.mark.parametrize("heads", [3, 6, 12, 20])
def test_the_slopes_of_their_code_where_heads_are_no_power_of_two(heads):
    def get_slopes(n):
        start = 2 ** (-(2 ** -(np.log2(n) - 3)))
        if np.log2(n).is_integer():
            return [start * start**i for i in range(n)]
        closest = 2 ** int(np.floor(np.log2(n)))
        return get_slopes(closest) + get_slopes(2 * closest)[0::2][: n - closest]

    np.testing.assert_allclose(ops.alibi_slopes(heads), get_slopes(heads), rtol=1e-12)


def test_weights_are_those_of_the_papers_bias():
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((2, 3, 7, 4)), rng.standard_normal((2, 3, 7, 4))
    distance = np.arange(2, 7)[:, None] - np.arange(7)  # the last query stands at the last key
    paper = -ops.alibi_slopes(3)[:, None, None] * distance
    expected, _ = ops.attention(q, k, v, bias=paper, causal=True)
    np.testing.assert_allclose(ops.attention(q, k, v, bias=ops.alibi_bias(3, 7), causal=True)[0], expected, rtol=1e-11)
