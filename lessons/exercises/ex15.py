"""Exercises of lesson 15: answer questions.

Write what is missing, then: python -m minillm check 15
"""

from collections.abc import Callable

import numpy as np

from minillm.metrics import AnswerF1, ExactMatch


def best_span(scores: np.ndarray, passage: np.ndarray, longest: int) -> tuple[int, int]:
    """The first and last place of the answer in a text, or (0, 0) if the passage has none.

    scores (2, T): how well each place fits as start, and as end; passage (T,), boolean: which places are the passage's, at least one. The
    others are [CLS], at place 0, the question, [SEP] and padding.
    Of all spans of the passage with start <= end and at most `longest` tokens, the one with the highest start + end. But where the start +
    end of [CLS] is higher than that, it is (0, 0): so BERT says that there is no answer (Devlin et al. 2019, section 4.3).
    For example scores [[1, 9, 0, 5, 0], [1, 9, 4, 3, 1]], passage [False, False, True, True, True] and longest 2 give (3, 3); with 5 in
    place of both 1 at [CLS] they give (0, 0).
    No two spans have the same sum. Where [CLS] has the sum of the best span, the span counts.

    Difficulty 3/5, about 15 minutes.
    """
    raise NotImplementedError("not written yet")


def answer_in_windows(
    read: Callable[[int, int], tuple[int, int, float, float]], length: int, size: int, longest: int
) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """The answer in a passage that is too long to be read at once, and the windows in which it was read.

    length: of the passage, in tokens; size: how many of them are read at once; longest: how many an answer may have, size at most.
    The first window begins at token 0, and each further one as far to the right as it can, if every span of at most `longest` tokens shall
    lie whole in some window. A window has `size` tokens, or fewer where the passage ends. The one that reaches its end is the last.
    read(start, stop) reads the tokens from start to stop - 1 -> first, last, total, none: the best span in them, its two places counted
    from 0 within the window; its start + end; and the start + end of [CLS].
    Returns windows, a list of (start, stop), left to right; and span: of all windows' spans the one with the highest total, its two places
    counted from 0 within the passage. It is (-1, -1) where [CLS] is higher than this highest total in every window, its own or not.
    For example length 9, size 5 and longest 3 give the windows (0, 5), (3, 8) and (6, 9).
    Two windows have the same total only where both found the same span.

    Difficulty 4/5, about 20 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


CASES = {  # an answer, and the reference with which it is compared
    "a capital and a full stop": ("The Harbour.", "the harbour"),
    "a letter that is an article": ("vitamin A", "vitamin"),
    "hyphens": ("two-year-old", "two year old"),
    "turned round": ("Rome and Paris", "Paris and Rome"),
    "the opposite": ("not at noon", "at noon"),
    "the whole sentence": ("At noon, a blue vase was found by Emil.", "a blue vase"),
    "another word": ("midday", "noon"),
    "said four times": ("Paris, Paris, Paris, Paris", "Paris"),
}


def predict(case: str) -> str:
    """Predict, then run: what do SQuAD's measures give to an answer?

    The cases are those in CASES. Before they are compared, answer and reference are put into lower case, and lose their ASCII punctuation
    and the words a, an and the. Exact match asks whether the words are the same then, F1 counts how many they have in common. What you say
    is one of
        "exact"     exact match
        "100"       no exact match, but an F1 of 100 %
        "above 50"  an F1 of 50 % or more, but not 100 %
        "below 50"  an F1 of less than 50 %, but not 0
        "0"         an F1 of 0
    Write down all eight before you run anything. Then run this file: it asks the library.

    Difficulty 2/5, about 10 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


def try_out(case: str) -> str:
    """What the measures give: one of the five."""
    answer, reference = CASES[case]
    match, f1 = (metric.sentence_score(answer, [reference]) for metric in (ExactMatch(), AnswerF1()))
    if match:
        return "exact"
    return "100" if f1 == 100 else "0" if f1 == 0 else "above 50" if f1 >= 50 else "below 50"


if __name__ == "__main__":
    for case in CASES:
        print(f"{case:<28} you: {predict(case):<9} it is: {try_out(case)}")
