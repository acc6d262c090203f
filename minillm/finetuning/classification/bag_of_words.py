"""The baseline to beat: a bag of words and a logistic regression, which knows no order, no context and no other text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from minillm.ops import softmax
from minillm.text.basic import BasicTokenizer

RARE = 2  # a feature of fewer texts is left out
STEPS, LR = 60, 0.3  # from 60 to 200 steps the loss falls by less than 0.1 %
BETA1, BETA2 = 0.9, 0.99


class Sparse(NamedTuple):
    """What of a matrix with `count` rows is not zero: the row, the column and the value of each entry."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    count: int


class BagOfWords:
    """p(class | text) = softmax(x W + b), with W and b at the minimum of the mean of -log p(label | text) plus λ/2 |W|².

    x has a number for every word and every pair of neighbouring words: log(N/n) if the text has it, with n how many of the N training
    texts do, else 0; and x is scaled to length one. Wang & Manning 2012 show how strong such a thing is on short texts. Words are in
    lower case; punctuation marks and Chinese characters are words too. λ is 1/(2N) if not given.
    """

    def __init__(self, texts: Sequence[str], labels: np.ndarray, classes: int, l2: float | None = None):
        self._words = BasicTokenizer()
        found = [self.features(text) for text in texts]
        counts = Counter(feature for features in found for feature in features)
        features = [feature for feature, count in counts.items() if count >= RARE]
        self.number = {feature: i for i, feature in enumerate(features)}
        self.rarity = np.log(len(texts) / np.array([counts[feature] for feature in features], float))
        self.weight = np.zeros((len(features), classes))
        self.bias = np.zeros(classes)
        self._fit(self._sparse(found), np.eye(classes)[labels], 1 / (2 * len(texts)) if l2 is None else l2)

    def features(self, text: str) -> list:
        """Its words and pairs of words, each once, in the order of the text: sums then come out the same every time."""
        words = self._words.words(text)
        return list(dict.fromkeys([*words, *pairwise(words)]))

    def probabilities(self, texts: Iterable[str]) -> np.ndarray:
        """(N, C)"""
        return self._forward(self._sparse([self.features(text) for text in texts]))

    def _sparse(self, found: Sequence[list]) -> Sparse:
        known = [[self.number[feature] for feature in features if feature in self.number] for features in found]
        rows = np.repeat(np.arange(len(known)), [len(columns) for columns in known])
        columns = np.array([column for columns in known for column in columns], np.int64)
        values = self.rarity[columns]
        lengths = np.sqrt(np.bincount(rows, values * values, len(known)))
        return Sparse(rows, columns, values / np.maximum(lengths, 1e-9)[rows], len(known))

    def _forward(self, x: Sparse) -> np.ndarray:
        columns = (np.bincount(x.rows, x.values * w[x.columns], x.count) for w in self.weight.T)
        return softmax(np.stack([*columns], axis=1) + self.bias)[0]

    def _fit(self, x: Sparse, truth: np.ndarray, l2: float) -> None:
        """Adam (Kingma & Ba 2015, algorithm 1) on all texts at once, more slowly towards the end. The loss has one valley only."""
        first, second = np.zeros_like(self.weight), np.zeros_like(self.weight)
        for step in range(STEPS):
            dlogits = (self._forward(x) - truth) / x.count  # loss = mean -log p
            columns = [np.bincount(x.columns, x.values * d[x.rows], len(self.weight)) for d in dlogits.T]
            dweight = np.stack(columns, axis=1) + l2 * self.weight  # logits = x W + b; and λ/2 |W|²
            first += (1 - BETA1) * (dweight - first)
            second += (1 - BETA2) * (dweight * dweight - second)
            size = np.sqrt(second / (1 - BETA2 ** (step + 1))) + 1e-12
            self.weight -= LR * (1 - step / STEPS) * first / (1 - BETA1 ** (step + 1)) / size
            self.bias -= 2 * dlogits.sum(axis=0)  # the loss curves by at most 1/2 along b: Böhning 1992
