"""ROUGE: how much of the reference is in the answer, for summaries."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import check_known
from minillm.metrics.metric import Mean
from minillm.metrics.tokenization import ngrams, tokenizer_named


class Overlap(NamedTuple):
    """What two texts have in common, as shares from 0 to 1."""

    precision: float  # of the answer
    recall: float  # of the reference
    f1: float  # 2 P R / (P + R)


class Rouge(Mean):
    """ROUGE-1, ROUGE-2 or ROUGE-L: the mean of F1 over the answers, from 0 to 100. Lin 2004; equal to rouge_score without its stemmer.

        P = common / of the answer        R = common / of the reference        F1 = 2 P R / (P + R)

    What is counted are words (kind "1"), pairs of neighbouring words ("2"), or the words of a longest common subsequence, in which others
    may stand between ("L"). Of several references the one with the largest F1 counts.

    tokenize: `alphanumeric` reads English alone; for Chinese take `zh` or `char`.
    """

    def __init__(self, kind: str = "L", tokenize: str = "alphanumeric"):
        check_known([kind], ("1", "2", "L"), "kind of ROUGE")
        self.kind, self._words = kind, tokenizer_named(tokenize)
        self.name = f"ROUGE-{kind}"
        self.settings = f"tok:{tokenize}|stem:no"

    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """F1, precision, recall, and 1."""
        best = self.overlap(answer, references)
        return [best.f1, best.precision, best.recall, 1]

    def means(self, total: np.ndarray) -> Overlap:
        """The means over a corpus, as shares, from the sum of its answers' statistics."""
        f1, precision, recall = (float(each) for each in total[:3] / total[3])
        return Overlap(precision, recall, f1)

    def overlap(self, answer: str, references: Sequence[str]) -> Overlap:
        """Of one answer."""
        words = self._words(answer)
        return max((self._overlap(words, self._words(each)) for each in references), key=lambda each: each.f1)

    def _overlap(self, answer: list[str], reference: list[str]) -> Overlap:
        if self.kind == "L":
            return shares(longest_common_subsequence(answer, reference), len(answer), len(reference))
        n = int(self.kind)
        ours, theirs = ngrams(answer, n), ngrams(reference, n)
        return shares((ours & theirs).total(), ours.total(), theirs.total())


def shares(common: int, ours: int, theirs: int) -> Overlap:
    if not common:
        return Overlap(0.0, 0.0, 0.0)
    precision, recall = common / ours, common / theirs
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall))


def longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Its length, row by row of the table

    L[i, j] = max(L[i-1, j], L[i, j-1], L[i-1, j-1] + (first[i] = second[j]))
    """
    number = {word: i for i, word in enumerate(dict.fromkeys([*first, *second]))}
    columns = np.array([number[word] for word in second], np.int64)
    row = np.zeros(len(second) + 1, np.int64)
    for word in first:
        row[1:] = np.maximum.accumulate(np.maximum(row[1:], row[:-1] + (columns == number[word])))
    return int(row[-1])
