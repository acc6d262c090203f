"""A pretrained GPT gets rows for new tokens."""

import numpy as np
import pytest

from minillm.models import GPT
from minillm.models.vocabulary import with_vocabulary

SIZES = {"vocab_size": 11, "context": 9, "layers": 2, "heads": 2, "d_model": 8}


@pytest.mark.parametrize(
    "changes", [{}, {"ngram": 3}, {"tie_head": False}, {"positions": "rotary", "norm": "rms"}], ids=str
)
def test_the_old_tokens_keep_their_scores_and_the_new_ones_have_the_mean_of_all(changes):
    model = GPT(**SIZES, **changes, seed=3)
    model.eos_token_id, ids = [5], np.random.default_rng(0).integers(11, size=(2, 7))
    grown = with_vocabulary(model, 15, dropout=0.1)
    logits, more = model.forward(ids)[0], grown.forward(ids)[0]
    np.testing.assert_allclose(more[..., :11], logits, atol=1e-6)
    np.testing.assert_allclose(more[..., 11:], np.repeat(logits.mean(axis=-1, keepdims=True), 4, axis=-1), atol=1e-6)
    assert grown.config.vocab_size == 15 and grown.config.dropout == 0.1 and grown.eos_token_id == [5]
    grown.forward(ids + 4)


def test_of_the_same_size_it_is_a_copy():
    model = GPT(**SIZES)
    copy = with_vocabulary(model, 11)
    assert (copy.vector.data == model.vector.data).all() and not np.shares_memory(copy.vector.data, model.vector.data)
