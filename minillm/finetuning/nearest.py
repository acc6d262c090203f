"""Which of many texts is nearest to another, by the words that they share: a baseline that knows no grammar and writes nothing new."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from minillm.text.basic import BasicTokenizer


class NearestText:
    """The text with the largest cosine to a query, both as vectors that have log(N/n) for each word of theirs, n of N texts having it."""

    def __init__(self, texts: Sequence[str]):
        self._words = BasicTokenizer()
        found = [set(self._words.words(text)) for text in texts]
        counts = Counter(word for words in found for word in words)
        self._rarity = {word: math.log(len(texts) / count) for word, count in counts.items()}
        self._lengths = np.array([1e-9 + math.sqrt(sum(self._rarity[w] ** 2 for w in words)) for words in found])
        self._with_word: dict[str, list[int]] = {}
        for place, words in enumerate(found):
            for word in words:
                self._with_word.setdefault(word, []).append(place)

    def place(self, query: str) -> int:
        """Of several that are as near, the first; so of a query without a word that any has."""
        cosines = np.zeros(len(self._lengths))
        for word in sorted(set(self._words.words(query)) & self._rarity.keys()):
            cosines[self._with_word[word]] += self._rarity[word] ** 2
        return int((cosines / self._lengths).argmax())
