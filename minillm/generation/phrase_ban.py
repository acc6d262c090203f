"""Words and phrases that never come: a ban on text, whatever the tokens that could make it up."""

from collections.abc import Sequence

import numpy as np

from minillm.errors import InputError
from minillm.text import Tokenizer

UNFINISHED = "\ufffd"  # what the first bytes of a character decode to, as long as the others are missing


class PhraseBan:
    """Forbids every token with which the text would come to hold one of the phrases.

    A phrase can be cut into tokens in many ways, and a token may hold its end and more. So it is looked for in the text that tokens decode
    to: a token is forbidden if it goes on from a beginning of the phrase, of any length, at the end of the text, to the phrase's end.
    """

    def __init__(self, phrases: Sequence[str], tokenizer: Tokenizer):
        if "" in phrases:
            raise InputError("A banned phrase is empty.", "Give it at least one character, or leave it out.")
        self.phrases, self.tokenizer = list(phrases), tokenizer
        pieces = [tokenizer.decode([token], special=False) for token in range(tokenizer.vocab_size)]
        # for each phrase and each i: the tokens that complete it when its first i characters stand at the end of the text
        self._completes = [
            [
                np.array([phrase in piece if i == 0 else piece.startswith(phrase[i:]) for piece in pieces])
                for i in range(len(phrase))
            ]
            for phrase in phrases
        ]
        self._unfinished = [token for token, piece in enumerate(pieces) if UNFINISHED in piece]
        self._longest = 4 * max(map(len, phrases))  # tokens: a character is at most four bytes

    def forbidden(self, text: np.ndarray) -> np.ndarray:
        """text (B, T) -> boolean (B, V)."""
        return np.array([self._forbidden(row[-self._longest :]) for row in text])

    def _forbidden(self, end: np.ndarray) -> np.ndarray:
        before = self.tokenizer.decode(end, special=False)
        found = np.zeros(self.tokenizer.vocab_size, bool)
        for phrase, completes in zip(self.phrases, self._completes, strict=True):
            for i, tokens in enumerate(completes):
                if before.endswith(phrase[:i]):
                    found |= tokens
        for token in self._unfinished:
            after = self.tokenizer.decode(np.append(end, token), special=False)
            found[token] |= any(after.count(phrase) > before.count(phrase) for phrase in self.phrases)
        return found
