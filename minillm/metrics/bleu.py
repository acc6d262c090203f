"""BLEU: how many of the answer's word sequences are the reference's."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from minillm.metrics.metric import Metric
from minillm.metrics.tokenization import ngrams, tokenizer_named

ORDER = 4


class BLEU(Metric):
    """BLEU of a corpus, from 0 to 100. Papineni et al. 2002; equal to sacrebleu (Post 2018) with smoothing `exp`.

        BLEU = 100 bp exp(1/4 Σ_n log p_n)        n = 1, 2, 3, 4
        p_n  = n-grams of the answers that a reference has / n-grams of the answers
        bp   = exp(1 - r/c) where the answers' length c is below the references' r, else 1

    An n-gram counts at most as often as it stands in one reference. r is the length of the reference that is nearest to the answer, of two
    as near the shorter one. Where no n-gram of an order is found, the first such p_n has 1/2 in its numerator, the second 1/4 ... (Chen &
    Cherry 2014, method 3); where none is found of any order, or the answers have no sequence of 4 words, BLEU is 0.

    tokenize: 13a, zh, char, none (white space).
    effective_order leaves out the orders that are longer than the answers, for single sentences: `sentence_score` does so.
    """

    name = "BLEU"

    def __init__(self, tokenize: str = "13a", *, lowercase: bool = False, effective_order: bool = False):
        self._words = tokenizer_named(tokenize)
        self.lowercase, self.effective_order = lowercase, effective_order
        case, eff = "lc" if lowercase else "mixed", "yes" if effective_order else "no"
        self.settings = f"case:{case}|eff:{eff}|tok:{tokenize}|smooth:exp"

    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """The answer's length, the reference's, the n-grams found for n = 1 to 4, and all of the answer for n = 1 to 4."""
        words, others = self.words(answer), [self.words(reference) for reference in references]
        nearest = min((len(other) for other in others), key=lambda length: (abs(length - len(words)), length))
        found = []
        for n in range(1, ORDER + 1):
            most: Counter = Counter()  # of each n-gram in any reference
            for other in others:
                most |= ngrams(other, n)
            found.append((ngrams(words, n) & most).total())
        return [len(words), nearest, *found, *(max(len(words) - n, 0) for n in range(ORDER))]

    def score(self, total: np.ndarray) -> float:
        return self._score(total, self.effective_order)

    def sentence_score(self, answer: str, references: Sequence[str]) -> float:
        return self._score(np.array(self.statistics(answer, references), float), effective_order=True)

    def words(self, text: str) -> list[str]:
        return self._words(text.lower() if self.lowercase else text)

    @staticmethod
    def _score(total: np.ndarray, effective_order: bool) -> float:
        length, reference, found, of = total[0], total[1], total[2 : 2 + ORDER], total[2 + ORDER :]
        orders = np.count_nonzero(of)
        if not found.any() or (orders < ORDER and not effective_order):
            return 0.0
        logs, smoothed = [], 1.0
        for matches, count in zip(found[:orders], of[:orders], strict=True):
            if not matches:
                smoothed /= 2
            logs.append(math.log((matches or smoothed) / count))
        penalty = min(0.0, 1 - reference / length)
        return 100 * math.exp(penalty + sum(logs) / len(logs))
