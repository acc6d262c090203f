"""Checks of lesson 01."""

import numpy as np

from minillm.course import Exercise, Mistake

EXERCISES = [
    Exercise(
        "bigram_probabilities",
        lambda rng: [
            (np.array([[0.0, 6, 2, 1], [5, 0, 0, 0], [1, 1, 0, 2], [0, 0, 0, 0]]), 0.5),
            (rng.integers(0, 9, (5, 5)).astype(float), 0.1),
            (np.array([[3.0, 1], [0, 0]]), 1.0),
        ],
        [
            "First add alpha to every count. What must each row then be divided by, to sum to one?",
            "A row's sum must contain the alphas too: sum after adding. keepdims=True makes (V, 1), which divides row by row.",
            "raised = counts + alpha, then raised / raised.sum(axis=1, keepdims=True)",
        ],
        [
            Mistake(
                "raised.sum(axis=1, keepdims=True)",
                "raised.sum(axis=0)",
                "You divided by the sums of the columns: now the columns sum to one, and a row is no distribution.",
            ),
            Mistake(
                "raised.sum(axis=1, keepdims=True)",
                "raised.sum(axis=1)",
                "The sums of the rows were laid across the columns: keepdims=True keeps them beside their rows.",
            ),
            Mistake(
                "raised.sum(axis=1, keepdims=True)",
                "raised.sum()",
                "The whole table sums to one, not each row: these are the probabilities of pairs, not of the next word.",
            ),
            Mistake(
                "raised.sum(axis=1, keepdims=True)",
                "(counts.sum(axis=1, keepdims=True) + alpha)",
                "Alpha was added once to the sum of a row, but V times to its counts: the rows sum to more than one.",
            ),
            Mistake(
                "counts + alpha",
                "counts",
                "Alpha was left out: a pair that was never seen is impossible, and a word that was never seen gives 0 / 0.",
            ),
            Mistake(
                "raised.sum(axis=1, keepdims=True)",
                "counts.sum(axis=1, keepdims=True)",
                "Alpha is in the counts and not in the sums of the rows: a row sums to more than one. Sum after adding.",
            ),
            Mistake(
                "counts + alpha",
                "np.where(counts == 0, alpha, counts)",
                "Alpha was put in place of the zeros only: it is added to every count.",
            ),
            Mistake(
                "return raised / raised.sum(axis=1, keepdims=True)",
                "return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) + alpha",
                "Alpha was added to the probabilities: it is added to the counts, and then each row is divided by its sum.",
            ),
            Mistake(
                "counts + alpha",
                "counts + alpha / len(counts)",
                "Alpha was divided among the words of a row: every count gets the whole of it.",
            ),
            Mistake(
                "raised / raised.sum(axis=1, keepdims=True)",
                "np.exp(raised) / np.exp(raised).sum(axis=1, keepdims=True)",
                "That is a softmax: counts are divided by their sum as they are, without exp.",
            ),
            Mistake(
                "raised / raised.sum(axis=1, keepdims=True)",
                "np.log(raised / raised.sum(axis=1, keepdims=True))",
                "These are the logarithms of the probabilities: leave out the log.",
            ),
            Mistake(
                "counts + alpha",
                "counts.T + alpha",
                "The counts were turned round: row i belongs to the word before, and says what came after it.",
            ),
            Mistake(
                "raised = counts + alpha",
                "raised = np.exp(counts) + alpha",
                "There is an exp of the counts: they are no logits. Add alpha to the counts themselves.",
            ),
        ],
    ),
    Exercise(
        "perplexity",
        lambda rng: [
            (np.full(4, 1 / 6),),
            (np.array([0.5, 0.25, 0.125]),),
            (rng.uniform(0.05, 0.9, 20),),
            (np.full(2000, 0.25),),
        ],
        [
            "Work from the inside out: the logarithm of each probability, its negative, the mean, exp.",
            "np.log is the natural logarithm ln; np.exp undoes it. Take the mean of the logarithms, not of the probabilities.",
            "np.exp(-np.log(p).mean())",
        ],
        [
            Mistake("np.exp(-np.log(p).mean())", "-np.log(p).mean()", "That is the cross-entropy: the exp is missing."),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-np.log(p).sum())",
                "You summed over the words: the longer the text, the worse it looks. Take the mean.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(np.log(p).mean())",
                "The minus sign is missing: that is one over the perplexity.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "1 / p.mean()",
                "That is one over the mean probability. The logarithm comes first: one word that was thought impossible must spoil it all.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "(1 / p).mean()",
                "That is the mean of 1 / p; the mean is taken of the logarithms.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-np.log2(p).mean())",
                "log2 and exp do not undo each other: use ln with exp, or log2 with 2**.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "2 ** (-np.log(p).mean())",
                "2** undoes log2, and exp undoes ln: np.exp belongs to np.log.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-p.mean())",
                "The logarithm is missing: take the mean of ln p, not of p.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.prod(p) ** (-1 / len(p))",
                "Right for a few words; but the product of some hundreds of probabilities is too small for float64 and becomes 0. Add logarithms.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-(p * np.log(p)).sum())",
                "That is the exp of an entropy, as if p were one distribution. These are the probabilities of N words: a plain mean of ln p.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-(p * np.log(p)).mean())",
                "Each ln p was weighted with p once more: every word of the text counts the same.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-np.median(np.log(p)))",
                "That is the median of the logarithms: take their mean.",
            ),
            Mistake(
                "np.exp(-np.log(p).mean())",
                "np.exp(-np.log(p).sum() / (len(p) - 1))",
                "You divided by N - 1: there are N words.",
            ),
            Mistake(
                "-np.log(p).mean()",
                "-np.log(p[1:]).sum() / len(p)",
                "The first word is left out of the sum: Python counts from 0.",
            ),
            Mistake(
                "-np.log(p).mean()",
                "-np.log(p[:-1]).sum() / len(p)",
                "The last word is left out of the sum: range(len(p)) ends before len(p) by itself.",
            ),
            Mistake(
                "float(np.exp(-np.log(p).mean()))",
                "len(p) / (1 / p).sum()",
                "That is the harmonic mean of p: the mean is taken of the logarithms, -np.log(p).",
            ),
            Mistake(
                "np.log(p)",
                "np.log1p(p)",
                "np.log1p(p) is the logarithm of 1 + p: np.log.",
            ),
        ],
    ),
    Exercise(
        "next_word",
        lambda rng: [
            *((np.array([0.2, 0.5, 0.3]), u) for u in (0.1, 0.0, 0.25, 0.69, 0.75, 0.999)),
            *((np.array([0.5, 0.25, 0.25]), u) for u in (0.5, 0.75, 0.25)),
            *((rng.dirichlet(np.ones(6)), float(rng.random())) for _ in range(20)),
            (np.full(10, 0.1), 1 - 2**-53),  # these ten add up to 1 - 2**-53 as well
        ],
        [
            "Where does each word end on the line? np.cumsum(p) tells.",
            "Count the words that end at u or before it. The next one is the word on which u falls.",
            "min(int(np.sum(np.cumsum(p) <= u)), len(p) - 1)",
        ],
        [
            Mistake(
                "np.sum(right_ends <= u)",
                "np.sum(right_ends < u)",
                "Almost: where u is exactly the border of two words, it belongs to the word on its right.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "np.sum(right_ends <= u) - 1",
                "One word too far to the left: if no word ends before u, u is on word 0.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "np.argmax(p)",
                "You returned the likeliest word whatever u is: it would write the same text every time.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "np.sum(p <= u)",
                "You compared u with the probabilities themselves, not with the places where the words end.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "u * len(p)",
                "Every word got the same width on the line: the probabilities were not used.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "np.sum(right_ends <= u) + 1",
                "One word too far to the right: the words are numbered from 0.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "next((i for i, width in enumerate(p) if u < width), len(p) - 1)",
                "You compared u with the width of each word alone. A word ends where the widths up to it, added up, end.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "right_ends[min(int(np.sum(right_ends <= u)), len(p) - 1)]",
                "That is a place on the line: return the number of the word that lies there.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "int(np.sum(right_ends <= u))",
                "Right but for rounding: where the widths add up to 0.9999999999999999 and u is as large, you return V, and there is no such word. Stop at the last.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "int(np.argmax(right_ends > u))",
                "Right but for rounding: where u is beyond the last end, nothing is True, and np.argmax says 0. That u is on the last word.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "int(np.argmin(np.abs(p - u)))",
                "You looked for the probability that is nearest to u. The words lie side by side on a line: where do they end?",
            ),
            Mistake(
                "np.cumsum(p)",
                "np.cumsum(np.sort(p)[::-1])",
                "The words were sorted by their probability first: then a place in the row is no longer the number of the word.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "min(int(np.sum(1 - right_ends > u)), len(p) - 1)",
                "The line was read from its right end: word 0 lies at the left, from 0 on.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "round(u * (len(p) - 1))",
                "u was spread evenly over the numbers of the words: a word is as wide as its probability.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "np.sum(right_ends - p < u) - 1",
                "Almost: where u is exactly the left end of a word, it belongs to that word. Count the left ends with <=.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "p[min(int(np.sum(right_ends <= u)), len(p) - 1)]",
                "That is the probability of the word: its number is asked for.",
            ),
            Mistake(
                "np.sum(right_ends <= u)",
                "np.sum(right_ends[1:] - p[0] <= u) + 1",
                "Word 0 is never drawn: Python counts from 0, and so do the words.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "int(np.argmax(np.append(0, right_ends[1:] - p[0]) > u))",
                "Word 0 was left out of the sum: Python counts from 0, and so do the words.",
            ),
            Mistake(
                "min(int(np.sum(right_ends <= u)), len(p) - 1)",
                "len(p) - 1 - int(np.sum(np.cumsum(p[::-1]) <= u))",
                "The words were laid in reversed order: word 0 comes first, on the left.",
            ),
        ],
    ),
]
