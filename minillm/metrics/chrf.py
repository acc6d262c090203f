"""chrF: like BLEU, but of characters, with recall as well as precision."""

from collections.abc import Sequence

import numpy as np

from minillm.metrics.metric import Metric
from minillm.metrics.tokenization import ngrams

PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
CHARACTERS = 6  # the longest n-grams of characters
BETA = 2  # recall counts twice as much as precision


class ChrF(Metric):
    """chrF of a corpus, from 0 to 100; with word_order=2, chrF++. Popović 2015, 2017; equal to sacrebleu.

        chrF = 100 (1 + β²) P R / (β² P + R)        β = 2

    P is the share of the answers' n-grams that the reference has, R that of the reference's that the answers have: each the mean over
    n = 1 to 6 characters, white space left out, and 1 to `word_order` words. An order that is longer than the answers or the references is
    left out. Of several references the one with the largest chrF counts.
    """

    def __init__(self, word_order: int = 0, *, lowercase: bool = False):
        self.word_order, self.lowercase = word_order, lowercase
        self.name = f"chrF{BETA}" + "+" * word_order
        case = "lc" if lowercase else "mixed"
        self.settings = f"case:{case}|eff:yes|nc:{CHARACTERS}|nw:{word_order}|space:no"

    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """For each order the answer's n-grams, the reference's, and those of both. Where the reference is too short for one, the
        answer's n-grams are left out as well."""
        ours = self.all_ngrams(answer)
        candidates = []
        for reference in references:
            statistics = []
            for mine, others in zip(ours, self.all_ngrams(reference), strict=True):
                statistics += [mine.total() if others else 0, others.total(), (mine & others).total()]
            candidates.append(statistics)
        return max(candidates, key=lambda statistics: self.score(np.array(statistics)))

    def score(self, total: np.ndarray) -> float:
        counts = np.reshape(total, (-1, 3))
        ours, others, both = counts[(counts[:, :2] > 0).all(axis=1)].T
        if not both.any():
            return 0.0
        precision, recall = (both / ours).mean(), (both / others).mean()
        return float(100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall))

    def all_ngrams(self, text: str) -> list:
        text = text.lower() if self.lowercase else text
        words = [part for word in text.split() for part in without_its_mark(word)]
        return [
            *(ngrams("".join(text.split()), n) for n in range(1, CHARACTERS + 1)),
            *(ngrams(words, n) for n in range(1, self.word_order + 1)),
        ]


def without_its_mark(word: str) -> tuple[str, ...]:
    """A punctuation mark at the end of a word is a word of its own, or else one at its beginning; never both."""
    if len(word) > 1 and word[-1] in PUNCTUATION:
        return word[:-1], word[-1]
    if len(word) > 1 and word[0] in PUNCTUATION:
        return word[0], word[1:]
    return (word,)
