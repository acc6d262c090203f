"""Gradient checks of the pairs in `minillm.ops`.

All sizes differ and all are odd where they can be, no length is one, and queries and keys are not equally many: a transpose too many or
too few then changes a shape or a value. Masks, ignored targets, repeated tokens and dropout are switched on.
"""

import numpy as np

from minillm.gradcheck.cases import OpCase, case
from minillm.layers import causal_mask, padding_mask
from minillm.ops import IGNORE, dropout_mask, relative_buckets, rotary_angles


@case("linear")
def _(rng):
    inputs = {
        "x": rng.standard_normal((2, 3, 5)),
        "weight": rng.standard_normal((5, 7)),
        "bias": rng.standard_normal(7),
    }
    return OpCase("linear", inputs)


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


@case("rms_norm")
def _(rng):
    return OpCase("rms_norm", (rng.standard_normal((2, 3, 7)), rng.standard_normal(7)))


@case("rms_norm:large-eps")
def _(rng):
    return OpCase("rms_norm", (rng.standard_normal((3, 5)), rng.standard_normal(5)), {"eps": 0.3})


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


@case("attention:mask")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"mask": causal_mask(4, 7)})


@case("attention:causal")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"causal": True})


@case("attention:causal-more-queries")
def _(rng):
    k, v, q = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 7, 5))
    return OpCase("attention", (q, k, v), {"causal": True})  # the first three queries stand before every key


@case("attention:window")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"causal": True, "window": 3})


def with_bias(rng, *shape):
    return dict(zip("qkv", queries_keys_values(rng), strict=True)) | {"bias": rng.standard_normal(shape)}


@case("attention:bias")
def _(rng):
    return OpCase("attention", with_bias(rng, 1, 3, 4, 7), {"causal": True})  # one for all texts, as T5's


@case("attention:bias-of-the-key")
def _(rng):
    return OpCase("attention", with_bias(rng, 2, 1, 1, 7))


@case("attention:bias-of-the-place")
def _(rng):
    return OpCase("attention", with_bias(rng, 4, 7))


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
    return OpCase("attention", queries_keys_values(rng), {"causal": True, "keep": keep})


@case("attention:scale")
def _(rng):
    return OpCase("attention", queries_keys_values(rng), {"scale": 0.9})


@case("chunked_attention")
def _(rng):
    return OpCase("chunked_attention", queries_keys_values(rng), {"chunk": 3})


@case("chunked_attention:causal")
def _(rng):
    return OpCase("chunked_attention", queries_keys_values(rng), {"causal": True, "chunk": 3})


@case("chunked_attention:window")
def _(rng):
    return OpCase("chunked_attention", queries_keys_values(rng), {"causal": True, "window": 3, "chunk": 2})


@case("chunked_attention:causal-more-queries")
def _(rng):
    k, v, q = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 7, 5))
    return OpCase("chunked_attention", (q, k, v), {"causal": True, "chunk": 2})


@case("chunked_attention:one-by-one")
def _(rng):
    return OpCase("chunked_attention", queries_keys_values(rng), {"causal": True, "scale": 0.9, "chunk": 1})


@case("chunked_attention:padding")
def _(rng):
    mask = padding_mask(np.array([7, 3]), 7)
    return OpCase("chunked_attention", queries_keys_values(rng), {"mask": mask, "chunk": 2})


@case("chunked_attention:nowhere-to-look")
def _(rng):
    mask = rng.random((2, 1, 4, 7)) < 0.6
    mask[0, 0, 2] = mask[1, 0, 0] = False
    return OpCase("chunked_attention", queries_keys_values(rng), {"mask": mask, "chunk": 3})


@case("chunked_attention:bias")
def _(rng):
    return OpCase("chunked_attention", with_bias(rng, 1, 3, 4, 7), {"causal": True, "chunk": 3})


@case("chunked_attention:bias-of-the-key")
def _(rng):
    return OpCase("chunked_attention", with_bias(rng, 2, 1, 1, 7), {"chunk": 2})


@case("bilinear_attention")
def _(rng):
    return OpCase("bilinear_attention", (rng.standard_normal((2, 3, 5)), rng.normal(0, 0.5, (5, 5))))


@case("bilinear_attention:causal")
def _(rng):
    inputs = (rng.standard_normal((2, 7, 5)), rng.normal(0, 0.5, (5, 5)))
    return OpCase("bilinear_attention", inputs, {"mask": causal_mask(7, 7)})


@case("rotary")
def _(rng):
    cos, sin = rotary_angles((1.0, 0.3, 0.02), 7, np.dtype(np.float64), np)
    return OpCase("rotary", (rng.standard_normal((2, 3, 4, 6)),), {"cos": cos[3:], "sin": sin[3:]})


@case("repeat_heads")
def _(rng):
    return OpCase("repeat_heads", (rng.standard_normal((2, 3, 5, 7)),), {"times": 2})


@case("relative_bias")
def _(rng):
    buckets = relative_buckets(5, 5, buckets=8, max_distance=5)  # some never come, and distances share others
    return OpCase("relative_bias", (rng.standard_normal((8, 3)), buckets, 5))


@case("relative_bias:cached")
def _(rng):
    buckets = relative_buckets(3, 7, buckets=6, max_distance=5, bidirectional=False)  # T = 3, S = 7
    return OpCase("relative_bias", (rng.standard_normal((6, 5)), buckets, 3))


@case("relu")
def _(rng):
    return OpCase("relu", (rng.normal(0, 2, (3, 4, 5)),))


@case("gelu")
def _(rng):
    return OpCase("gelu", (rng.normal(0, 2, (3, 4, 5)),))


@case("gelu_erf")
def _(rng):
    return OpCase("gelu_erf", (rng.normal(0, 2, (3, 4, 5)),))


@case("silu")
def _(rng):
    return OpCase("silu", (rng.normal(0, 2, (3, 4, 5)),))


@case("tanh")
def _(rng):
    return OpCase("tanh", (rng.normal(0, 2, (3, 4, 5)),))


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


@case("token_logp")
def _(rng):
    return OpCase("token_logp", (rng.normal(0, 2, (2, 3, 7)),), {"targets": np.array([[0, 6, 3], [3, 3, 5]])})


@case("token_logp:ignored")
def _(rng):
    targets = np.array([[0, IGNORE, 3], [3, IGNORE, IGNORE]])
    return OpCase("token_logp", (rng.normal(0, 2, (2, 3, 7)),), {"targets": targets})


@case("sequence_logp")
def _(rng):
    targets = np.array([[IGNORE, IGNORE, 3, 6, 3], [IGNORE, 3, 1, IGNORE, IGNORE], [0, 4, 2, 2, 5]])
    return OpCase("sequence_logp", (rng.normal(0, 2, (3, 5, 7)),), {"targets": targets})  # prompt, answer, padding


@case("kl_divergence")
def _(rng):
    return OpCase("kl_divergence", (rng.normal(0, 2, (2, 3, 7)),), {"reference": rng.normal(0, 2, (2, 3, 7))})
