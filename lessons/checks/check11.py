"""Checks of lesson 11."""

import numpy as np

from minillm.course import Exercise, Mistake


def damage(rng: np.random.Generator, rows: int, columns: int) -> tuple:
    """Arguments of mask_words: the ids are from 10 on, those to swap in from 50 on, and the mask is 99."""
    ids = rng.integers(10, 40, size=(rows, columns))
    special = np.zeros(ids.shape, dtype=bool)
    special[:, [0, -1]] = True
    dice = rng.permuted(np.linspace(0.02, 0.98, ids.size)).reshape(ids.shape)
    dice[0, 1:4] = 0.5, 0.85, 0.95
    chosen = rng.random(ids.shape) < 0.6
    chosen[:, 0] = True
    chosen[0, 1:4] = True
    return ids, chosen, special, dice, rng.integers(50, 80, size=ids.shape), 99


def answers(rng: np.random.Generator, places: int, words: int, asked: list[int]) -> tuple:
    return rng.dirichlet(np.ones(words), places), np.array(asked)


# ids, chosen, special, dice, anything and mask: the dice are on the borders
SHORT = (
    np.array([[1, 11, 12, 13]]),
    np.array([[True, True, True, False]]),
    np.array([[True, False, False, False]]),
    np.array([[0.5, 0.8, 0.9, 0.1]]),
    np.array([[51, 52, 53, 54]]),
    99,
)

