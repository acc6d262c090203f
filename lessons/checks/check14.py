"""Checks of lesson 14."""

import numpy as np

from minillm.course import Exercise, Mistake


def beginnings(rng: np.random.Generator, count: int, vocabulary: int, beams: int) -> tuple:
    """Arguments of beam_step: the best of the beginnings has ended, and so has the worst of those that stay."""
    totals = -np.sort(rng.uniform(0.5, 3, count))
    ended = np.zeros(count, bool)
    ended[[0, -1]] = count > 2
    scores = 2 * rng.standard_normal((count, vocabulary))
    logp = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return totals, ended, logp, beams, int(rng.integers(vocabulary))


def edited(rng: np.random.Generator, text: list[str]) -> list[str]:
    """The text with one word replaced and a piece of it said twice or left out."""
    text = list(text)
    text[rng.integers(len(text))] = "abcde"[rng.integers(5)]
    at = int(rng.integers(len(text) - 3))
    return text[: at + 3] + text[at:] if rng.integers(2) else text[:at] + text[at + 2 :]


def corpus(rng: np.random.Generator, texts: int, several: int) -> tuple:
    """Arguments of corpus_bleu: few different words, so that n-grams come twice."""
    written = [[str(word) for word in rng.choice(list("abcde"), rng.integers(9, 15))] for _ in range(texts)]
    references = [[edited(rng, text) for _ in range(rng.integers(2, several + 1))] for text in written]
    return [edited(rng, text) for text in written], references


# One reference is as much shorter as the other is longer; and a 4-gram that stands once in each of two references.
TIE = (
    [["a", "b", "c", "d", "e", "a", "b"], ["a", "b", "c", "d", "a", "b", "c", "d"]],
    [
        [["a", "b", "c", "d", "e", "f", "g", "h", "i"], ["a", "b", "c", "d", "e"]],
        [["a", "b", "c", "d", "e", "f", "g", "h"], ["e", "a", "b", "c", "d", "f"]],
    ],
)
FIRST_IS_SHORTEST = ([list("abcdefg")], [[list("abcd"), list("xabcdefg")]])
FAR = ([list("abcdefg")], [[list("abcd"), list("xabcdefgyzuv")]])
LONG = ([list("abcdefghab")], [[list("abcdefg")]])
SHORT = ([list("abcde"), list("abcdef")], [[list("abcdefghi")], [list("abcdef")]])
NOTHING = ([list("abcxdef")], [[list("abcdef")]])

CHANGES = (
    "three becomes four",
    "the time in front",
    "other words",
    "turned round",
    "half of it",
    "said twice",
    "every second word",
    "only the first three words",
)

