"""Byte-level byte-pair encoding: frequent words become one token, and no text is out of reach.

The merges are those of Sennrich, Haddow & Birch 2016; that they start from bytes, and stay inside a word and the space before
it, is GPT-2's way (Radford et al. 2019, section 2.2).
"""

import re
from collections import Counter
from collections.abc import Iterable

from minillm.text.added_tokens import AddedToken
from minillm.text.byte_level import ByteLevelTokenizer
from minillm.text.characters import check_text
from minillm.text.merging import FIRST_MERGE, Pair, learn_merges
from minillm.text.special_tokens import check_special_tokens, special_tokens_of

# A contraction's ending, a word, a number, punctuation, each but the first with the space before it; or white space, of which
# the last character is left to what follows. Every character is in one of them. No match is longer than 64
# characters and a space, so that a text without breaks gives no endless tokens.
WORD = re.compile(
    r"'(?:[sdmt]|ll|re|ve)| ?[^\W\d]{1,64}| ?\d{1,64}| ?[^\w\s]{1,64}|\s{1,64}(?!\S)|\s{1,64}",
)
LONGEST_TOKEN = 1 + 64 * 4  # in bytes; UTF-8 takes at most 4 for a character


class BPETokenizer(ByteLevelTokenizer):
    """Ids 0 to 255 are the bytes; id 256 + i is the i-th merge, a pair of earlier ids joined; special tokens come after those."""

    def __init__(self, merges: Iterable[Pair], special_tokens: Iterable[str] = ()):
        self.merges = list(merges)
        tokens = [bytes([i]) for i in range(FIRST_MERGE)]
        for i, (first, second) in enumerate(self.merges):
            if not (0 <= first < len(tokens) and 0 <= second < len(tokens)):
                raise ValueError(
                    f"merge {i} joins {first} and {second}: both must be ids before its own, {len(tokens)}"
                )
            token = tokens[first] + tokens[second]
            if len(token) > LONGEST_TOKEN:
                raise ValueError(f"merge {i} makes a token of {len(token)} bytes, and {LONGEST_TOKEN} is the most")
            tokens.append(token)
        if len(set(self.merges)) < len(self.merges):
            raise ValueError("a merge is there twice")
        special = check_special_tokens(special_tokens)
        super().__init__(
            dict(enumerate(tokens)),
            byte_ids=range(FIRST_MERGE),
            merges=self.merges,
            joined=range(FIRST_MERGE, len(tokens)),
            words=WORD,
            added_tokens={AddedToken(token): len(tokens) + i for i, token in enumerate(special)},
        )

    @classmethod
    def train(cls, text: str, merges: int, special_tokens: Iterable[str] = ()) -> "BPETokenizer":
        """Learn so many merges from a text, or fewer if no pair is left that occurs twice."""
        check_text(text)
        counts = Counter(match.group() for match in WORD.finditer(text))
        learnt = learn_merges({word.encode("utf-8"): count for word, count in counts.items()}, merges)
        return cls(learnt, special_tokens)

    def to_json(self) -> dict:
        data = {"type": "bpe", "merges": [list(pair) for pair in self.merges]}
        return data | {"special_tokens": [token.content for token in self.added_tokens]} if self.added_tokens else data

    @classmethod
    def from_json(cls, data: dict) -> "BPETokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        merges = data.get("merges")
        if not isinstance(merges, list) or not all(_is_pair(pair) for pair in merges):
            raise ValueError('"merges" must be a list of pairs of ids')
        return cls((tuple(pair) for pair in merges), special_tokens_of(data))


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(type(i) is int for i in pair)
