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
            Mistake(
                "layer.mean(axis=0) + identity",
                "layer.mean(axis=0) + np.ones_like(identity)",
                "Ones were added everywhere: the identity has them on its diagonal alone, np.eye(T).",
            ),
        ],
    ),
    Exercise(
        "head_scores",
        lambda rng: [
            (rng.standard_normal((3, 4)), rng.standard_normal((12, 5)), rng.standard_normal(5)),
            (rng.standard_normal((2, 3)), rng.standard_normal((6, 7)), rng.standard_normal(7)),
            (np.array([[1.0, 2], [3, 4]]), np.array([[1.0], [2], [3], [4]]), np.array([2.0])),
        ],
        [
            "Section 2 of the lesson writes the product as a sum over the heads. Take the product with `word` of each term of that sum.",
            "Head h has the rows weight[h * K : (h + 1) * K]. What it adds to the residual path is heads[h] @ those rows, (D,).",
            "np.array([heads[h] @ weight[h * K : (h + 1) * K] @ word for h in range(H)])",
        ],
        [
            Mistake(
                "rows = weight.reshape(count, width, -1)",
                "rows = weight.reshape(width, count, -1).swapaxes(0, 1)",
                "The heads' rows are interleaved: the first K rows of weight belong to head 0, the next K to head 1.",
            ),
            Mistake(
                "rows = weight.reshape(count, width, -1)",
                "rows = np.stack([weight[:width]] * count)",
                "Every head used the rows of head 0: each has K rows of its own.",
            ),
            Mistake(
                "rows = weight.reshape(count, width, -1)",
                "rows = weight.reshape(count, width, -1)[::-1]",
                "The rows of weight were handed out from the end: head 0 has the first K.",
            ),
            Mistake(
                "    return added @ word",
                "    return added.sum(axis=0) @ word",
                "That is the score of all heads together: a part for each head is asked for, (H,).",
            ),
            Mistake(
                "    return added @ word",
                "    return added",
                "These are the vectors that the heads add, (H, D): their products with `word` are missing.",
            ),
            Mistake(
                "    return added @ word",
                "    return np.linalg.norm(added, axis=1)",
                "That is how much each head writes, in any direction: only what points along `word` counts, its product with it.",
            ),
            Mistake(
                "    return added @ word",
                "    return added @ word / (added @ word).sum()",
                "You divided by the sum: the parts are asked for as they are, and some are negative.",
            ),
            Mistake(
                "    return added @ word",
                "    return np.abs(added @ word)",
                "The signs are gone: a head that makes the word less likely has a negative part.",
            ),
            Mistake(
                "    return added @ word",
                "    return added @ word / count",
                "You divided by the number of heads: attention adds the heads up, it takes no mean.",
            ),
            Mistake(
                "    return added @ word",
                "    return (added @ word).sum() - added @ word",
                "That is what is left without each head: the part of the head itself is asked for.",
            ),
            Mistake(
                "    return added @ word",
                "    scores = np.exp(added @ word)\n    return scores / scores.sum()",
                "A softmax was taken: the parts of a score add up, probabilities don't.",
            ),
            Mistake(
                "    return added @ word",
                "    return added @ word / np.linalg.norm(added, axis=1) / np.linalg.norm(word)",
                "That is the cosine: how long a head's vector is counts as well. The plain product.",
            ),
            Mistake(
                "    return added @ word",
                "    return added @ word / np.linalg.norm(word)",
                "You divided by the length of `word`: the score is the plain product.",
            ),
            Mistake(
                "    return added @ word",
                "    return (added - added.mean(axis=1, keepdims=True)) @ word",
                "The mean was taken from what each head adds, as a LayerNorm would: the norm is left aside here.",
            ),
            Mistake(
                "added = (heads[:, :, None] * rows).sum(axis=1)",
                "added = (heads[:, :, None] * rows).mean(axis=1)",
                "You took a mean over the K numbers of a head: they are multiplied with their rows and added up.",
            ),
            Mistake(
                "added = (heads[:, :, None] * rows).sum(axis=1)",
                "added = (heads[:, :, None] * rows).max(axis=1)",
                "Of each head only the largest product was kept: all K are added up.",
            ),
            Mistake(
                "added = (heads[:, :, None] * rows).sum(axis=1)",
                "added = (heads[:, :1, None] * rows[:, :1]).sum(axis=1)",
                "Only the first of each head's K numbers was used.",
            ),
            Mistake(
                "rows = weight.reshape(count, width, -1)",
                "rows = np.stack([weight[h : h + width] for h in range(count)])",
                "Head h was given the rows from h on: they begin at h * K, since each head before it has K.",
            ),
            Mistake(
                "return added @ word",
                "return np.cumsum(added @ word)",
                "Each part has those of all heads before it in it: the part of one head is asked for.",
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
            Mistake(
                "kept[:, head] = 0",
                "kept[:, :head] = 0",
                "All heads before that one were taken away, and it was kept: kept[:, head], without a colon before it.",
            ),
        ],
    ),
]
