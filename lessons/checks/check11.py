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
            Mistake(
                "    masked = hit & (dice < 0.8)\n    swapped = hit & (dice >= 0.8) & (dice < 0.9)",
                "    masked = hit & (dice >= 0.1) & (dice < 0.8)\n    swapped = hit & (dice < 0.1)",
                "Places with a die below 0.1 were swapped: these tenths lie from 0.8 to 0.9, and below 0.8 all are masked.",
            ),
            Mistake(
                "np.where(swapped, anything, ids)",
                "np.where(swapped, anything[0, 0], ids)",
                "One and the same id was swapped in everywhere: each place has its own in `anything`.",
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
            Mistake(
                "-np.log(p[places, right]).sum() / len(places)",
                "-np.log(p[places]).mean()",
                "The logs of all V probabilities went in: only that of the right id counts.",
            ),
            Mistake(
                "    gradient /= len(places)",
                "    gradient[places] /= np.arange(1, len(places) + 1)[:, None]",
                "Each row was divided by the number of places so far: all of them by the number of places asked, when that is known.",
            ),
        ],
        outputs=("loss", "gradient"),
    ),
    Exercise(
        "hide_spans",
        lambda rng: [
            (rng.integers(5, 40, size=9), np.array([True, True, False, False, True, False, True, True, True]), 100),
            (rng.integers(5, 40, size=12), rng.random(12) < 0.4, 70),
            (rng.integers(5, 40, size=6), np.array([False, True, False, True, True, False]), 50),
            (np.array([5, 6, 7, 8, 9]), np.array([False, True, True, False, True]), 100),
        ],
        [
            "Go through the words once, and keep two lists. A span begins where a word is hidden and the one before it isn't.",
            "At the beginning of a span the sentinel goes into both lists, and the next span gets the next number. A hidden word goes into the "
            "second list, any other into the first.",
            "begins = hidden & ~np.append(False, hidden[:-1]); in the loop: if begin, append the sentinel to both and add 1; after the loop: "
            "writes.append(sentinel).",
        ],
        [
            Mistake(
                "begins = hidden & ~np.append(False, hidden[:-1])",
                "begins = hidden",
                "Each hidden word got a sentinel of its own: hidden words side by side are one span, and share one.",
            ),
            Mistake(
                "begins = hidden & ~np.append(False, hidden[:-1])",
                "begins = hidden & ~np.append(True, hidden[:-1])",
                "A span at the very beginning of the text was not seen: before the first word nothing is hidden.",
            ),
            Mistake(
                "begins = hidden & ~np.append(False, hidden[:-1])",
                "begins = hidden & ~np.roll(hidden, 1)",
                "np.roll brings the last word to the front: where the first and the last word are hidden, the first span was not seen.",
            ),
            Mistake(
                "begins = hidden & ~np.append(False, hidden[:-1])",
                "begins = hidden & ~np.append(hidden[1:], False)",
                "The sentinel came at the last word of each span: it stands before the first.",
            ),
            Mistake(
                "    writes.append(sentinel)\n    return",
                "    return",
                "The last sentinel is missing: after the last span one more says that this is all.",
            ),
            Mistake(
                "            sentinel += 1\n",
                "            sentinel += 0\n",
                "All spans have the same sentinel: which words belong where could not be told. Each has the next number.",
            ),
            Mistake(
                "            sentinel += 1\n",
                "            sentinel -= 1\n",
                "The sentinels go down: the second span has first + 1.",
            ),
            Mistake(
                "            reads.append(sentinel)\n            writes.append(sentinel)\n            sentinel += 1\n",
                "            sentinel += 1\n            reads.append(sentinel)\n            writes.append(sentinel)\n",
                "The first span has the sentinel first + 1: it has `first`.",
            ),
            Mistake(
                "            reads.append(sentinel)\n            writes.append(sentinel)\n",
                "            reads.append(sentinel)\n",
                "The sentinels are missing in what it has to write: for each span its sentinel first, and then its words.",
            ),
            Mistake(
                "            reads.append(sentinel)\n            writes.append(sentinel)\n",
                "            writes.append(sentinel)\n",
                "Nothing marks the hole in what the model reads: a sentinel takes the place of each span.",
            ),
            Mistake(
                "        else:\n            reads.append(word)",
                "        reads.append(word)",
                "The hidden words are still in what the model reads: it would only have to copy them.",
            ),
            Mistake(
                "        if gone:\n            writes.append(word)\n        else:\n            reads.append(word)",
                "        writes.append(word)\n        if not gone:\n            reads.append(word)",
                "It has to write the whole text: T5 writes only what is hidden, which is cheaper.",
            ),
            Mistake(
                "        if gone:\n            writes.append(word)\n        else:\n            reads.append(word)",
                "        if not gone:\n            writes.append(word)\n        else:\n            reads.append(word)",
                "Hidden and visible words are exchanged: it reads the visible ones, and writes the hidden ones.",
            ),
            Mistake(
                "    return np.array(reads), np.array(writes)",
                "    return np.array(writes), np.array(reads)",
                "The two are exchanged: first what the model reads, then what it has to write.",
            ),
            Mistake(
                "    writes.append(sentinel)\n    return",
                "    writes.append(first)\n    return",
                "The text ends with the first sentinel: the end is the next number after the last span's.",
            ),
            Mistake(
                "    writes.append(sentinel)\n    return",
                "    writes.append(sentinel)\n    reads.append(sentinel)\n    return",
                "The last sentinel stands in what the model reads as well: there it marks no hole.",
            ),
            Mistake(
                "    writes.append(sentinel)\n    return",
                "    writes.append(IGNORE)\n    return",
                "The text ends with IGNORE: the end is a sentinel, which the model has to write too.",
            ),
            Mistake(
                "    return np.array(reads), np.array(writes)",
                "    return np.array(reads)",
                "Only what the model reads is returned: reads, writes.",
            ),
            Mistake(
                "            sentinel += 1\n        if gone:\n            writes.append(word)\n",
                "        if gone:\n            writes.append(word)\n            sentinel += 1\n",
                "The sentinel's number went up with each hidden word: with each span.",
            ),
        ],
        outputs=("reads", "writes"),
    ),
]
