"""A wrong width is answered with both shapes and a remedy, not with NumPy's riddle, and never silently broadcast."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.layers import (
    BilinearAttention,
    Embedding,
    FeedForward,
    LayerNorm,
    LearnedPositions,
    Linear,
    LoRALinear,
    MultiHeadAttention,
    NgramEmbedding,
    Pooling,
    PreNormBlock,
    RMSNorm,
    TiedLinear,
)

RNG = np.random.default_rng(0)
WRONG = {
    "Linear": (Linear(6, 4, RNG), (2, 3, 5), "Linear has a weight (6, 4), but x is (2, 3, 5)"),
    "TiedLinear": (TiedLinear(Embedding(9, 6, RNG).weight), (2, 3, 5), "a weight (9, 6), but x is (2, 3, 5)"),
    "LoRALinear": (LoRALinear(Linear(6, 4, RNG), 2, RNG), (3, 5), "a weight (6, 4), but x is (3, 5)"),
    "LayerNorm": (LayerNorm(6), (2, 3, 5), "LayerNorm has a weight (6,), but x is (2, 3, 5)"),
    "LayerNorm of one column": (LayerNorm(6), (2, 3, 1), "a weight (6,), but x is (2, 3, 1)"),
    "RMSNorm of one column": (RMSNorm(6), (2, 1), "RMSNorm has a weight (6,), but x is (2, 1)"),
    "LearnedPositions": (LearnedPositions(8, 6, RNG), (2, 3, 1), "a weight (8, 6), but x is (2, 3, 1)"),
    "BilinearAttention": (BilinearAttention(6, RNG), (2, 3, 5), "a weight (6, 6), but x is (2, 3, 5)"),
    "FeedForward": (FeedForward(6, 9, RNG), (2, 3, 5), "a weight (6, 9), but x is (2, 3, 5)"),
    "PreNormBlock": (PreNormBlock(6, 2, 9, RNG), (2, 3, 5), "a weight (6,), but x is (2, 3, 5)"),
    "Pooling": (Pooling("mean"), (3, 5), "Pooling got x (3, 5)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_width_is_named_beside_the_weight(name):
    layer, shape, message = WRONG[name]
    with pytest.raises(InputError) as error:
        layer.forward(np.ones(shape))
    assert message in error.value.wrong and error.value.remedy


def test_the_remedy_names_the_width_that_is_wanted():
    with pytest.raises(InputError, match=r"Give an x \(\.\.\., 6\)"):
        Linear(6, 4, RNG).forward(np.ones((2, 5)))


@pytest.mark.parametrize("layer", [Embedding(9, 6, RNG), NgramEmbedding(9, 6, RNG, ngram=2)])
def test_ids_are_whole_numbers(layer):
    with pytest.raises(InputError, match=r"a table \(9, 6\), but ids are float64 \(2, 3\)"):
        layer.forward(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("x", "memory"),
    [((2, 3, 6), (2, 5, 7)), ((2, 3, 7), (2, 5, 6)), ((2, 3, 6), (4, 5, 6)), ((3, 6), (3, 6)), ((2, 3, 6), (1, 5, 6))],
)
def test_attention_names_what_asks_and_what_answers(x, memory):
    with pytest.raises(InputError) as error:
        MultiHeadAttention(6, 2, RNG).forward(np.ones(x), np.ones(memory))
    assert f"width 6 got x {x} and memory {memory}" in error.value.wrong and "(B, S, 6)" in error.value.remedy


@pytest.mark.parametrize("kind", ["mask", "bias"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 5), (2, 2, 3, 4), (2, 3, 3, 5), (1, 2, 2, 3, 5)])
def test_a_mask_or_bias_that_is_not_of_the_scores_is_named_beside_them(kind, shape):
    with pytest.raises(InputError) as error:
        MultiHeadAttention(6, 2, RNG).forward(np.ones((2, 3, 6)), np.ones((2, 5, 6)), **{kind: np.ones(shape, bool)})
    assert error.value.wrong == f"The {kind} is {shape}, but the scores (B, H, T, S) are (2, 2, 3, 5)."


@pytest.mark.parametrize("shape", [(3, 5), (5,), (2, 1, 1, 5), (2, 2, 3, 5), ()])
def test_a_mask_may_have_any_shape_that_broadcasts(shape):
    attention, x, memory = MultiHeadAttention(6, 2, RNG), np.ones((2, 3, 6)), np.ones((2, 5, 6))
    y, _ = attention.forward(x, memory, mask=np.ones(shape, bool))
    np.testing.assert_array_equal(y, attention.forward(x, memory)[0])


def test_a_pooling_mask_is_of_the_tokens():
    with pytest.raises(InputError, match=r"x \(2, 3, 6\) and a mask \(2, 5\)"):
        Pooling("mean").forward(np.ones((2, 3, 6)), mask=np.ones((2, 5), bool))
