"""The n-gram embedding: each token brings along the few before it in its own text, and nothing else."""

import numpy as np
import pytest

from minillm.layers import Embedding, NgramEmbedding

IDS = np.array([[3, 1, 3, 0, 2, 2], [2, 2, 1, 3, 1, 0]])


def layer(ngram=3, **options):
    return NgramEmbedding(4, 5, np.random.default_rng(0), ngram=ngram, **options)


@pytest.mark.parametrize("ngram", [1, 2, 3, 6, 9])
def test_each_place_is_the_sum_that_the_docstring_gives(ngram):
    embedding = layer(ngram, std=1.0, scale=1.7)
    tables = [embedding.weight.data, *embedding.earlier.data]
    assert len(tables) == ngram
    x, _ = embedding.forward(IDS)
    for b, text in enumerate(IDS):
        for t in range(len(text)):
            rows = [tables[k][text[t - k]] for k in range(min(ngram, t + 1))]
            np.testing.assert_allclose(x[b, t], 1.7 * sum(rows), rtol=1e-12)


def test_a_token_counts_as_far_as_the_ngram_reaches():
    embedding, changed = layer(), IDS.copy()
    changed[:, 2] = (changed[:, 2] + 1) % 4
    moved = (embedding.forward(IDS)[0] != embedding.forward(changed)[0]).any(-1)
    np.testing.assert_array_equal(moved, [[False, False, True, True, True, False]] * 2)


def test_the_order_of_the_tokens_before_counts():
    x, _ = layer().forward(np.array([[0, 1, 2], [1, 0, 2]]))
    assert (x[0, 2] != x[1, 2]).all()


def test_one_token_is_the_plain_embedding():
    plain = Embedding(4, 5, np.random.default_rng(0), scale=1.7)
    np.testing.assert_array_equal(layer(1, scale=1.7).forward(IDS)[0], plain.forward(IDS)[0])


def test_every_table_is_drawn_alike():
    embedding = NgramEmbedding(40, 50, np.random.default_rng(0), ngram=4, std=0.3)
    for table in (embedding.weight.data, *embedding.earlier.data):
        assert table.std() == pytest.approx(0.3, rel=0.05)


def test_texts_too_short_to_look_back_teach_the_earlier_tables_nothing():
    embedding = layer()
    y, saved = embedding.forward(IDS[:, :1])
    embedding.backward(y, saved)
    assert (embedding.earlier.grad == 0).all() and (embedding.weight.grad != 0).any()
