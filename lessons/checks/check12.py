"""Checks of lesson 12."""

import numpy as np

from minillm.course import Exercise, Mistake


def maps(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Causal attention maps, in which some of the weight is missing, as where a place may look nowhere."""
    weights = np.tril(rng.random(shape) ** 3)
    weights /= weights.sum(axis=-1, keepdims=True)
    weights[..., 1, :] *= rng.uniform(0.3, 0.7, (*shape[:-2], 1))  # of each head another part
    return weights


EXERCISES = [
    Exercise(
        "rollout",
        lambda rng: [(maps(rng, 3, 2, 5, 5),), (maps(rng, 2, 3, 6, 6),), (np.array([[[[1, 0], [0.5, 0.5]]]] * 2),)],
        [
            "Walk through the layers, first to last, and keep one (T, T) matrix that says of which words each place is made so far. At first "
            "each place is made of itself alone: np.eye(T).",
            "For each layer: the mean over heads, plus the identity, then each row divided by its own sum.",
            "The new layer reads what the earlier ones made, so it stands on the left: mixed = passed @ mixed.",
        ],
        [
            Mistake(
                "passed = layer.mean(axis=0) + identity",
                "passed = layer.mean(axis=0)",
                "The identity is missing. A place keeps what it had, on the shortcut, beside what it reads.",
            ),
            Mistake(
                "passed = passed / passed.sum(axis=-1, keepdims=True)",
                "",
                "The rows are not divided by their sums: the shares of a place grow with every layer and do not sum to one.",
            ),
            Mistake(
                "passed = passed / passed.sum(axis=-1, keepdims=True)",
                "passed = passed / passed.sum(axis=0, keepdims=True)",
                "You divided the columns by their sums. The shares of one place are a row.",
            ),
            Mistake(
                "mixed = passed @ mixed",
                "mixed = mixed @ passed",
                "The order is turned round: so the first layer would read what the last one made.",
            ),
            Mistake(
                "layer.mean(axis=0)",
                "layer.sum(axis=0)",
                "The heads were added up. With many heads the shortcut would then hardly count: take their mean.",
            ),
            Mistake(
                "mixed = passed @ mixed",
                "mixed = passed * mixed",
                "Cell times cell is not enough: what a place reads comes through all places between. That is a matrix product.",
            ),
            Mistake(
                "passed = passed / passed.sum(axis=-1, keepdims=True)",
                "passed = passed / 2",
                "Dividing by two is right only where the weights of a row sum to one. Divide each row by its own sum.",
            ),
            Mistake(
                "layer.mean(axis=0)",
                "layer.max(axis=0)",
                "The largest head was taken at each place: the mean of the heads.",
            ),
            Mistake(
                "mixed = passed @ mixed",
                "mixed = passed",
                "Only the last layer is left: each layer is multiplied with what the ones before it made.",
            ),
            Mistake(
                "    return mixed",
                "    return mixed.T",
                "It is transposed: row t says of which words place t is made.",
            ),
            Mistake(
                "passed.sum(axis=-1, keepdims=True)",
                "passed.sum(axis=-1)",
                "keepdims=True is missing: the sums of the rows were laid across the columns.",
            ),
            Mistake(
                "passed = layer.mean(axis=0) + identity\n        passed = passed / passed.sum(axis=-1, keepdims=True)\n        mixed = passed @ mixed",
                "passed = layer.mean(axis=0)\n        passed = passed / passed.sum(axis=-1, keepdims=True)\n        mixed = (passed + identity) / 2 @ mixed",
                "The rows were divided by their sums before I was added: first (mean of the heads + I), then each row by its own sum.",
            ),
            Mistake(
                "passed = layer.mean(axis=0) + identity\n        passed = passed / passed.sum(axis=-1, keepdims=True)\n        mixed = passed @ mixed\n    return mixed",
                "passed = layer.mean(axis=0) + identity\n        mixed = passed @ mixed\n    return mixed / mixed.sum(axis=-1, keepdims=True)",
                "The rows were divided by their sums at the end only: after each layer.",
            ),
            Mistake(
                "passed = layer.mean(axis=0) + identity\n        passed = passed / passed.sum(axis=-1, keepdims=True)\n        mixed = passed @ mixed\n    return mixed",
                "mixed = layer.mean(axis=0) @ mixed\n    mixed = mixed + identity\n    return mixed / mixed.sum(axis=-1, keepdims=True)",
                "I was added once, at the end: every layer has its shortcut.",
            ),
            Mistake(
                "mixed = passed @ mixed",
                "mixed = passed + mixed",
                "The layers were added up: what a layer passes on is multiplied with what it read, passed @ mixed.",
            ),
            Mistake(
                "passed = layer.mean(axis=0) + identity\n        passed = passed / passed.sum(axis=-1, keepdims=True)\n        mixed = passed @ mixed",
                "passed = (layer + identity) / (layer + identity).sum(axis=-1, keepdims=True)\n        mixed = passed.mean(axis=0) @ mixed",
                "Each head got its own I and its own sum, before the mean: the mean of the heads comes first.",
            ),
            Mistake(
                "layer.mean(axis=0)",
                "layer[0]",
                "Only the first head was used: the mean of all heads.",
            ),
            Mistake(
                "for layer in weights:",
                "for layer in weights[1:]:",
                "Layer 0 is left out.",
            ),
            Mistake(
                "for layer in weights:",
                "for layer in weights[:-1]:",
                "The last layer is left out.",
            ),
            Mistake(
                "    mixed = identity\n",
                "    mixed = np.ones_like(identity)\n",
                "It began with ones: before the first layer each place is made of itself alone, np.eye(T).",
            ),
            Mistake(
                "layer.mean(axis=0) + identity",
                "layer.mean(axis=0) / 2 + identity",
                "The heads got half of their share: the mean of the heads and I count the same.",
            ),
            Mistake(
                "    return mixed",
                "    mixed = weights.mean(axis=(0, 1)) + identity\n    return mixed / mixed.sum(axis=-1, keepdims=True)",
                "The layers were averaged: each reads what the one below it made, so they are multiplied.",
            ),
        ],
    ),
    Exercise(
        "previous_token_score",
        lambda rng: [
            (maps(rng, 4, 6, 6),),
            (maps(rng, 2, 9, 9),),
            (np.array([[[1, 0, 0], [0.7, 0.3, 0], [0.1, 0.5, 0.4]]]),),
        ],
        [
            "For one head: write down weights[h, 1, 0], weights[h, 2, 1], weights[h, 3, 2] ... They stand on a diagonal below the main one.",
            "np.diagonal has an offset, and axis1 and axis2 say which two axes make the matrix. 0 is the main diagonal, -1 the one below it.",
            "np.diagonal(weights, offset=-1, axis1=1, axis2=2) is (H, T - 1). Then the mean over the last axis.",
        ],
        [
            Mistake(
                "offset=-1",
                "offset=0",
                "That is how much each head looks at the present word. The word before is one column further left.",
            ),
            Mistake(
                "offset=-1",
                "offset=1",
                "That is the diagonal above: the word that comes next. A causal map holds only zeros there.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before.sum(axis=-1) / weights.shape[-1]",
                "You divided by T. The first word has no word before it, so there are T - 1 places.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before.mean()",
                "That is one number for all heads together. Each head needs its own.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before.sum(axis=-1)",
                "That is the sum over the places: a longer text would give a larger score. Take the mean.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "(weights.argmax(axis=-1)[:, 1:] == np.arange(weights.shape[-1] - 1)).mean(axis=-1)",
                "You counted how often the word before gets the largest weight. The score is the mean of the weight itself.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before.max(axis=-1)",
                "The largest weight was taken: the mean over the places.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before.mean(axis=0)",
                "That is a mean over the heads: each head gets its own score, the mean over the places.",
            ),
            Mistake(
                "before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)",
                "before = np.diagonal(weights, offset=-2, axis1=1, axis2=2)",
                "That is the last word but one: offset=-1 is the word just before.",
            ),
            Mistake(
                "before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)",
                "before = weights[:, 1:, 0]",
                "That is how much each head looks at the first word: weights[h, t, t - 1].",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before[:, -1]",
                "Only the last place was looked at: the mean over all places that have a word before them.",
            ),
            Mistake(
                "before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)",
                "before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)[:, :-1]",
                "The last place is left out: there are T - 1 places with a word before them.",
            ),
            Mistake(
                "before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)",
                "before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)[:, 1:]",
                "The first place with a word before it, t = 1, is left out: there are T - 1 such places.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before",
                "These are the weights of every place: their mean is missing.",
            ),
            Mistake(
                "before.mean(axis=-1)",
                "before.sum(axis=-1) / weights.sum(axis=(-2, -1))",
                "You divided by all of a head's weight: by the number of places, T - 1.",
            ),
        ],
    ),
    Exercise(
        "without_head",
        lambda rng: [
            (rng.standard_normal((1, 3, 4, 2)), rng.standard_normal((6, 5)), rng.standard_normal(5), 1),
            (rng.standard_normal((2, 4, 3, 3)), rng.standard_normal((12, 7)), rng.standard_normal(7), 0),
            (rng.standard_normal((2, 2, 3, 2)), rng.standard_normal((4, 3)), rng.standard_normal(3), 1),
            (np.array([[[[1.0, 2]], [[3, 4]]]]), np.array([[1.0], [2], [3], [4]]), np.array([0.5]), 1),
        ],
        [
            "Take a copy, and set the numbers of that head to zero. The heads are on axis 1.",
            "To lay the heads side by side, their axis must first stand next to K: (B, H, T, K) -> (B, T, H, K). Only then reshape.",
            "kept = heads.copy(); kept[:, head] = 0; kept.transpose(0, 2, 1, 3).reshape(B, T, H * K) @ weight + bias",
        ],
        [
            Mistake(
                "kept[:, head] = 0",
                "kept[:, :, head] = 0",
                "A place was taken away from all heads, in place of a head from all places: the heads are on axis 1.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, np.arange(count) != head] = 0",
                "You took all the other heads away, and kept this one.",
            ),
            Mistake(
                "kept.transpose(0, 2, 1, 3).reshape",
                "kept.reshape",
                "Reshaped without moving the axis of the heads: the numbers of different places are mixed up.",
            ),
            Mistake(
                "kept.transpose(0, 2, 1, 3)",
                "kept.transpose(0, 2, 3, 1)",
                "The numbers of the heads lie interleaved. The K numbers of head 0 come first, then those of head 1.",
            ),
            Mistake(
                "side_by_side @ weight + bias",
                "side_by_side @ weight",
                "The bias is missing. It belongs to the projection, not to any head, and stays.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "",
                "No head was taken away.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, head - 1] = 0",
                "The head before it was taken away: heads are numbered from 0, as axis 1 is.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[..., head % width] = 0",
                "One of the K numbers of every head was taken away: the heads are on axis 1.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[head % batch] = 0",
                "A text of the batch was taken away: the heads are on axis 1.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, head] = kept.mean(axis=1)",
                "The mean of the heads was put in its place: zeros.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, head] = kept[:, head].mean(axis=(0, 1))",
                "The head's own mean was put in its place: zeros.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, head] = 0\n    kept = kept * count / (count - 1)",
                "The other heads were made larger by H / (H - 1), as dropout would: they stay as they are.",
            ),
            Mistake(
                "side_by_side @ weight + bias",
                "side_by_side @ weight + bias * (count - 1) / count",
                "A share of the bias was taken away with the head: the bias belongs to no head.",
            ),
            Mistake(
                "side_by_side @ weight + bias",
                "side_by_side",
                "The output projection is missing: times weight, plus bias.",
            ),
            Mistake(
                "side_by_side @ weight + bias",
                "side_by_side @ weight - heads[:, head] @ weight[head * width : (head + 1) * width] + bias",
                "The head was taken away twice: once by zeros, and once by subtracting what it gives.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, : head + 1] = 0",
                "All heads up to this one were taken away: this one alone.",
            ),
            Mistake(
                "kept[:, head] = 0",
                "kept[:, head:] = 0",
                "All heads from this one on were taken away: this one alone.",
            ),
            Mistake(
                "kept = heads.copy()\n    kept[:, head] = 0",
                "kept = np.delete(heads, head, axis=1)\n    kept = np.concatenate([kept, np.zeros_like(heads[:, :1])], axis=1)",
                "The heads after it moved up by one: each keeps its place, and so its rows of weight. Set the numbers to zero instead.",
            ),
            Mistake(
                "kept = heads.copy()\n    kept[:, head] = 0\n    side_by_side = kept.transpose(0, 2, 1, 3).reshape(batch, places, count * width)",
                "side_by_side = heads.transpose(0, 2, 1, 3).reshape(batch, places, count * width).copy()\n    side_by_side[..., head] = 0",
                "One number was taken away: a head has K of them, side by side from head * K on.",
            ),
            Mistake(
                "side_by_side @ weight + bias",
                "side_by_side @ (weight + bias)",
                "The bias was added to the weight: it is added to the product, once.",
            ),
            Mistake(
                "kept[:, head] = 0\n    side_by_side = kept.transpose(0, 2, 1, 3).reshape(batch, places, count * width)\n    return side_by_side @ weight + bias",
                "weight = weight.copy()\n    weight[:, head * width : (head + 1) * width] = 0\n    side_by_side = kept.transpose(0, 2, 1, 3).reshape(batch, places, count * width)\n    return side_by_side @ weight + bias",
                "Columns of the weight became zero: the K numbers of a head meet K rows of it.",
            ),
        ],
    ),
]
