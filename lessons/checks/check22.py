"""Checks of lesson 22."""

import numpy as np

from minillm.course import Exercise, Mistake

CHANGES = (
    "a right answer gets 10, and not 1",
    "every reward less 1",
    "each question's rewards times another number above 0",
    "a right answer gets 0, a wrong one 1",
    "only the mean is taken off, and nothing divided",
    "every answer comes twice",
    "the mean of all questions is taken off, not that of the group",
)
OPENERS, END = {"system": 20, "user": 21, "assistant": 22}, 23


def talk(rng, *speakers, padding=0):
    """A conversation of messages of two to four tokens, and padding behind it."""
    ids, roles = [], []
    for speaker in speakers:
        said = rng.integers(0, 20, rng.integers(2, 5)).tolist()
        ids += [OPENERS[speaker], *said, END]
        roles += [speaker] * (len(said) + 2)
    return np.array(ids + [END] * padding), roles + ["padding"] * padding, [*OPENERS.values()]


EXERCISES = [
    Exercise(
        "answer_targets",
        lambda rng: [
            talk(rng, "user", "assistant"),
            talk(rng, "system", "user", "assistant", "user", "assistant", padding=3),
            talk(rng, "user", "assistant", "user", padding=1),
        ],
        [
            "Which tokens has the assistant written? Its own, without the token of its role.",
            "np.isin(ids, openers) finds the tokens of the roles. The target at place t is the token at place t + 1.",
            'written = (np.array(roles) == "assistant") & ~np.isin(ids, openers); np.where(written, ids, IGNORE)[1:]',
        ],
        [
            Mistake(
                "np.where(written, ids, IGNORE)[1:]",
                "np.where(written[:-1], ids[1:], IGNORE)",
                "The mask is shifted by one: it must say of the target, not of the token that is read, whether the assistant wrote it.",
            ),
            Mistake(
                " & ~np.isin(ids, openers)",
                "",
                "The token of the assistant's role is scored: the program writes it, not the assistant.",
            ),
            Mistake(
                " & ~np.isin(ids, openers)",
                " & ~np.isin(ids, openers) & (ids != ids[len(roles) - 1 - roles[::-1].index('assistant')])",
                "The end of an answer is not scored: a model that never learns it never stops.",
            ),
            Mistake(
                '(np.array(roles) == "assistant")',
                '(np.array(roles) != "user")',
                "All that is not the user's is scored: the system's words and the padding are not the assistant's either.",
            ),
            Mistake(
                '(np.array(roles) == "assistant")',
                '(np.array(roles) == "user")',
                "The user's words are scored, and the assistant's are not.",
            ),
            Mistake(
                '(np.array(roles) == "assistant")',
                'np.isin(roles, ["assistant", "padding"])',
                "Padding is scored: it has the id of the end, but nobody wrote it.",
            ),
            Mistake(
                "np.where(written, ids, IGNORE)[1:]",
                "np.where(written, ids, IGNORE)[:-1]",
                "Each place has the token that is read there as its target: it must be the next one.",
            ),
            Mistake(
                "np.where(written, ids, IGNORE)[1:]",
                "np.where(written, ids, 0)[1:]",
                "What is not scored became the token 0, which is scored like any other: it must be IGNORE.",
            ),
            Mistake(
                "np.where(written, ids, IGNORE)[1:]",
                'np.where(np.array(roles)[:-1] == "assistant", ids[1:], IGNORE)',
                "What comes after each token of the assistant is scored. After its end comes the token of the user's role, which is not its own.",
            ),
            Mistake(
                "np.where(written, ids, IGNORE)[1:]",
                "np.where(written[1:], ids[:-1], IGNORE)",
                "The mask is that of the targets, but the numbers are those of the tokens that are read: ids[1:] has the targets.",
            ),
            Mistake(
                "np.where(written, ids, IGNORE)[1:]",
                "written[1:]",
                "That is which targets are scored: return the targets themselves, and IGNORE where one is not scored.",
            ),
            Mistake(
                'np.array(roles) == "assistant"',
                'roles == "assistant"',
                'Nothing is scored. A list is not compared one by one: roles == "assistant" is False, and np.array(roles) == "assistant" an array.',
            ),
            Mistake(
                '(np.array(roles) == "assistant")',
                'np.isin(roles, ["assistant", "system"])',
                "The system's words are scored: they are read, and the assistant has not written them.",
            ),
            Mistake(
                " & ~np.isin(ids, openers)",
                " & ~np.isin(ids, openers) & (np.cumsum(ids == openers[-1]) == (ids == openers[-1]).sum())",
                "Only the last answer is scored: all that the assistant writes is, in every turn.",
            ),
        ],
    ),
    Exercise(
        "group_advantages",
        lambda rng: [
            (np.array([[1.0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]), np.ones((3, 4), bool)),
            (
                np.array([[1.0, 0, 5, 0], [1, 0, 1, 1], [0, 0, 1, 0], [1, 0, 0, 1]]),
                np.array([[1, 1, 0, 1], [1, 0, 1, 1], [0, 0, 1, 0], [0] * 4], bool),
            ),
            (rng.normal(size=(3, 5)), rng.permuted(np.tile(np.arange(5) < 4, (3, 1)), axis=1)),
        ],
        [
            "Go through the groups one by one. Which of their rewards count?",
            "judged = could_judge[group]. Begin with zeros for all, and leave out a group of fewer than two, or one whose np.ptp(r[judged]) is 0.",
            "advantages[group, judged] = (r[judged] - r[judged].mean()) / r[judged].std(ddof=1)",
        ],
        [
            Mistake(
                "std(ddof=1)",
                "std()",
                "The deviation divides by the number of judged answers: it must be that number less one (ddof=1).",
            ),
            Mistake(
                " / r[judged].std(ddof=1)",
                "",
                "Nothing was divided: the standard deviation of the group is missing.",
            ),
            Mistake(
                " / r[judged].std(ddof=1)",
                " / r[judged].var(ddof=1)",
                "The variance was divided by: the standard deviation is its root.",
            ),
            Mistake(
                "(r[judged] - r[judged].mean())",
                "(r[judged] - rewards[could_judge].mean())",
                "The mean of all groups was taken off: each group has its own, since questions are not equally hard.",
            ),
            Mistake(
                "(r[judged] - r[judged].mean())",
                "(r[judged].mean() - r[judged])",
                "The sign is turned round: what is better than the group must have an advantage above 0.",
            ),
            Mistake(
                "(r[judged] - r[judged].mean())",
                "r[judged]",
                "The mean of the group was not taken off.",
            ),
            Mistake(
                "        if judged.sum() < 2",
                "        judged = np.ones(len(r), bool)\n        if judged.sum() < 2",
                "An answer that could not be judged counts like the others: it must count for nothing.",
            ),
            Mistake(
                "(r[judged] - r[judged].mean()) / r[judged].std(ddof=1)",
                "(r[judged] - np.where(judged, r, 0).mean()) / np.where(judged, r, 0).std(ddof=1)",
                "An answer that could not be judged counts as one with the reward 0: leave it out of the mean and of the deviation.",
            ),
            Mistake(
                "advantages[group, judged] = (r[judged] - r[judged].mean())",
                "advantages[group] = (r - r[judged].mean())",
                "What could not be judged has an advantage too: its must be 0.",
            ),
            Mistake(
                " or np.ptp(r[judged]) == 0",
                "",
                "A group without spread gives 0 / 0: its advantages are 0.",
            ),
            Mistake(
                "if judged.sum() < 2 or np.ptp(r[judged]) == 0",
                "if not judged.all() or np.ptp(r) == 0",
                "A group is left out as soon as one of its answers could not be judged: the others are still judged by each other.",
            ),
            Mistake(
                "(r[judged] - r[judged].mean()) / r[judged].std(ddof=1)",
                "(r[judged] - r[judged].mean()) / rewards[could_judge].std(ddof=1)",
                "The deviation of all rewards was divided by: each group has its own.",
            ),
        ],
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "What do a mean and a deviation do when all numbers are multiplied, or something is added to all?",
            "Which change turns a sign? Which one changes by what the sum of squares is divided?",
            "(a r + b) has the mean a m + b and the deviation a s, for a above 0. With eight answers in place of four, ddof=1 divides by 7.",
        ],
        [
            Mistake(
                '"a right answer gets 10, and not 1": True',
                '"a right answer gets 10, and not 1": False',
                "A right answer gets 10: the deviation grows as the differences do, and the quotient stays.",
            ),
            Mistake(
                '"every reward less 1": True',
                '"every reward less 1": False',
                "Every reward less 1: so is the mean, and the difference stays.",
            ),
            Mistake(
                'another number above 0": True',
                'another number above 0": False',
                "Each question's rewards times a number: each group is divided by its own deviation.",
            ),
            Mistake(
                '"a right answer gets 0, a wrong one 1": False',
                '"a right answer gets 0, a wrong one 1": True',
                "A right answer gets 0: every advantage changes its sign.",
            ),
            Mistake(
                '"only the mean is taken off, and nothing divided": False',
                '"only the mean is taken off, and nothing divided": True',
                "Nothing divided: 0.75 is not 1.5. The deviation of one right answer of four is a half.",
            ),
            Mistake(
                '"every answer comes twice": False',
                '"every answer comes twice": True',
                "Every answer twice: the mean stays, but the sum of squares is divided by 7 and not by 6. The deviation is a little smaller.",
            ),
            Mistake(
                'not that of the group": False',
                'not that of the group": True',
                "The mean of all questions is a half here: a right answer to the hard question would get 1, as one to the easy one does.",
            ),
        ],
    ),
]
