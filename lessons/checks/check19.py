"""Checks of lesson 19."""

import numpy as np

from minillm.course import Exercise, Mistake

CHANGES = (
    "both words five places later",
    "only the query five places later",
    "query and key change places",
    "all angles divided by four, and both words four times as far from the beginning",
    "queries and keys turned the other way round",
    "only the keys turned the other way round",
    "the values turned as well",
)


def text_in_pieces(rng, sizes, *, around=(), blind=()):
    """A query, and pieces of these sizes; those whose number is in `blind` have no key that it may look at. The scores of a piece lie
    around 0, or around a number of its own.
    """
    q, pieces = rng.standard_normal(4), []
    for number, size in enumerate(sizes):
        may_look = rng.random(size) < 0.7
        may_look[0] = True
        keys = rng.standard_normal((size, 4)) + (around[number] * q / (q @ q) if around else 0)
        pieces.append((keys, rng.standard_normal((size, 3)), may_look & (number not in blind)))
    return q, pieces


EXERCISES = [
    Exercise(
        "streamed",
        lambda rng: [
            text_in_pieces(rng, (2, 3)),
            text_in_pieces(rng, (5,)),
            text_in_pieces(rng, (3, 4, 2, 6)),
            text_in_pieces(rng, (2, 3, 2), blind=(0, 2)),
            text_in_pieces(rng, (4, 4), around=(990, 990)),
            text_in_pieces(rng, (3, 4), around=(-990, 0)),
            text_in_pieces(rng, (4, 3), around=(0, -990)),
        ],
        [
            "Section 2 of the lesson has the loop. What is different here: a mask, and pieces in which nothing may be seen.",
            "np.where(may_look, keys @ q, -np.inf) gives masked keys the weight 0. A piece without any: go on to the next (continue).",
            "For each piece: higher = max(peak, scores.max()); shrink = np.exp(peak - higher); total = total * shrink + weights.sum(); "
            "y = y * shrink + weights @ values; peak = higher. At the end y / total.",
        ],
        [
            Mistake(
                "total = total * shrink + weights.sum()",
                "total = total + weights.sum()",
                "The sum was not shrunk when a larger score came: what was added before was measured from the old maximum.",
            ),
            Mistake(
                "y = y * shrink + weights @ values",
                "y = y + weights @ values",
                "The weighted sum of the values was not shrunk when a larger score came, the sum of the weights was.",
            ),
            Mistake(
                "np.exp(peak - higher)",
                "np.exp(higher - peak) if peak > -np.inf else 0.0",
                "The old sums were multiplied by e^(new maximum - old maximum): that makes them larger. It is e^(old - new).",
            ),
            Mistake(
                "        if not may_look.any():\n            continue\n",
                "",
                "A piece in which nothing may be seen gives NaN: its largest score is -inf, and -inf - (-inf) is no number. Leave such a piece out.",
            ),
            Mistake(
                "np.where(may_look, keys @ q, -np.inf)",
                "keys @ q",
                "The mask was not used: keys that may not be looked at have a weight.",
            ),
            Mistake(
                "np.where(may_look, keys @ q, -np.inf)",
                "np.where(may_look, keys @ q, 0.0)",
                "Masked scores became 0: e^0 = 1 is a weight like any other. They must be -inf.",
            ),
            Mistake(
                "np.where(may_look, keys @ q, -np.inf)",
                "np.where(may_look, -np.inf, keys @ q)",
                "The mask is turned round: True means that the key may be looked at.",
            ),
            Mistake(
                "    return y / total\n    # end\n\n\ndef shared",
                "    return y\n    # end\n\n\ndef shared",
                "The weighted sum was never divided by the sum of the weights.",
            ),
            Mistake(
                "        y = y * shrink + weights @ values\n",
                "        y = y * shrink + weights @ values / weights.sum()\n",
                "Each piece was divided by a sum of its own: there is one softmax over all pieces. Divide once, at the end.",
            ),
            Mistake(
                "weights, shrink = np.exp(scores - higher), np.exp(peak - higher)",
                "weights, shrink = np.exp(scores), 1.0",
                "No maximum is taken off: e^990 is too large for a float, and inf / inf is NaN.",
            ),
            Mistake(
                "higher = max(peak, scores.max())",
                "higher = scores.max()",
                "The maximum is that of the last piece, and not of all so far: where an earlier score is larger by 1000, e^1000 overflows.",
            ),
            Mistake(
                "higher = max(peak, scores.max())",
                "higher = scores.max() if peak == -np.inf else peak",
                "The maximum stays that of the first piece: where a later score is larger by 1000, e^1000 overflows.",
            ),
            Mistake(
                "        peak = higher\n",
                "",
                "Only the last piece counts. What came before is shrunk and kept, and so is the maximum: with -inf for it shrink is 0 each time.",
            ),
            Mistake(
                "keys @ q, -np.inf)",
                "keys @ q / np.sqrt(len(q)), -np.inf)",
                "The scores were divided by √K: here they are q · keys as they are.",
            ),
        ],
    ),
    Exercise(
        "shared_heads_backward",
        lambda rng: [
            (rng.standard_normal((2, 6, 3, 4)), 2),
            (rng.standard_normal((1, 4, 2, 3)), 4),
            (rng.standard_normal((2, 4, 3, 2)), 1),
            (np.arange(1.0, 25).reshape(1, 6, 2, 2), 3),
        ],
        [
            "A number of x was copied to H/G heads. Its gradient is the sum of what the copies receive.",
            "Cut axis 1 into two: (B, G, H/G, S, K). Which of them are the copies?",
            "dy.reshape(B, kv_heads, H // kv_heads, S, K).sum(axis=2)",
        ],
        [
            Mistake(
                "dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)",
                "dy.reshape(batch, heads // kv_heads, kv_heads, length, width).sum(axis=1)",
                "You added up every G-th head, as np.tile would have laid them. np.repeat puts the copies side by side: they are neighbours.",
            ),
            Mistake(
                ".sum(axis=2)",
                ".mean(axis=2)",
                "The mean was taken: every head of queries that used the keys adds its own gradient.",
            ),
            Mistake(
                ".sum(axis=2)",
                "[:, :, 0]",
                "Only the first of the heads that share counts: all that used the keys add their gradients.",
            ),
            Mistake(
                ".sum(axis=2)",
                "[:, :, -1]",
                "Only the last of the heads that share counts: all that used the keys add their gradients.",
            ),
            Mistake(
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)",
                "return dy[:, :kv_heads]",
                "The first G heads of dy were taken as they are: each head of keys gets the sum over the heads that used it.",
            ),
            Mistake(
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)",
                "return np.repeat(dy.sum(axis=1, keepdims=True), kv_heads, axis=1)",
                "All heads were added up: only those that shared a head of keys belong together.",
            ),
            Mistake(
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)",
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).max(axis=2)",
                "The largest gradient was taken: all are added.",
            ),
            Mistake(
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)",
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2, keepdims=True)",
                "The summed axis is still there, with size 1: leave keepdims out, dx is (B, G, S, K).",
            ),
            Mistake(
                "return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)",
                "return np.repeat(dy, heads // kv_heads, axis=1)",
                "That is the forward pass once more: dx has G heads, fewer than dy, since copies are added up.",
            ),
        ],
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "The score depends on 9 ω - 4 ω, through cosines and sines of it.",
            "cos(-a) = cos a, but sin(-a) = -sin a: a score has both, unless q and k are alike.",
            "What is a value for? Which of the changes leave every angle 5 ω as it is?",
        ],
        [
            Mistake(
                '"both words five places later": True',
                '"both words five places later": False',
                "Both words five places later: both turn by 5 ω more, and their difference is what it was.",
            ),
            Mistake(
                '"only the query five places later": False',
                '"only the query five places later": True',
                "Only the query five places later: the distance is ten now.",
            ),
            Mistake(
                '"query and key change places": False',
                '"query and key change places": True',
                "Query and key change places: the difference of the angles is -5 ω, and its sine has the other sign. RoPE knows before from behind.",
            ),
            Mistake(
                '"all angles divided by four, and both words four times as far from the beginning": True',
                '"all angles divided by four, and both words four times as far from the beginning": False',
                "All angles divided by four, four times as far: 36 ω/4 = 9 ω, and 16 ω/4 = 4 ω. That is position interpolation.",
            ),
            Mistake(
                '"queries and keys turned the other way round": False',
                '"queries and keys turned the other way round": True',
                "Both turned the other way round: the difference of the angles changes its sign, and so does its sine.",
            ),
            Mistake(
                '"only the keys turned the other way round": False',
                '"only the keys turned the other way round": True',
                "Only the keys turned the other way round: the score depends on 9 ω + 4 ω now, on the places and not on the distance.",
            ),
            Mistake(
                '"the values turned as well": True',
                '"the values turned as well": False',
                "The values turned as well: the score is made of queries and keys, and never reads a value. (The output would change.)",
            ),
        ],
    ),
]
