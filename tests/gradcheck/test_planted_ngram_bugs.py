"""The check must fail on wrong gradients: plausible mistakes in the n-gram embedding, planted one at a time."""

import numpy as np
import pytest

from minillm.gradcheck import LIMIT
from minillm.layers import NgramEmbedding
from minillm.ops import embedding_backward
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def ngram(
    self, dy, ids, own=True, nearest=1, furthest=99, scale=None, read=lambda k: slice(-k), paid=lambda k: slice(k, None)
):
    """The backward with parts that can be broken: the tables that learn, the factor, and for distance k the ids that were read and where
    the gradient came in."""
    dx, table = dy * (self.scale if scale is None else scale), self.weight.data.shape
    if own:
        self.weight.accumulate(embedding_backward(dx, (ids, table)))
    for k in self.distances(ids.shape[1]):
        if nearest <= k <= furthest:
            self.earlier.grad[k - 1] += embedding_backward(dx[:, paid(k)], (ids[:, read(k)], table))


@pytest.mark.parametrize("case", ["NgramEmbedding", "NgramEmbedding:shorter-text", "GPT:ngram"])
def test_the_breakable_embedding_is_right_until_broken(error_with, case):
    assert error_with(case, NgramEmbedding, "backward", ngram) < LIMIT


@bug("NgramEmbedding", NgramEmbedding)
def own_table_not_learned(self, dy, saved):
    ngram(self, dy, saved, own=False)


@bug("NgramEmbedding", NgramEmbedding)
def nearest_table_not_learned(self, dy, saved):
    ngram(self, dy, saved, nearest=2)


@bug("NgramEmbedding", NgramEmbedding)
def furthest_table_not_learned(self, dy, saved):
    ngram(self, dy, saved, furthest=1)


@bug("NgramEmbedding", NgramEmbedding)
def not_shifted_at_all(self, dy, saved):
    ngram(self, dy, saved, read=lambda k: slice(None), paid=lambda k: slice(None))


@bug("NgramEmbedding", NgramEmbedding)
def shifted_the_other_way(self, dy, saved):
    ngram(self, dy, saved, read=lambda k: slice(k, None), paid=lambda k: slice(-k))


@bug("NgramEmbedding", NgramEmbedding)
def paid_one_place_too_early(self, dy, saved):
    ngram(self, dy, saved, paid=lambda k: slice(k - 1, -1))


@bug("NgramEmbedding", NgramEmbedding)
def tables_in_the_opposite_order(self, dy, saved):
    ngram(self, dy, saved, nearest=99)
    for k in self.distances(saved.shape[1]):
        self.earlier.grad[-k] += embedding_backward(dy[:, k:], (saved[:, :-k], self.weight.data.shape))


@bug("NgramEmbedding", NgramEmbedding)
def first_places_paid_by_the_end_of_the_text(self, dy, saved):
    ngram(self, dy, saved, nearest=99)
    for k in self.distances(saved.shape[1]):
        self.earlier.grad[k - 1] += embedding_backward(dy, (np.roll(saved, k, axis=1), self.weight.data.shape))


@bug("NgramEmbedding", NgramEmbedding)
def first_places_paid_by_the_text_before(self, dy, saved):
    """The batch as one long text, where each sequence would begin with the end of another."""
    ngram(self, dy, saved, nearest=99)
    ids, rows = saved.reshape(-1), dy.reshape(-1, dy.shape[-1])
    for k in self.distances(saved.shape[1]):
        self.earlier.grad[k - 1] += embedding_backward(rows[k:], (ids[:-k], self.weight.data.shape))


@bug("NgramEmbedding", NgramEmbedding)
def earlier_tables_overwrite(self, dy, saved):
    ngram(self, dy, saved, nearest=99)
    for k in self.distances(saved.shape[1]):
        self.earlier.grad[k - 1] = embedding_backward(dy[:, k:], (saved[:, :-k], self.weight.data.shape))


@bug("NgramEmbedding", NgramEmbedding)
def repeated_tokens_paid_once(self, dy, saved):
    ngram(self, dy, saved, nearest=99)
    for k in self.distances(saved.shape[1]):
        self.earlier.grad[k - 1][saved[:, :-k]] += dy[:, k:]


@bug("NgramEmbedding:shorter-text", NgramEmbedding)
def scale_forgotten(self, dy, saved):
    ngram(self, dy, saved, scale=1.0)


@bug("NgramEmbedding:shorter-text", NgramEmbedding)
def tables_without_a_token_learn_too(self, dy, saved):
    ngram(self, dy, saved)
    self.earlier.grad[-1, saved[:, -1]] += dy[:, -1]


@bug("GPT:ngram", NgramEmbedding)
def tied_head_gradient_overwritten(self, dy, saved):
    ngram(self, dy, saved, own=False)
    self.weight.grad[...] = embedding_backward(dy * self.scale, (saved, self.weight.data.shape))
