"""Checks of lesson 16."""

import numpy as np

from minillm.course import Exercise, Mistake


def texts(rng: np.random.Generator, first: int, second: int, gap: int) -> tuple:
    """A summary and a reference of so many words out of five, so that pairs come more than once."""
    summary, reference = (["reds", "beat", "the", "owls", "again"], ["the", "reds", "and", "the", "owls"])
    return (
        [summary[i] for i in rng.integers(5, size=first)],
        [reference[i] for i in rng.integers(5, size=second)],
        gap,
    )


def pair(summary: str, reference: str, gap: int) -> tuple:
    return summary.split(), reference.split(), gap


EXAMPLE = pair("reds beat owls", "reds outplay owls", 1)
NEIGHBOURS = pair("reds beat owls 2 to 1", "reds beat the owls 2 to 1 in colton", 0)
SWAPPED = pair("owls beat reds", "reds beat owls", 1)
OFTEN = pair("the owls the owls the owls", "the owls beat the reds", 1)  # a pair that the summary has more often
SELDOM = pair("the owls beat the reds", "the owls the owls the owls", 1)  # and the reference
WIDE = pair("reds beat owls in rainy colton", "owls lose to reds in colton", 9)
NOTHING = pair("a narrow win", "reds beat owls", 2)
ONE_WORD = pair("reds", "reds beat owls", 2)
NO_WORD = pair("", "reds", 1)
TWICE = pair("go reds go", "go go reds", 1)  # a word that stands twice in a text


def summaries(*pairs: tuple[float, int]) -> tuple:
    totals, lengths = zip(*pairs, strict=True)
    return [*totals], [*lengths]


TWO = summaries((-2, 4), (-3, 8))
ALONE = summaries((-2.5, 6))
SHORT_IS_WORSE = summaries((-5, 3), (-2, 6), (-4, 9))  # shorter than the winner at 0: never
BETWEEN = summaries((-1, 4), (-3, 6), (-2.5, 9))  # the one between the two never wins
IN_TURN = summaries((-1, 4), (-1.2, 6), (-2.5, 9), (-6, 12))
LONG_FIRST = summaries((-6, 12), (-1, 4), (-2.5, 9), (-1.2, 6))  # in no order
LEAP = summaries((-1, 2), (-2.2, 4), (-2.4, 8), (-8, 9))  # the next longer one is left out
STEEP = summaries((-0.2, 5), (-4, 6), (-9, 40))  # not before α is above 1


def some_summaries(rng: np.random.Generator, count: int) -> tuple:
    lengths = rng.permutation(np.arange(3, 20))[:count]
    totals = -(lengths ** rng.uniform(0.3, 2)) * rng.uniform(0.3, 1, count)
    return [float(total) for total in totals], [int(length) for length in lengths]


def foretold(case: str, right: str, wrong: dict[str, str]) -> list[Mistake]:
    """What `predict` may be believed to say of a case, and what is told then."""
    return [Mistake(f'"{case}": "{right}"', f'"{case}": "{other}"', told) for other, told in wrong.items()]


CASES = (
    "capitals and a full stop",
    "another score",
    "the losers win",
    "a denial",
    "in other words",
    "in the singular",
    "said twice",
    "turned round",
)
PAIRS = "Counter((word, other) for i, word in enumerate(text) for other in text[i + 1 : i + 2 + gap])"
NEXT = (
    "        meets = {i: math.log(totals[i] / totals[best]) / math.log(lengths[i] / lengths[best]) for i in longer}\n"
)
SHARES = "    precision, recall = common / ours.total(), common / theirs.total()\n"
F = "2 * precision * recall / (precision + recall)\n"
CHOICE = "        best = min(meets, key=meets.get)\n"

