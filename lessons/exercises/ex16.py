"""Exercises of lesson 16: summarise.

Write what is missing, then: python -m minillm check 16
"""

import math
from collections import Counter

from minillm.metrics import Rouge


def rouge_s(summary: list[str], reference: list[str], gap: int) -> tuple[float, float, float]:
    """How many pairs of words two texts have in common -> precision, recall and F, each from 0 to 1. This is ROUGE-S (Lin 2004, section 5).

    A pair is two words of one text, in its order, between which stand at most `gap` others. With a gap of 0 the pairs are those of ROUGE-2.
    As in ROUGE-2, a pair counts as often as both texts have it. A share of nothing is 0.0, and so is F where nothing is in common.
    For example ["reds", "beat", "owls"] and ["reds", "outplay", "owls"] have three pairs each with a gap of 1, and one, reds owls, in
    common: (1/3, 1/3, 1/3).

    Difficulty 2/5, about 10 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


def winners(totals: list[float], lengths: list[int]) -> list[tuple[int, float]]:
    """Which summary a length penalty prefers, and from which exponent α on, as α grows from 0.

    totals: the log-probability of each summary, below 0; lengths: how many tokens each has. The one with the highest total / length ** α
    wins. As α grows, another one wins, and another; and some may never do.
    Returns (index, α) of each that wins, in the order in which they do, with the exact α from which on it does: 0.0 for the first.
    For example totals [-2, -3] and lengths [4, 8] give [(0, 0.0), (1, 0.585)]: -2 / 4 ** α is -3 / 8 ** α where 2 ** α is 1.5.
    No two have the same total, no two the same length, and no three meet at one α.

    Difficulty 4/5, about 25 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


REFERENCE = "lions beat hawks 3 to 2 , carl decides"
CASES = {
    "capitals and a full stop": "Lions beat Hawks 3 to 2. Carl decides!",
    "another score": "lions beat hawks 3 to 1 , carl decides",
    "the losers win": "hawks beat lions 3 to 2 , carl decides",
    "a denial": "lions did not beat hawks 3 to 2 , carl decides",
    "in other words": "with his late goal carl wins a close match for the lions",
    "in the singular": "a lion defeated a hawk",
    "said twice": "lions beat hawks 3 to 2 , carl decides . lions beat hawks 3 to 2 , carl decides",
    "turned round": "decides carl , 2 to 3 hawks beat lions",
}


def predict(case: str) -> str:
    """Predict, then run: what ROUGE-L does a summary get?

    The summaries are those in CASES, and the reference is "lions beat hawks 3 to 2 , carl decides". What you say of the F of each is one of
        "100"       nothing is missing, and nothing too much
        "above 80"  80 % or more, but not 100
        "above 50"  50 % or more, but less than 80
        "below 50"  less than 50 %, but not 0
        "0"         no word in common
    Write down all eight before you run anything. Then run this file: it asks the library.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def try_out(case: str) -> str:
    """What ROUGE-L gives: one of the five."""
    f = Rouge("L").sentence_score(CASES[case], [REFERENCE])
    bounds = {"100": 100, "above 80": 80, "above 50": 50, "below 50": 1e-9, "0": 0}
    return next(name for name, least in bounds.items() if f >= least)


if __name__ == "__main__":
    for case in CASES:
        print(f"{case:<26} you: {predict(case):<9} it is: {try_out(case)}")
