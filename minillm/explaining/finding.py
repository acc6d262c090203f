"""What an explanation consists of."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One likely cause of a run that went wrong. Options stand in backticks, as in the library's messages, and no other words of code."""

    name: str  # of the rule that found it
    cause: str
    evidence: tuple[str, ...]  # the numbers that led to it
    remedy: str


class Explanation(NamedTuple):
    """What is to be said of a run."""

    summary: tuple[str, ...]  # how far it came, and where its loss stands
    finding: Finding | None  # None: nothing unusual
    looked_at: tuple[str, ...]
    not_looked_at: tuple[str, ...]  # each with its reason