EXERCISES = [
    Exercise(
        "rouge_s",
        lambda rng: [
            EXAMPLE,
            NEIGHBOURS,
            SWAPPED,
            OFTEN,
            SELDOM,
            WIDE,
            NOTHING,
            ONE_WORD,
            NO_WORD,
            TWICE,
            texts(rng, 7, 9, 2),
            texts(rng, 9, 6, 3),
        ],
        [
            "With the word at place i go those at i + 1, i + 2 ... i + 1 + gap, as far as the text reaches.",
            "Counter of all these pairs, one for each text. Two loops, or one expression with two `for`.",
            "Counter() & Counter() keeps the smaller of the two counts, and .total() adds up.",
            "P = common / pairs of the summary, R = common / pairs of the reference, F = 2 P R / (P + R). Nothing in common: three times 0.0.",
        ],
        [
            Mistake(
                "text[i + 1 : i + 2 + gap]",
                "text[i + 1 : i + 1 + gap]",
                "One word too few is looked at: between the two words of a pair stand up to `gap` others, so that the last is at i + 1 + gap. "
                "With a gap of 0 there must be neighbours.",
            ),
            Mistake(
                "text[i + 1 : i + 2 + gap]",
                "text[i + 1 : i + 3 + gap]",
                "One word too many is looked at: the farthest is at i + 1 + gap, where `gap` others stand between.",
            ),
            Mistake(
                "text[i + 1 : i + 2 + gap]",
                "text[i + 1 :]",
                "Pairs may be as far apart as you like: at most `gap` words between them.",
            ),
            Mistake(
                "text[i + 1 : i + 2 + gap]",
                "text[i + 1 + gap : i + 2 + gap]",
                "Only pairs with exactly `gap` words between them are counted: at most so many, and fewer too.",
            ),
            Mistake(
                "text[i + 1 : i + 2 + gap]",
                "text[i + 1 : i + 2]",
                "Only neighbours are counted, whatever `gap` is: that is ROUGE-2.",
            ),
            Mistake(
                "text[i + 1 : i + 2 + gap]",
                "text[i : i + 2 + gap]",
                "Single words are counted as well, or each as a pair with itself: a pair has two places, so begin with the one behind, i + 1.",
            ),
            Mistake(
                "(word, other) for i, word",
                "tuple(sorted((word, other))) for i, word",
                "The order of the two words is lost: reds owls is not owls reds.",
            ),
            Mistake(
                "for other in text[i + 1 : i + 2 + gap])",
                "for other in text[i + 1 : i + 2 + gap] if other != word)",
                "Pairs of a word with the same word again are left out: they count, too.",
            ),
            Mistake(
                PAIRS,
                PAIRS.replace("Counter(", "Counter(set(") + ")",
                "A pair that a text has twice counts once: take a Counter, and no set.",
            ),
            Mistake(
                "(ours & theirs).total()",
                "sum(count for found, count in ours.items() if found in theirs)",
                "What the summary has more often than the reference counts each time: as often as both have it, the smaller of the two counts.",
            ),
            Mistake(
                "(ours & theirs).total()",
                "sum(count for found, count in theirs.items() if found in ours)",
                "What the reference has more often than the summary counts each time: as often as both have it, the smaller of the two counts.",
            ),
            Mistake(
                "(ours & theirs).total()",
                "len(ours & theirs)",
                "Different pairs are counted, each once: .total() adds up how often both have them.",
            ),
            Mistake(
                "(ours & theirs).total()",
                "(ours | theirs).total()",
                "| takes the larger of the two counts, so that everything is in common: & takes the smaller one.",
            ),
            Mistake(
                "    precision, recall = common / ours.total(), common / theirs.total()\n",
                "    recall, precision = common / ours.total(), common / theirs.total()\n",
                "Precision and recall are exchanged: precision is a share of the summary, recall of the reference.",
            ),
            Mistake(
                SHARES,
                "    precision, recall = common / len(summary), common / len(reference)\n",
                "Pairs are divided by words: divide by how many pairs each text has.",
            ),
            Mistake(
                SHARES,
                "    precision, recall = common / len(ours), common / len(theirs)\n",
                "len of a Counter says how many different pairs there are: .total() has them all.",
            ),
            Mistake(
                "    return precision, recall, " + F,
                "    return precision, recall, 2 * common / (len(summary) + len(reference))\n",
                "Precision and recall are right. In F the common pairs are divided by words: by the pairs of both, or 2 P R / (P + R).",
            ),
            Mistake(
                F,
                "min(precision, recall)\n",
                "F is the smaller one of precision and recall for you. It lies between them: 2 P R / (P + R).",
            ),
            Mistake(
                "for i, word in enumerate(text) for",
                "for i, word in enumerate(text[: len(text) - 1 - gap]) for",
                "The last words of a text begin no pair, where fewer than `gap` + 1 words follow: they go with those that there are.",
            ),
            Mistake(
                "        for text in (summary, reference)\n",
                "        for text in (list(dict.fromkeys(summary)), list(dict.fromkeys(reference)))\n",
                "A word that stands twice in a text is taken once: each of its places has its pairs.",
            ),
            Mistake(
                F,
                "(precision + recall) / 2\n",
                "F is the mean of precision and recall for you. It is the harmonic one, 2 P R / (P + R), which is low where one of them is.",
            ),
            Mistake(
                F,
                "precision * recall / (precision + recall)\n",
                "F is half of what it is: 2 P R / (P + R).",
            ),
            Mistake(
                F,
                "(precision * recall) ** 0.5\n",
                "F is the geometric mean for you: it is the harmonic one, 2 P R / (P + R).",
            ),
            Mistake(
                "    return precision, recall, " + F,
                "    return 100 * precision, 100 * recall, 100 * " + F,
                "Those are per cent: from 0 to 1 is asked for.",
            ),
            Mistake(
                "    return precision, recall, " + F,
                "    f = " + F + "    return f, precision, recall\n",
                "They are the right three numbers in another order: precision, recall, F.",
            ),
            Mistake(
                "    return precision, recall, " + F,
                "    return " + F,
                "That is F alone: precision and recall are asked for, too.",
            ),
        ],
        outputs=("precision", "recall", "F"),
    ),
    Exercise(
        "winners",
        lambda rng: [
            TWO,
            ALONE,
            SHORT_IS_WORSE,
            BETWEEN,
            IN_TURN,
            LONG_FIRST,
            LEAP,
            STEEP,
            some_summaries(rng, 5),
            some_summaries(rng, 7),
        ],
        [
            "Who wins at α = 0, where length ** 0 is 1? And can one that is shorter than the winner ever overtake it?",
            "Two meet where a / m ** α = b / n ** α, so (n / m) ** α = b / a: take logarithms.",
            "From the present winner on, each longer one meets it at some α. The first to do so is the next winner: the smallest α.",
            "Go on from there with those longer than the new winner, until none is. Those that were jumped over never win.",
        ],
        [
            Mistake(
                "    best = max(range(len(totals)), key=lambda i: totals[i])\n",
                "    best = min(range(len(totals)), key=lambda i: lengths[i])\n",
                "You begin with the shortest. At α = 0 no length counts: the highest total wins.",
            ),
            Mistake(
                "    best = max(range(len(totals)), key=lambda i: totals[i])\n",
                "    best = 0\n",
                "You begin with the first of the list: they may stand in any order. At α = 0 the highest total wins.",
            ),
            Mistake(
                "    best = max(range(len(totals)), key=lambda i: totals[i])\n",
                "    best = min(range(len(totals)), key=lambda i: totals[i])\n",
                "You begin with the lowest total. They are negative: the highest is the nearest to 0.",
            ),
            Mistake(
                "    best = max(range(len(totals)), key=lambda i: totals[i])\n",
                "    best = max(range(len(totals)), key=lambda i: totals[i] / lengths[i])\n",
                "You begin with the one that wins at α = 1, the highest mean: α begins at 0, where the highest total wins.",
            ),
            Mistake(
                CHOICE,
                "        best = min(longer, key=lambda i: lengths[i])\n",
                "You go on to the next longer one each time. It may never win: the one that meets the present winner at the smallest α is next.",
            ),
            Mistake(
                CHOICE,
                "        best = max(longer, key=lambda i: totals[i])\n",
                "You go on to the best of the longer ones by total. It may never win: the one that meets the present winner at the smallest α "
                "is next.",
            ),
            Mistake(
                CHOICE,
                "        best = max(meets, key=meets.get)\n",
                "You take the one that overtakes last. Others have won in between: the smallest α.",
            ),
            Mistake(
                CHOICE,
                "        best = max(longer, key=lambda i: lengths[i])\n",
                "You go to the longest at once. Others win in between.",
            ),
            Mistake(
                NEXT,
                NEXT.replace("math.log(lengths[i] / lengths[best])", "math.log(lengths[best] / lengths[i])"),
                "The sign of α is wrong: (n / m) ** α = b / a, with the longer one above in both.",
            ),
            Mistake(
                NEXT,
                NEXT.replace(
                    "math.log(totals[i] / totals[best]) / math.log(lengths[i] / lengths[best])",
                    "math.log(lengths[i] / lengths[best]) / math.log(totals[i] / totals[best])",
                ),
                "That is 1 / α: α log(n / m) = log(b / a), so the lengths are below.",
            ),
            Mistake(
                NEXT,
                NEXT.replace(
                    "math.log(totals[i] / totals[best]) / math.log(lengths[i] / lengths[best])",
                    "totals[i] / totals[best] / (lengths[i] / lengths[best])",
                ),
                "α is an exponent, and comes down by logarithms alone: α log(n / m) = log(b / a).",
            ),
            Mistake(
                NEXT,
                NEXT.replace(
                    "math.log(totals[i] / totals[best]) / math.log(lengths[i] / lengths[best])",
                    "(totals[best] - totals[i]) / (lengths[i] - lengths[best])",
                ),
                "That is for a reward by the token, total + α length: here it is total / length ** α.",
            ),
            Mistake(
                NEXT,
                NEXT.replace("math.log(lengths[i] / lengths[best])", "math.log(lengths[i] - lengths[best])"),
                "The logarithm of a difference is taken: log n - log m is log(n / m).",
            ),
            Mistake(
                NEXT,
                NEXT.replace("totals[i] / totals[best]", "totals[i] / totals[found[0][0]]").replace(
                    "lengths[i] / lengths[best]", "lengths[i] / lengths[found[0][0]]"
                ),
                "Each is compared with the winner at α = 0. It may be beaten already: compare with the present winner.",
            ),
            Mistake(
                NEXT,
                NEXT.replace("lengths[i] / lengths[best]", "(5 + lengths[i]) / (5 + lengths[best])"),
                "That is the penalty of Wu et al. 2016, ((5 + length) / 6) ** α: here it is length ** α.",
            ),
            Mistake(
                NEXT,
                NEXT.replace("math.log(lengths[i] / lengths[best])", "(lengths[i] - lengths[best])"),
                "log(b / a) is divided by a difference of lengths: α log(n / m) = log(b / a), with logarithms on both sides.",
            ),
            Mistake(
                "    return found\n",
                "    ends = [alpha for _, alpha in found[1:]] + [math.inf]\n    return [(i, end) for (i, _), end in zip(found, ends)]\n",
                "You give the α up to which each wins: from which α on it does is asked for, 0.0 for the first.",
            ),
            Mistake(
                "        found.append((best, meets[best]))\n",
                "        found.append((best, math.ceil(100 * meets[best]) / 100))\n",
                "α is found by trying out 0, 0.01, 0.02 ...: the exact one is asked for. Solve a / m ** α = b / n ** α for α.",
            ),
            Mistake(
                "    return found\n",
                "    order = sorted(range(len(totals)), key=lambda i: lengths[i])\n"
                "    meet = [(j, math.log(totals[j] / totals[i]) / math.log(lengths[j] / lengths[i])) for i, j in zip(order, order[1:])]\n"
                "    return [(order[0], 0.0), *(each for each in meet if each[1] > 0)]\n",
                "You go from each length to the next, beginning with the shortest. At α = 0 the highest total wins, and not every one wins at all.",
            ),
            Mistake(
                "    return found\n",
                "    first = found[0][0]\n"
                "    later = [i for i in range(len(totals)) if lengths[i] > lengths[first]]\n"
                "    meet = [(i, math.log(totals[i] / totals[first]) / math.log(lengths[i] / lengths[first])) for i in later]\n"
                "    return [found[0], *sorted(meet, key=lambda each: each[1])]\n",
                "You list all that overtake the winner at α = 0. When some of them do, another one is ahead already: compare with the present winner, "
                "and leave out those that never win.",
            ),
            Mistake(
                "    found = [(best, 0.0)]\n",
                "    found = [(best, 0.0)] if any(length > lengths[best] for length in lengths) else []\n",
                "Where nothing overtakes it, the first winner is missing: it wins from 0.0 on.",
            ),
            Mistake(
                "    found = [(best, 0.0)]\n",
                "    found = []\n",
                "The winner at α = 0 is missing: (index, 0.0).",
            ),
            Mistake(
                "        found.append((best, meets[best]))\n",
                "        found.append((best, meets[best]))\n        if len(found) == 2:\n            break\n",
                "You stop after the first change: others may overtake the new winner.",
            ),
            Mistake(
                "        found.append((best, meets[best]))\n",
                "        if meets[best] > 1:\n            break\n        found.append((best, meets[best]))\n",
                "You stop at α = 1: α grows without an end, until the longest wins that can.",
            ),
            Mistake(
                "        found.append((best, meets[best]))\n",
                "        found.append((lengths[best], meets[best]))\n",
                "You give the length of a winner: its index is asked for.",
            ),
            Mistake(
                "        found.append((best, meets[best]))\n",
                "        found.append((meets[best], best))\n",
                "α stands first in your pairs: (index, α).",
            ),
            Mistake(
                "        found.append((best, meets[best]))\n",
                "        found.append((best, round(meets[best], 1)))\n",
                "α is rounded: the exact one is asked for. Who tries out α = 0, 0.1, 0.2 ... finds it only nearly: solve for it.",
            ),
            Mistake(
                "    return found\n",
                "    return [index for index, _ in found]\n",
                "Only who wins: from which α on is asked for, too.",
            ),
        ],
    ),
    Exercise(
        "predict",
        lambda rng: [(case,) for case in CASES],
        [
            "Capitals and stops don't count. The reference has 8 words: lions beat hawks 3 to 2 carl decides.",
            "With as many words as the reference, F is the longest common subsequence / 8. One wrong word leaves 7 of 8.",
            "The losers win: which words are in the same order in both? Leave out as few as you can.",
            "A denial: the reference stands in it whole, with two words more. F = 2 · 8 / (10 + 8).",
        ],
        [
            *foretold(
                "capitals and a full stop",
                "100",
                {
                    "above 80": "Capitals and a full stop: ROUGE puts everything into lower case, and counts letters and digits alone.",
                    "above 50": "Capitals and a full stop: Lions and Hawks are the same words as lions and hawks for ROUGE, which puts everything into lower case.",
                },
            ),
            *foretold(
                "another score",
                "above 80",
                {
                    "above 50": "Another score: one word in eight is wrong, 7/8 = 87.5. ROUGE does not know that this word matters.",
                    "below 50": "Another score: it is false, but ROUGE counts words. Seven of eight are right.",
                    "0": "Another score: a summary is not thrown away because it is false. ROUGE counts words, and seven of eight are right.",
                },
            ),
            *foretold(
                "the losers win",
                "above 50",
                {
                    "100": "The losers win: all eight words are there, but ROUGE-L wants them in the same order. That is ROUGE-1.",
                    "above 80": "The losers win: with lions and hawks exchanged two of the eight words must be left out: 6/8 = 75.",
                    "below 50": "The losers win: it says the opposite, but beat 3 to 2 carl decides stands in both in this order: 6/8 = 75.",
                },
            ),
            *foretold(
                "a denial",
                "above 80",
                {
                    "above 50": "A denial: the reference stands in it whole, and only did and not are too much: 2 · 8 / (10 + 8) = 89.",
                    "100": "A denial: nothing is missing, so the recall is 100 %. But two words of ten are too much, and the precision is 80 %.",
                    "below 50": "A denial: it says the opposite, but ROUGE knows no meanings. The reference stands in it whole: 2 · 8 / (10 + 8) = 89.",
                },
            ),
            *foretold(
                "in other words",
                "below 50",
                {
                    "above 50": "In other words: carl and lions are all that both have, and they stand in the other order: 1 word of 12 and of 8.",
                    "above 80": "In other words: that it is right is nothing to ROUGE: of its twelve words only carl or lions counts.",
                    "0": "In other words: it names carl and the lions, so that one word is in common, as both stand in the other order.",
                },
            ),
            *foretold(
                "in the singular",
                "0",
                {
                    "below 50": "In the singular: without a stemmer lion is another word than lions. Nothing is in common.",
                    "above 50": "In the singular: ROUGE compares words as they are written: lion and lions, hawk and hawks are as different as any two.",
                },
            ),
            *foretold(
                "said twice",
                "above 50",
                {
                    "100": "Said twice: the recall is 100 %, but half of it is too much: 2 · 8 / (16 + 8) = 67.",
                    "above 80": "Said twice: the precision is 50 %, the recall 100 %. F is not their mean, 75, but 2 · 8 / (16 + 8) = 67.",
                    "below 50": "Said twice: half of the words are too much, and none is missing: 2 · 8 / (16 + 8) = 67.",
                },
            ),
            *foretold(
                "turned round",
                "below 50",
                {
                    "0": "Turned round: each word by itself is a common subsequence of one: 1/8.",
                    "100": "Turned round: all words are there, but none two are in the same order. ROUGE-1 would give 100.",
                    "above 50": "Turned round: of a longest common subsequence only one word is left, as no two are in the same order: 1/8.",
                },
            ),
        ],
    ),
]