EXERCISES = [
    Exercise(
        "mask_words",
        lambda rng: [damage(rng, 4, 8), damage(rng, 6, 12), SHORT],
        [
            "First find the places that may be damaged: chosen, and not special. Everything else follows from this one boolean array.",
            "np.where(condition, a, b) takes a where the condition holds and b elsewhere, cell by cell. Two of them, one inside the "
            "other, make the choice among mask, anything and ids.",
            "What is asked does not depend on the dice: np.where(hit, ids, IGNORE).",
            "hit = chosen & ~special; masked = hit & (dice < 0.8); swapped = hit & (dice >= 0.8) & (dice < 0.9); "
            "reads = np.where(masked, mask, np.where(swapped, anything, ids))",
        ],
        [
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = ids.copy()",
                "Something is asked at every place. At those that were not chosen the answer stands in plain sight, and can be copied.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(hit, reads, IGNORE)",
                "You ask for what the model reads, the mask itself, and not for what stood there before.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(masked, ids, IGNORE)",
                "Only the masked places are asked. The swapped ones and those left as they were are asked as well: that is what they are for.",
            ),
            Mistake(
                "hit = chosen & ~special",
                "hit = chosen",
                "Special tokens were damaged too. They are no words, and nothing is to be learned from guessing them.",
            ),
            Mistake(
                "hit = chosen & ~special",
                "hit = ~special",
                "Every word was damaged, chosen or not.",
            ),
            Mistake(
                "swapped = hit & (dice >= 0.8) & (dice < 0.9)",
                "swapped = hit & (dice >= 0.8)",
                "No chosen word stays as it is: all from 0.8 on were swapped. The rates are 80, 10 and 10.",
            ),
            Mistake(
                "swapped = hit & (dice >= 0.8) & (dice < 0.9)",
                "swapped = hit & (dice >= 0.9)",
                "The last tenth was swapped and the tenth before it left alone. It should be the other way round.",
            ),
            Mistake(
                "reads = np.where(masked, mask, np.where(swapped, anything, ids))",
                "reads = np.where(hit, mask, ids)",
                "Every chosen word became the mask: of ten, eight do; one is swapped, and one is left as it was.",
            ),
            Mistake(
                "swapped = hit & (dice >= 0.8) & (dice < 0.9)\n    reads = np.where(masked, mask, np.where(swapped, anything, ids))",
                "swapped = hit & (dice < 0.9)\n    reads = np.where(swapped, anything, np.where(masked, mask, ids))",
                "The swap covers the masks: what is below 0.8 is below 0.9 as well. Masks first, or 0.8 <= die < 0.9.",
            ),
            Mistake(
                "swapped = hit & (dice >= 0.8) & (dice < 0.9)",
                "swapped = (dice >= 0.8) & (dice < 0.9)",
                "Words were swapped that were not chosen: the swap needs `hit` too.",
            ),
            Mistake(
                "masked = hit & (dice < 0.8)",
                "masked = dice < 0.8",
                "Words were masked that were not chosen: the mask needs `hit` too.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(hit & (dice < 0.9), ids, IGNORE)",
                "The chosen words that stayed as they were are not asked: they are, or the model would trust every word that it sees.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(hit & ~swapped, ids, IGNORE)",
                "The swapped words are not asked: they are, and that is what they are for.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(hit, IGNORE, ids)",
                "It is asked for the words that were not chosen: np.where(hit, ids, IGNORE).",
            ),
            Mistake(
                "hit = chosen & ~special",
                "hit = chosen & special",
                "The special tokens were damaged, and the words were not: chosen and not special.",
            ),
            Mistake(
                "hit = chosen & ~special",
                "hit = chosen | ~special",
                "`or` in place of `and`: a place is damaged if it is chosen and is not special.",
            ),
            Mistake(
                "masked = hit & (dice < 0.8)",
                "masked = hit & (dice > 0.8)",
                "Words were masked where the die is above 0.8: below 0.8.",
            ),
            Mistake(
                "np.where(swapped, anything, ids))",
                "np.where(swapped, ids, ids))",
                "Nothing was swapped: from 0.8 to below 0.9 the model reads the id in `anything`.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(chosen, ids, IGNORE)",
                "Special tokens that were chosen are asked for: they are not damaged, so nothing is asked there.",
            ),
            Mistake(
                "return reads, asked",
                "return asked, reads",
                "The two are exchanged: first what the model reads, then what it is asked for.",
            ),
            Mistake(
                "asked = np.where(hit, ids, IGNORE)",
                "asked = np.where(hit, ids, 0)",
                "0 stands where nothing is asked: 0 may be a word. It is IGNORE.",
            ),
            Mistake(
                "reads = np.where(masked, mask, np.where(swapped, anything, ids))",
                "reads = np.where(masked, mask, np.where(swapped, mask, ids))",
                "The swapped words became the mask too: they become the id in `anything`.",
            ),
            Mistake(
                "masked = hit & (dice < 0.8)\n    swapped = hit & (dice >= 0.8)",
                "masked = hit & (dice <= 0.8)\n    swapped = hit & (dice > 0.8)",
                "A die of exactly 0.8 swaps: masked is below 0.8.",
            ),
            Mistake(
                "(dice < 0.9)",
                "(dice <= 0.9)",
                "A die of exactly 0.9 leaves the word as it is: swapped is below 0.9.",
            ),
        ],
        outputs=("reads", "asked"),
    ),
    Exercise(
        "masked_loss",
        lambda rng: [
            answers(rng, 6, 5, [-100, 3, -100, 0, 3, -100]),
            answers(rng, 3, 4, [2, -100, 1]),
            answers(rng, 5, 150, [-100, 149, 0, -100, 7]),
            (np.array([[0.9, 0.1], [0.25, 0.75]]), np.array([-100, 0])),
        ],
        [
            "Find the rows where something is asked first: np.flatnonzero(asked != IGNORE). Only they are used.",
            "p[places, right] picks one number from each of those rows. -100 must never be an index: p[0, -100] is a real cell when there "
            "are a hundred words or more.",
            "The mean is over the places that are asked, in the loss and in the gradient: divide both by len(places).",
            "gradient = np.zeros_like(p); gradient[places] = p[places]; gradient[places, right] -= 1; gradient /= len(places)",
        ],
        [
            Mistake(
                """.sum() / len(places)
    gradient = np.zeros_like(p)
    gradient[places] = p[places]
    gradient[places, right] -= 1
    gradient /= len(places)""",
                """.sum() / len(p)
    gradient = np.zeros_like(p)
    gradient[places] = p[places]
    gradient[places, right] -= 1
    gradient /= len(p)""",
                "The mean goes over all places. The more words stand in plain sight, the smaller loss and gradient become.",
            ),
            Mistake(
                "gradient /= len(places)",
                "gradient /= len(p)",
                "The loss is right, but its gradient is divided by the number of all places. Loss and gradient must belong together.",
            ),
            Mistake(
                "gradient /= len(places)",
                "",
                "That is the gradient of the sum. The loss is a mean, so each place counts 1 / (number of places asked).",
            ),
            Mistake(
                "gradient[places] = p[places]",
                "gradient[:] = p",
                "The rows where nothing is asked have a gradient. It pushes down every word there, and nothing pulls the right one up.",
            ),
            Mistake(
                "gradient[places, right] -= 1",
                "",
                "These are the probabilities alone: at the right word 1 is to be subtracted.",
            ),
            Mistake(
                "-np.log(p[places, right])",
                "np.log(p[places, right])",
                "The loss is negative: it is minus the logarithm.",
            ),
            Mistake(
                "    gradient = np.zeros_like(p)\n    gradient[places] = p[places]\n    gradient[places, right] -= 1\n    gradient /= len(places)",
                "    gradient = np.zeros_like(p)\n    gradient[places] = p[places]\n    gradient[places, right] -= 1\n    gradient /= len(places)\n    gradient = -gradient",
                "The sign of the gradient: it is p - y, and yours is y - p.",
            ),
            Mistake(
                "    gradient = np.zeros_like(p)\n    gradient[places] = p[places]\n    gradient[places, right] -= 1\n    gradient /= len(places)",
                "    gradient = np.zeros_like(p)\n    gradient[places] = p[places]\n    gradient[places, right] -= 1\n    gradient /= p.size",
                "The gradient was divided by the number of all its numbers: by the number of places asked.",
            ),
            Mistake(
                "    gradient = np.zeros_like(p)\n    gradient[places] = p[places]\n    gradient[places, right] -= 1\n    gradient /= len(places)",
                "    gradient = np.zeros_like(p)\n    gradient[places, right] = -1 / p[places, right] / len(places)",
                "That is the gradient with respect to the probabilities, -1/p: with respect to the logits it is p - y.",
            ),
            Mistake(
                "np.flatnonzero(asked != IGNORE)",
                "np.flatnonzero(asked > 0)",
                "Places where the right id is 0 were left out: 0 is a word. Nothing is asked where `asked` is IGNORE.",
            ),
            Mistake(
                "    gradient[places, right] -= 1",
                "    gradient[:, right] -= 1",
                "The 1 was subtracted in every row: [:, right] picks whole columns.",
            ),
            Mistake(
                "    gradient[places, right] -= 1",
                "    gradient[places, right] = -1",
                "The right word got -1: it gets p - 1.",
            ),
            Mistake(
                "    gradient[places, right] -= 1",
                "    gradient[places] -= 1",
                "1 was subtracted from every word of the rows that are asked: at the right word alone.",
            ),
            Mistake(
                "    gradient[places] = p[places]",
                "    gradient[places] = np.exp(p[places]) / np.exp(p[places]).sum(axis=-1, keepdims=True)",
                "The softmax was taken once more: p holds probabilities already.",
            ),
            Mistake(
                "-np.log(p[places, right]).sum() / len(places)",
                "-np.log(p[places, right]).sum()",
                "The loss is a sum: it is the mean over the places that are asked.",
            ),
            Mistake(
                "-np.log(p[places, right]).sum() / len(places)",
                "-np.log2(p[places, right]).sum() / len(places)",
                "The loss is in bits (log2): ln is np.log.",
            ),
            Mistake(
                "-np.log(p[places, right]).sum() / len(places)",
                "(1 - p[places, right]).sum() / len(places)",
                "1 - p in place of -ln p: that never punishes being sure of something wrong.",
            ),
            Mistake(
                "    gradient[places] = p[places]\n",
                "",
                "p is missing in the gradient: p - y in the rows that are asked.",
            ),
        ],
        outputs=("loss", "gradient"),
    ),
    Exercise(
        "delete_words",
        lambda rng: [
            (
                np.array([[5, 6, 7, 8, 9, 4], [5, 9, 7, 8, 6, 4], [8, 7, 8, 9, 5, 4]]),
                np.array([[0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 1], [1, 0, 0, 1, 0, 0]], dtype=bool),
                7,  # a word's number as well: what is padding is told by `real` alone
            ),
            (rng.integers(10, 40, size=(5, 9)), rng.random((5, 9)) < 0.4, 3),
            (np.array([[5, 6, 7], [5, 6, 7]]), np.array([[False, True, False], [True, True, False]]), 0),
        ],
        [
            "One text at a time: row[~out] is what is left of a row. The rows then have different lengths.",
            "Make source full of pad and real full of False, as wide as the longest row that is left; then write each row into its beginning.",
            "left = [row[~out] for row, out in zip(ids, gone)]; longest = max(len(row) for row in left); "
            "np.full((len(ids), longest), pad); source[i, : len(row)] = row",
        ],
        [
            Mistake(
                "left = [row[~out] for row, out in zip(ids, gone)]",
                "left = [row[out] for row, out in zip(ids, gone)]",
                "You kept the words that were to go, and deleted the others.",
            ),
            Mistake(
                "left = [row[~out] for row, out in zip(ids, gone)]",
                "left = [np.where(out, pad, row) for row, out in zip(ids, gone)]",
                "The words are covered by padding where they stood. Then the hole shows, and nothing has to be found: move the rest together.",
            ),
            Mistake(
                "longest = max(len(row) for row in left)",
                "longest = ids.shape[1]",
                "The rows are as wide as the texts were. Make them as wide as the longest that is left.",
            ),
            Mistake(
                """        source[i, : len(row)] = row
        real[i, : len(row)] = True""",
                """        source[i, longest - len(row) :] = row
        real[i, longest - len(row) :] = True""",
                "The padding stands before the words: it belongs after them.",
            ),
            Mistake(
                "real = np.zeros((len(ids), longest), dtype=bool)",
                "real = np.ones((len(ids), longest), dtype=bool)",
                "The padding counts as real: the model would read it as if it were words.",
            ),
            Mistake(
                "return source, real",
                "return source, source != pad",
                "Words whose number is that of the padding were taken for padding: real is told by where the words were written, not by their numbers.",
            ),
            Mistake(
                "left = [row[~out] for row, out in zip(ids, gone)]",
                "left = [row[~np.isin(row, row[out])] for row, out in zip(ids, gone)]",
                "Every word that equals a deleted one went with it: only those at the places in `gone`.",
            ),
            Mistake(
                "return source, real",
                "return source, ~real",
                "real is turned round: True at the words, False at the padding.",
            ),
            Mistake(
                "return source, real",
                "return source, ~gone",
                "real has the places of the old texts: it tells where words stand in `source`, (B, S).",
            ),
            Mistake(
                "longest = max(len(row) for row in left)",
                "longest = max(len(row) for row in left) + 1",
                "The rows are one wider than the longest text that is left.",
            ),
            Mistake(
                "return source, real",
                "return source, real.sum(axis=1)",
                "real became the lengths of the texts: a boolean for each place is asked for, (B, S).",
            ),
            Mistake(
                "return source, real",
                "return source",
                "Only source is returned: source, real.",
            ),
            Mistake(
                "        source[i, : len(row)] = row",
                "        source[i, : len(row)] = np.sort(row)",
                "The words were sorted: they keep their order.",
            ),
            Mistake(
                "        source[i, : len(row)] = row",
                "        source[i, : len(row)] = row[::-1]",
                "The words of each text are turned round: they keep their order.",
            ),
            Mistake(
                "np.full((len(ids), longest), pad)",
                "np.zeros((len(ids), longest), int)",
                "The rows are filled with 0: with `pad`.",
            ),
        ],
        outputs=("source", "real"),
    ),
]
