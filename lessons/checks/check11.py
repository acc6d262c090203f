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


EXERCISES = [
    Exercise(
        "mask_words",
        lambda rng: [damage(rng, 4, 8), damage(rng, 6, 12)],
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
        ],
        outputs=("reads", "asked"),
    ),
    Exercise(
        "masked_loss",
        lambda rng: [
            answers(rng, 6, 5, [-100, 3, -100, 0, 3, -100]),
            answers(rng, 3, 4, [2, -100, 1]),
            answers(rng, 5, 150, [-100, 149, 0, -100, 7]),
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
        ],
        outputs=("loss", "gradient"),
    ),
    Exercise(
        "delete_words",
        lambda rng: [
            (
                np.array([[5, 6, 7, 8, 9, 4], [5, 9, 7, 8, 6, 4], [8, 7, 6, 9, 5, 4]]),
                np.array([[0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 1], [1, 0, 0, 1, 0, 0]], dtype=bool),
                0,
            ),
            (rng.integers(10, 40, size=(5, 9)), rng.random((5, 9)) < 0.4, 3),
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
        ],
        outputs=("source", "real"),
    ),
]
