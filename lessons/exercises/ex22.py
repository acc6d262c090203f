"""Exercises of lesson 22: talk to it.

Write what is missing, then: python -m minillm check 22
"""

from collections.abc import Sequence

import numpy as np

IGNORE = -100  # a target that is not scored


def answer_targets(ids: np.ndarray, roles: Sequence[str], openers: Sequence[int]) -> np.ndarray:
    """The targets of a conversation: ids (T,) -> (T - 1,), the token that comes next at each place, or IGNORE where it is not scored.

    `roles` (T) says of each token whose message it belongs to: "system", "user", "assistant" or "padding". A message is: the token of its
    role, what is said, and the end. `openers` are the ids of the tokens of the roles. What the assistant writes is scored, its end too; the
    token of its role is not, since the program writes it. Padding has the id of the end.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def group_advantages(rewards: np.ndarray, could_judge: np.ndarray) -> np.ndarray:
    """The advantages of answers (Q, G) in their groups, the rows: (r - mean) / standard deviation. Some answers could not be judged.

    `could_judge` (Q, G) is True for those that could; the rewards of the others mean nothing. They count neither for the mean nor for the
    deviation, and their advantage is 0. The deviation divides by the number of judged answers less one. In a group without spread, or with
    fewer than two judged answers, every advantage is 0. `rewards` stays as it is.

    Difficulty 4/5, about 20 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


CHANGES = (
    "a right answer gets 10, and not 1",
    "every reward less 1",
    "each question's rewards times another number above 0",
    "a right answer gets 0, a wrong one 1",
    "only the mean is taken off, and nothing divided",
    "every answer comes twice",
    "the mean of all questions is taken off, not that of the group",
)


def predict(change: str) -> bool:
    """Predict, then run: do all advantages of the lesson's GRPO stay as they are (True), or does one change (False)?

    Two questions have four answers each. A right answer gets 1, a wrong one 0. Of the first question's answers one is right, of the
    second's three. The deviation divides by the number of answers less one, and nothing is added to it. The changes are those in CHANGES;
    where every answer comes twice, its advantage is compared with the one that it had.
    Write down all seven before you run anything. Then run this file: it tries them, and shows what happens.

    Difficulty 3/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def try_out(change: str) -> bool:
    """Whether the advantages really stay."""
    r = np.array([[1.0, 0, 0, 0], [1, 1, 0, 1]])

    def advantages(r: np.ndarray) -> np.ndarray:
        return (r - r.mean(axis=1, keepdims=True)) / r.std(axis=1, ddof=1, keepdims=True)

    after = {
        "a right answer gets 10, and not 1": lambda: advantages(10 * r),
        "every reward less 1": lambda: advantages(r - 1),
        "each question's rewards times another number above 0": lambda: advantages(r * [[2.0], [7.0]]),
        "a right answer gets 0, a wrong one 1": lambda: advantages(1 - r),
        "only the mean is taken off, and nothing divided": lambda: r - r.mean(axis=1, keepdims=True),
        "every answer comes twice": lambda: advantages(np.tile(r, 2))[:, :4],
        "the mean of all questions is taken off, not that of the group": lambda: (
            (r - r.mean()) / r.std(axis=1, ddof=1, keepdims=True)
        ),
    }[change]()
    return bool(np.allclose(after, advantages(r)))


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<65} you: {predict(change)!s:<6} it is: {try_out(change)}")
