"""Exercises of lesson 03: cut text into tokens.

Write what is missing, then: python -m minillm check 03
"""

Word = tuple[int, ...]
Pair = tuple[int, int]


def count_pairs(words: dict[Word, int]) -> dict[Pair, int]:
    """How often each pair of neighbours occurs, in words that occur so many times each.

    For example {(7, 8, 8, 8): 2, (7, 8): 5} gives {(7, 8): 7, (8, 8): 4}: (8, 8) stands twice in the first word, which occurs twice.
    The last number of a word and the first of another are no neighbours. Return a dict, or a Counter.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def merge(word: Word, pair: Pair, new: int) -> Word:
    """The word with the number `new` wherever the pair stands, from left to right.

    For example merge((1, 2, 3, 1, 2), (1, 2), 9) is (9, 3, 9), and merge((5, 5, 5), (5, 5), 9) is (9, 5): a number is used once.
    Returns a tuple (a list will do).

    Difficulty 2/5, about 15 minutes.
    """
    raise NotImplementedError("not written yet")


def encode(word: Word, learned: list[Pair]) -> Word:
    """Cut one word with the pairs that were learned: merge the first learned pair everywhere, then the second, and so on.

    The i-th pair becomes the number 256 + i. For example encode((1, 2, 3), [(2, 3), (1, 2)]) is (1, 256), because (2, 3) was learned first;
    and encode((1, 2, 3), [(1, 2), (256, 3)]) is (257,). Use your `merge`.

    Difficulty 1/5, about 5 minutes.
    """
    raise NotImplementedError("not written yet")
