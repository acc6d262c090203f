"""Checks of lesson 03."""

import numpy as np

from minillm.course import Exercise, Mistake


def some_word(rng: np.random.Generator, length: int) -> tuple[int, ...]:
    return tuple(int(number) for number in rng.integers(1, 4, length))


EXERCISES = [
    Exercise(
        "count_pairs",
        lambda rng: [
            ({(7, 8, 8, 8): 2, (7, 8): 5},),
            ({some_word(rng, 6): 3, some_word(rng, 8): 2, (9,): 4},),
        ],
        [
            "Go through the words, and in each through its neighbours. How much does one pair count?",
            "zip(word, word[1:]) gives the neighbours of a word. Each of them counts as often as its word occurs.",
            "pairs[pair] = pairs.get(pair, 0) + count",
        ],
        [
            Mistake(
                "pairs.get(pair, 0) + count",
                "pairs.get(pair, 0) + 1",
                "Each word was counted once: a pair counts as often as its word occurs.",
            ),
            Mistake(
                "pairs.get(pair, 0) + count",
                "pairs.get(pair, 0) + len(word)",
                "The length of the word was added: a pair counts as often as its word occurs.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "set(zip(word, word[1:]))",
                "A pair that stands twice in a word was counted once.",
            ),
            Mistake(
                "pairs.get(pair, 0) + count",
                "count",
                "Assigned, not added: only the last word that has the pair was counted.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "zip(word[::2], word[1::2])",
                "You took every second pair: a number is the neighbour of the one before and of the one after.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "zip(word, word[1:], word[2:])",
                "Three numbers in a row were counted: a pair has two.",
            ),
            Mistake(
                "pairs.get(pair, 0) + count",
                "pairs.get(pair, count) + count",
                "A pair that was new counted double: it starts from 0.",
            ),
            Mistake(
                "words.items()",
                "[(tuple(n for w, c in words.items() for _ in range(c) for n in w), 1)]",
                "The words were strung together: the last number of one and the first of the next are no neighbours.",
            ),
            Mistake(
                "pairs.get(pair, 0) + count",
                "pairs.get(pair, 0) + count if pair not in pairs else pairs[pair]",
                "Only the first word that has the pair was counted: add the others.",
            ),
            Mistake(
                "pairs[pair] = pairs.get(pair, 0) + count",
                "pair = tuple(sorted(pair))\n            pairs[pair] = pairs.get(pair, 0) + count",
                "(8, 7) was taken for (7, 8): the order of a pair matters.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "zip(word, word[2:])",
                "You paired each number with the next but one: word[1:] begins with the next.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "zip(word[1:], word)",
                "The pairs are turned round: first the number on the left, then its neighbour on the right.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "list(zip(word, word[1:]))[:-1]",
                "The last pair of each word is missing.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "[(a, b) for i, a in enumerate(word) for b in word[i + 1 :]]",
                "Each number was paired with all that come after it: only with the very next.",
            ),
            Mistake(
                "    return pairs",
                "    return max(pairs, key=pairs.get)",
                "That is the commonest pair alone: return all pairs with their counts.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "word",
                "Single numbers were counted: a pair is a number and the next one, as a tuple.",
            ),
            Mistake(
                "for word, count in words.items()",
                "for word, count in [(tuple(n for word in words for n in word), 1)]",
                "All words were laid in one row, each of them once: the last number of a word and the first of another are no neighbours, and a word counts as often as it occurs.",
            ),
            Mistake(
                "pairs[pair] = pairs.get(pair, 0) + count",
                "pairs[pair] = pairs.get(pair, 0) + count * (pair[0] != pair[1])\n    pairs = {pair: count for pair, count in pairs.items() if count}",
                "Pairs of two equal numbers were left out: (8, 8) is a pair like any other.",
            ),
            Mistake(
                "zip(word, word[1:])",
                "zip(word[1:], word[2:])",
                "The first pair of each word is left out: Python counts from 0.",
            ),
            Mistake(
                "pairs.get(pair, 0) + count",
                "pairs.get(pair, 1) * count",
                "The counts of a pair were multiplied: they are added.",
            ),
        ],
    ),
    Exercise(
        "merge",
        lambda rng: [
            ((1, 2, 3, 1, 2), (1, 2), 9),
            ((5, 5, 5), (5, 5), 9),
            ((5, 5, 5, 5), (5, 5), 9),
            ((2, 1), (1, 2), 9),
            ((1,), (1, 2), 9),
            ((11, 2), (1, 2), 9),
            ((3, 1, 2), (1, 2), 9),
            *((some_word(rng, 12), (1, 2), 9) for _ in range(5)),
        ],
        [
            "Walk through the word with a place `at`. At each place ask: do the pair's two numbers stand here?",
            "If they do, append new and go on two places; if not, append the number itself and go on one place.",
            "word[at : at + 2] == pair is also right at the last place, where only one number is left. Then at += 2, else at += 1.",
        ],
        [
            Mistake(
                "at += 2",
                "at += 1",
                "After a merge you went on one place: the pair's second number was used again. Go on two.",
            ),
            Mistake(
                "word[at : at + 2] == pair",
                "set(word[at : at + 2]) == set(pair)",
                "(2, 1) was taken for (1, 2), or one number for two: the order of a pair matters.",
            ),
            Mistake(
                "    while at < len(word):",
                "    while at < len(word) - 1:",
                "The walk ends one place too early: a last number that is in no pair is lost.",
            ),
            Mistake(
                "            merged.append(new)",
                "            merged.extend([new, *word[at + 2 :]])\n            break",
                "Only the first place was merged: the pair may stand in a word several times.",
            ),
            Mistake(
                "            at += 1",
                "            at += 2",
                "You went on two places even where nothing was merged: a pair may begin at every place.",
            ),
            Mistake(
                "    return tuple(merged)",
                "    return tuple(merged[::-1] if pair[0] == pair[1] else merged)",
                "You merged from right to left: in (5, 5, 5) the first two make the pair.",
            ),
            Mistake(
                "word[at : at + 2] == pair",
                "False",
                "Nothing was merged: is your comparison ever true (a list never equals a tuple), and is it the new word that you return?",
            ),
            Mistake(
                "    merged, at = [], 0",
                "    return tuple(int(n) for n in ' '.join(map(str, word)).replace(' '.join(map(str, pair)), str(new)).split())\n    merged, at = [], 0",
                "Text was replaced, not numbers: in “11 2” the text “1 2” is found too. Compare the numbers themselves.",
            ),
            Mistake(
                "            merged.append(new)",
                "            merged.append(pair)",
                "A pair was put into the word: append `new`, the one number that stands for it.",
            ),
            Mistake(
                "            merged.append(new)",
                "            merged.extend([new, new])",
                "`new` came in twice: one number takes the place of two.",
            ),
            Mistake(
                "            merged.append(word[at])",
                "            pass",
                "What is in no pair was lost: append the number itself.",
            ),
            Mistake(
                "            at += 2\n        else:\n            merged.append(word[at])\n            at += 1",
                "            at += 1\n        merged.append(word[at])\n        at += 1",
                "Behind `new` the pair's second number was appended as well: one or the other, with else.",
            ),
            Mistake(
                "    merged, at = [], 0",
                "    merged = []\n    for at in range(len(word)):\n        if (word[at - 1], word[at]) == pair:\n            merged[-1:] = [new]\n        else:\n            merged.append(word[at])\n    return tuple(merged)\n    merged, at = [], 0",
                "At the first number word[at - 1] is the last one, word[-1]: nothing stands before the first. And the number before may be in a pair already.",
            ),
            Mistake(
                "            merged.append(new)",
                "            pass",
                "Where the pair stood nothing is left: append `new`.",
            ),
            Mistake(
                "word[at : at + 2] == pair",
                "word[at] in pair",
                "One number of the pair was taken for the pair: both must stand there, one after the other.",
            ),
            Mistake(
                "word[at : at + 2] == pair",
                "word[at] == pair[0]",
                "Only the first number was compared: the second must follow it.",
            ),
            Mistake(
                "    return tuple(merged)",
                "    return tuple(merged) if len(merged) < len(word) else None",
                "Where there is nothing to merge you return nothing: return the word as it was.",
            ),
            Mistake(
                "word[at : at + 2] == pair",
                "word[at] == pair[0] and pair[1] in word[at + 1 :]",
                "The second number only had to come somewhere behind the first: a pair stands side by side, word[at : at + 2] == pair.",
            ),
            Mistake(
                "    merged, at = [], 0",
                "    word = list(word)\n    while pair[0] in word and pair[1] in word:\n        at = word.index(pair[0])\n        word[at : at + 2] = [new]\n    return tuple(word)\n    merged, at = [], 0",
                "The place of the pair's first number was looked up, and whatever stands behind it taken away: ask for both, side by side.",
            ),
            Mistake(
                "word[at : at + 2] == pair",
                "len(word[at : at + 2]) == 2 and set(word[at : at + 2]) <= set(pair)",
                "Two numbers that are both in the pair were taken for the pair, in whatever order, or one of them twice: compare both with theirs.",
            ),
        ],
    ),
    Exercise(
        "encode",
        lambda rng: [
            ((1, 2, 3), [(2, 3), (1, 2)]),
            ((1, 2, 3), [(1, 2), (256, 3)]),
            ((1, 2, 1, 2, 3), [(1, 2), (2, 3), (256, 256), (258, 3)]),
            ((4, 4), []),
            *((some_word(rng, 10), [(1, 2), (3, 3), (256, 1), (2, 258), (1, 1)]) for _ in range(5)),
        ],
        [
            "One loop over the learned pairs, with your `merge` inside.",
            "Keep what merge returns: it makes a new word. The i-th pair becomes the number 256 + i.",
            "for i, pair in enumerate(learned): word = merge(word, pair, 256 + i)",
        ],
        [
            Mistake(
                "enumerate(learned)",
                "reversed(list(enumerate(learned)))",
                "The pairs were merged in the wrong order: the last learned came first, and it is made of earlier ones.",
            ),
            Mistake(
                "word = merge(word, pair, 256 + i)",
                "word = merge(word, pair, 257 + i)",
                "The numbers are one too high: the first pair that was learned (i = 0) is 256.",
            ),
            Mistake(
                "word = merge(word, pair, 256 + i)",
                "merge(word, pair, 256 + i)",
                "The word is as it was: the merged words were thrown away (merge returns a new word), or your merge merges nothing.",
            ),
            Mistake(
                "word = merge(word, pair, 256 + i)",
                "word = merge(word, pair, i)",
                "The pairs were numbered from 0: those numbers are bytes. The i-th pair becomes 256 + i.",
            ),
            Mistake(
                "word = merge(word, pair, 256 + i)",
                "word = merge(word, pair, 256)",
                "Every pair became 256: the i-th becomes 256 + i.",
            ),
            Mistake(
                "        word = merge(word, pair, 256 + i)\n    return word",
                "        cut = merge(word, pair, 256 + i)\n    return cut if learned else word",
                "Each merge began again with the word that was given: merge what the merge before returned.",
            ),
            Mistake(
                "        word = merge(word, pair, 256 + i)\n    return word",
                "        cut = merge(word, pair, 256 + i)\n    return cut",
                "Each merge began again with the word that was given, and where no pair was learned there was nothing to return.",
            ),
            Mistake(
                "        word = merge(word, pair, 256 + i)",
                "        cut = merge(word, pair, 256 + i)\n        if len(cut) == len(word):\n            break\n        word = cut",
                "It stops at the first pair that the word does not hold: pairs that were learned later may still stand there.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):\n        word = merge(word, pair, 256 + i)",
                "    i = 0\n    for pair in learned:\n        cut = merge(word, pair, 256 + i)\n        i += len(cut) < len(word)\n        word = cut",
                "Only the pairs that stood in the word were numbered: a pair keeps its number, its place in the list, whether it is used or not.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):",
                "    for i, pair in enumerate(sorted(learned)):",
                "The pairs were sorted first: they are merged, and numbered, in the order in which they were learned.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):",
                "    for i, pair in enumerate(learned[:1]):",
                "Only the first pair was merged: go through all of them.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):",
                "    for i, pair in list(enumerate(learned))[:-1]:",
                "The last pair that was learned is left out.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):",
                "    for i, pair in list(enumerate(learned))[1:]:",
                "The first pair that was learned is left out.",
            ),
            Mistake(
                "merge(word, pair, 256 + i)",
                "merge(word, pair, 512 + i)",
                "256 was added twice: enumerate(learned, 256) begins with 256 already.",
            ),
            Mistake(
                "merge(word, pair, 256 + i)",
                "merge(pair, word, 256 + i)",
                "The word and the pair have changed places: merge(word, pair, new).",
            ),
            Mistake(
                "        word = merge(word, pair, 256 + i)\n    return word",
                "        word = merge(word, pair, 256 + len(learned))\n    return word",
                "Every pair got the same number, 256 + len(learned): the i-th becomes 256 + i, enumerate(learned) counts them.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):\n        word = merge(word, pair, 256 + i)\n    return word",
                "    return [merge(word, pair, 256 + i) for i, pair in enumerate(learned)]",
                "That is a list with the word after each single merge: each merge goes on with what the one before has made, and one word is returned.",
            ),
            Mistake(
                "        word = merge(word, pair, 256 + i)",
                "        if not {*pair} <= {*word}:\n            break\n        word = merge(word, pair, 256 + i)",
                "The walk over the pairs stopped at the first whose numbers are not in the word: a later pair may still be there.",
            ),
            Mistake(
                "word = merge(word, pair, 256 + i)",
                "word = merge(word, pair, len(learned) + i)",
                "The numbers begin at len(learned): 256 of them are bytes, and the i-th pair becomes 256 + i.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):\n        word = merge(word, pair, 256 + i)\n    return word",
                "    return tuple(256 + i for i, pair in enumerate(learned) for each in zip(word, word[1:]) if each == pair)",
                "Only what the pairs became is left: a number that stands in no pair stays in the word, and merge keeps it.",
            ),
            Mistake(
                "    for i, pair in enumerate(learned):\n        word = merge(word, pair, 256 + i)\n    return word",
                "    cut, at = [], 0\n    while at < len(word):\n        known = word[at : at + 2] in learned\n        cut.append(256 + learned.index(word[at : at + 2]) if known else word[at])\n        at += 1 + known\n    return tuple(cut)",
                "The word was walked through once, and the first pair that is known was taken at each place: the order is that of the learned pairs, each merged everywhere before the next.",
            ),
        ],
    ),
]