EXERCISES = [
    Exercise(
        "beam_step",
        lambda rng: [
            (np.array([-1.0, -2]), np.array([False, True]), np.array([[-2, -0.5], [-0.1, -3]]), 2, 0),
            beginnings(rng, 1, 6, 3),
            beginnings(rng, 4, 6, 4),
            beginnings(rng, 5, 7, 8),
        ],
        [
            "The total of a longer text is the total of its beginning plus the log-probability of the new token: (K, V) sums.",
            "First mend the logp of beginnings that have ended: -inf for every token, and then 0 for `end`.",
            "np.argsort(-sums, axis=None)[:beams] are the best places of all K V, counted row by row.",
            "np.divmod(places, V) makes a row and a token of a place. And the totals are sums[rows, tokens].",
        ],
        [
            Mistake(
                "sums = totals[:, None] + logp",
                "sums = logp",
                "The totals are not added: a likely token after an unlikely beginning wins. What counts is the text as a whole.",
            ),
            Mistake(
                "np.argsort(-sums, axis=None)",
                "np.argsort(sums, axis=None)",
                "Those are the worst texts: argsort begins with the smallest. Sort -sums.",
            ),
            Mistake(
                "best = np.argsort(-sums, axis=None)[:beams]",
                "best = np.sort(np.argsort(-sums, axis=None)[:beams])",
                "The right texts, but not best first.",
            ),
            Mistake(
                "    logp = np.where(ended[:, None], -np.inf, logp)\n    logp[ended, end] = 0\n",
                "",
                "Texts that have ended are written on like the others. After its end a text has only `end`, at no cost.",
            ),
            Mistake(
                "logp = np.where(ended[:, None], -np.inf, logp)\n    logp[ended, end] = 0",
                "logp = logp.copy()\n    logp[ended, end] = 0",
                "Texts that have ended get `end` for nothing, and may still be written on by other tokens: those are -inf.",
            ),
            Mistake(
                "    logp[ended, end] = 0\n",
                "",
                "Texts that have ended are thrown away: all of their tokens are -inf. `end` costs nothing: 0.",
            ),
            Mistake(
                "logp = np.where(ended[:, None], -np.inf, logp)\n    logp[ended, end] = 0",
                "logp = np.where(ended[:, None] & (np.arange(logp.shape[1]) != end), -np.inf, logp)",
                "A text that has ended pays for `end` again. It keeps its total: the cost is 0, whatever logp says.",
            ),
            Mistake(
                "    logp[ended, end] = 0\n",
                "    logp[:, end] = 0\n",
                "`end` costs nothing for all texts: only for those that have ended already. For the others it is a token like any other.",
            ),
            Mistake(
                "best = np.argsort(-sums, axis=None)[:beams]",
                "best = np.sort(np.argmax(sums, axis=1) + sums.shape[1] * np.arange(len(sums)))[:beams]",
                "That is the best token of each beginning. Two of the best texts may come from one beginning: compare all K V.",
            ),
            Mistake(
                "np.divmod(best, sums.shape[1])\n    return rows, tokens, sums[rows, tokens]",
                "np.divmod(best, sums.shape[0])\n    return rows, tokens, sums.ravel()[best]",
                "A place was cut into row and token by K: each row of sums has V places.",
            ),
            Mistake(
                "rows, tokens = np.divmod(best, sums.shape[1])\n    return rows, tokens, sums[rows, tokens]",
                "tokens, rows = np.divmod(best, sums.shape[1])\n    return rows, tokens, sums.ravel()[best]",
                "Rows and tokens are exchanged: place // V is the row, place % V the token.",
            ),
            Mistake(
                "    return rows, tokens, sums[rows, tokens]",
                "    return rows, tokens, logp[rows, tokens]",
                "What is returned as totals is the log-probability of the last token alone. The next step needs that of the whole text.",
            ),
            Mistake(
                "    return rows, tokens, sums[rows, tokens]",
                "    return rows, tokens, totals[rows]",
                "The totals are still those of the beginnings: the new token is not in them.",
            ),
            Mistake(
                "    return rows, tokens, sums[rows, tokens]",
                "    return rows, tokens, np.exp(sums[rows, tokens])",
                "Those are probabilities. Totals stay logarithms: the product of many probabilities is soon 0.",
            ),
        ],
        outputs=("rows", "tokens", "totals"),
    ),
    Exercise(
        "corpus_bleu",
        lambda rng: [LONG, SHORT, NOTHING, FIRST_IS_SHORTEST, FAR, TIE, corpus(rng, 3, 3), corpus(rng, 5, 4)],
        [
            "Four counts of what is found and four of what is written, outside of the loop over the texts: they add up over all of them.",
            "Counter() | Counter() keeps of each n-gram the larger count, & the smaller one, and .total() adds up.",
            "The nearest length: min(lengths, key=lambda size: (abs(size - len(candidate)), size)): of two as near the shorter one.",
            "At the end: 0 if any of the four is 0; else 100 · min(1, exp(1 - r/c)) · exp of the mean of log(found / written).",
        ],
        [
            Mistake(
                "                most |= ngrams(reference, n)",
                "                most += ngrams(reference, n)",
                "The counts of the references are added up. An n-gram that two references have once counts once: |, not +.",
            ),
            Mistake(
                "for reference in several:",
                "for reference in several[:1]:",
                "Only the first reference is looked at for n-grams.",
            ),
            Mistake(
                "for reference in several:",
                "for reference in [min(several, key=lambda r: (abs(len(r) - len(candidate)), len(r)))]:",
                "Only the reference of the nearest length is looked at for n-grams. Every reference may have them.",
            ),
            Mistake(
                "(counts & most).total()",
                "sum(count for gram, count in counts.items() if gram in most)",
                "The counts are not clipped: the cat cat cat cat would be right in every word.",
            ),
            Mistake(
                "            found[n - 1] += (counts & most).total()\n            written[n - 1] += counts.total()",
                "            found[n - 1] += len(counts & most)\n            written[n - 1] += len(counts)",
                "Different n-grams are counted, each once. One that is written twice, and may be, counts twice.",
            ),
            Mistake(
                "(abs(size - len(candidate)), size)",
                "(abs(size - len(candidate)), -size)",
                "Of two references as near in length you take the longer one: the shorter one counts.",
            ),
            Mistake(
                "min(map(len, several), key=lambda size: (abs(size - len(candidate)), size))",
                "min(map(len, several))",
                "r is made of the shortest references: of the nearest in length.",
            ),
            Mistake(
                "min(map(len, several), key=lambda size: (abs(size - len(candidate)), size))",
                "max(map(len, several))",
                "r is made of the longest references: of the nearest in length.",
            ),
            Mistake(
                "min(map(len, several), key=lambda size: (abs(size - len(candidate)), size))",
                "len(several[0])",
                "r is made of the first references: of the nearest in length.",
            ),
            Mistake(
                "min(map(len, several), key=lambda size: (abs(size - len(candidate)), size))",
                "sum(map(len, several)) / len(several)",
                "r is made of the mean lengths of the references: of the nearest in length.",
            ),
            Mistake(
                "min(1.0, math.exp(1 - target / length))",
                "math.exp(1 - target / length)",
                "A text that is too long is rewarded: the brevity penalty is 1 at most.",
            ),
            Mistake(
                "min(1.0, math.exp(1 - target / length))",
                "min(1.0, math.exp(1 - length / target))",
                "The brevity penalty is the wrong way round, c/r for r/c: it punishes what is too long.",
            ),
            Mistake(
                "min(1.0, math.exp(1 - target / length))",
                "1.0",
                "There is no brevity penalty: who writes only what is certain would win.",
            ),
            Mistake(
                "min(1.0, math.exp(1 - target / length))",
                "min(1.0, length / target)",
                "The brevity penalty is c/r: it is exp(1 - r/c), which is milder at first.",
            ),
            Mistake(
                "np.exp(np.log(found / written).mean())",
                "(found / written).mean()",
                "That is the arithmetic mean of the four shares: BLEU takes the geometric one, exp of the mean of the logarithms.",
            ),
            Mistake(
                "np.exp(np.log(found / written).mean())",
                "(found / written).prod()",
                "The four shares are multiplied, and the fourth root is missing.",
            ),
            Mistake(
                "np.exp(np.log(found / written).mean())",
                "found.sum() / written.sum()",
                "The counts of n = 1 to 4 are thrown together: each n has its share, and BLEU is the geometric mean of the four.",
            ),
            Mistake(
                "float(100 * brevity * ",
                "float(brevity * ",
                "That is from 0 to 1: BLEU is given from 0 to 100.",
            ),
            Mistake(
                "    if not found.all():\n        return 0.0\n",
                "    found = np.maximum(found, 1)\n",
                "Where no n-gram was found, one was counted all the same. The score is 0 then.",
            ),
            Mistake(
                "    if not found.all():\n        return 0.0\n",
                "    if len(candidates) > 1:\n"
                "        each = zip(candidates, references, strict=True)\n"
                "        return float(np.mean([corpus_bleu([candidate], [several]) for candidate, several in each]))\n"
                "    if not found.all():\n        return 0.0\n",
                "That is the mean of the sentences' scores. The counts of all texts are added up first, and divided once.",
            ),
            Mistake(
                "    if not found.all():\n        return 0.0\n",
                "    found, written = found[:3], written[:3]\n    if not found.all():\n        return 0.0\n",
                "n goes up to 3: BLEU takes n = 1, 2, 3 and 4. range(1, 5) has them.",
            ),
            Mistake(
                "written[n - 1] += counts.total()",
                "written[n - 1] += most.total()",
                "What is found is divided by the n-grams of the references: that is recall. BLEU divides by those of the candidate.",
            ),
        ],
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "A geometric mean with a 0 in it is 0, whatever the other three are. Which changes leave no 4-gram, or no 2-gram?",
            "One wrong word spoils one 1-gram, but up to four 4-grams. The reference has 11 tokens: how many 4-grams are left of 8?",
            "Half of it: all four shares are 1, and only the brevity penalty counts, exp(1 - 11/5).",
            "Said twice: nothing is missing, and there is no penalty for length. But the counts are clipped: half of what is written is found.",
        ],
        [
            Mistake(
                '"three becomes four": "above 50"',
                '"three becomes four": "below 50"',
                "One word in eleven is wrong: 10 of 11 words are found, 8 of 10 pairs, 6 of 9 triples, 4 of 8 4-grams. That is 70: BLEU does not "
                "know that the number matters.",
            ),
            Mistake(
                '"the time in front": "above 50"',
                '"the time in front": "below 50"',
                "Moving two words breaks few n-grams: only those at the three seams.",
            ),
            Mistake(
                '"other words": "0"',
                '"other words": "below 50"',
                "Other words: a good translation, but no four words of it stand together in the reference. A 0 among the four shares is 0.",
            ),
            Mistake(
                '"other words": "0"',
                '"other words": "above 50"',
                "Other words: BLEU knows no meanings, only which n-grams both have. Of 4-grams they have none.",
            ),
            Mistake(
                '"turned round": "0"',
                '"turned round": "below 50"',
                "Turned round: all words are found, and not one pair. A 0 among the four shares is 0.",
            ),
            Mistake(
                '"turned round": "0"',
                '"turned round": "above 50"',
                "Turned round: the words are all there, but BLEU looks at pairs, triples and 4-grams too, and none of them is.",
            ),
            Mistake(
                '"half of it": "below 50"',
                '"half of it": "above 50"',
                "Half of it: all that is there is right, but the brevity penalty is exp(1 - 11/5) = 0.30.",
            ),
            Mistake(
                '"said twice": "below 50"',
                '"said twice": "above 50"',
                "Said twice: each n-gram of the reference counts once, and is written twice. About half of each n is found: 46.",
            ),
            Mistake(
                '"said twice": "below 50"',
                '"said twice": "0"',
                "Said twice: the whole reference is in it, so something is found for each n.",
            ),
            Mistake(
                '"every second word": "0"',
                '"every second word": "below 50"',
                "Every second word: no two of them are neighbours in the reference, so no pair is found.",
            ),
            Mistake(
                '"only the first three words": "0"',
                '"only the first three words": "below 50"',
                "Only the first three words: a text of three words has no 4-gram at all.",
            ),
        ],
    ),
]
