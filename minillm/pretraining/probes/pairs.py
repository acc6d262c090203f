"""What a probe is made of."""

from typing import NamedTuple


class SentencePair(NamedTuple):
    """Two sentences that differ in whom they speak of."""

    more: str  # the one that says what the stereotype says
    less: str
    group: str  # what the pair is about: scores are given for each group, too
    line: int  # of the file, where the first of the two stands
