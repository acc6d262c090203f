"""Gradient checks of the pairs in `minillm.ops`.

All sizes differ and all are odd where they can be, no length is one, and queries and keys are not equally many: a transpose too many or
too few then changes a shape or a value. Masks, ignored targets, repeated tokens and dropout are switched on.
"""

import numpy as np

from minillm.gradcheck.cases import OpCase, case
from minillm.layers import causal_mask, padding_mask
from minillm.ops import IGNORE, dropout_mask


@case("linear")
def _(rng):
    return OpCase("linear", (rng.standard_normal((2, 3, 5)), rng.standard_normal((5, 7)), rng.standard_normal(7)))


@case("linear:no-bias")
def _(rng):
    return OpCase("linear", (rng.standard_normal((3, 5)), rng.standard_normal((5, 7))))


@case("embedding")
def _(rng):
    ids = np.array([[1, 4, 1], [0, 4, 1]])  # 1 stands three times, 2, 3 and 5 to 8 never
    return OpCase("embedding", (ids, rng.standard_normal((9, 5))))


@case("embedding:large-vocabulary")
def _(rng):
    ids = np.array([[1, 597, 1], [0, 597, 1]])  # above ONE_HOT_LIMIT the gradient is added row by row
    return OpCase("embedding", (ids, rng.standard_normal((601, 3))))


@case("layer_norm")
def _(rng):
    return OpCase("layer_norm", (rng.standard_normal((2, 3, 7)), rng.standard_normal(7), rng.standard_normal(7)))


@case("layer_norm:large-eps")
def _(rng):
    inputs = (rng.standard_normal((3, 5)), rng.standard_normal(5), rng.standard_normal(5))
    return OpCase("layer_norm", inputs, {"eps": 0.3})


@case("softmax")
def _(rng):
    return OpCase("softmax", (rng.standard_normal((2, 3, 5)),))


@case("softmax:masked")
def _(rng):
    scores = rng.standard_normal((2, 3, 5))
    scores[0, 1, 2:] = -np.inf
    scores[1, 2] = -np.inf  # a row that may look nowhere
    return OpCase("softmax", (scores,))


def queries_keys_values(rng):
    """B = 2, H = 3, T = 4, S = 7, K = 5."""
    return rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 7, 5)), rng.standard_normal((2, 3, 7, 5))


@case("attention")
def _(rng):
    return OpCase("attention", queries_keys_values(rng))


@case("attention:causal")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"mask": causal_mask(4, 7)})


@case("attention:padding")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"mask": padding_mask(np.array([7, 3]), 7)})


@case("attention:nowhere-to-look")
def _(rng):
    mask = rng.random((2, 1, 4, 7)) < 0.6
    mask[0, 0, 2] = mask[1, 0, 0] = False
    return OpCase("attention", queries_keys_values(rng), {"mask": mask})


@case("attention:dropout")
def _(rng):
    keep = dropout_mask((2, 3, 4, 7), 0.3, rng, np.float64)
    return OpCase("attention", queries_keys_values(rng), {"mask": causal_mask(4, 7), "keep": keep})


@case("attention:scale")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"scale": 0.9})


@case("bilinear_attention")
def _(rng):
    return OpCase("bilinear_attention", (rng.standard_normal((2, 3, 5)), rng.normal(0, 0.5, (5, 5))))


@case("bilinear_attention:causal")
def _(rng):
    inputs = (rng.standard_normal((2, 7, 5)), rng.normal(0, 0.5, (5, 5)))
    return OpCase("bilinear_attention", inputs, {"mask": causal_mask(7, 7)})


@case("relu")
def _(rng):
    return OpCase("relu", (rng.normal(0, 2, (3, 4, 5)),))


@case("gelu")
def _(rng):
    return OpCase("gelu", (rng.normal(0, 2, (3, 4, 5)),))


@case("gelu_erf")
def _(rng):
    return OpCase("gelu_erf", (rng.normal(0, 2, (3, 4, 5)),))


@case("dropout")
def _(rng):
    return OpCase("dropout", (rng.standard_normal((3, 4, 5)),), {"keep": dropout_mask((3, 4, 5), 0.4, rng, np.float64)})


@case("cross_entropy")
def _(rng):
    return OpCase("cross_entropy", (rng.normal(0, 2, (2, 3, 7)),), {"targets": np.array([[0, 6, 3], [3, 3, 5]])})


@case("cross_entropy:ignored")
def _(rng):
    targets = np.array([[0, IGNORE, 3], [3, IGNORE, IGNORE]])
    return OpCase("cross_entropy", (rng.normal(0, 2, (2, 3, 7)),), {"targets": targets})


@case("cross_entropy:smoothing")
def _(rng):
    targets = np.array([[0, IGNORE, 3], [3, 3, 5]])
    return OpCase("cross_entropy", (rng.normal(0, 2, (2, 3, 7)),), {"targets": targets, "label_smoothing": 0.2})
