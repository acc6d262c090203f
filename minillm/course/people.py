"""Facts about people, each in English and in Chinese: where somebody lives, what they like, what they are.

    kalo lives in london .      卡洛 住 在 伦敦 。

The people are invented, and a fact follows from nothing but itself: a model knows it if it has read it. So one can tell a fact in one
language, and ask for it in the other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from minillm.objectives.rows import Rows
from minillm.ops import IGNORE

SYLLABLES = {
    "ka": "卡", "lo": "洛", "mi": "米", "na": "娜", "ru": "鲁", "si": "西",
    "te": "特", "vo": "沃", "da": "达", "be": "贝", "po": "波", "li": "丽",
}  # fmt: skip
NAMES = [(first + last, SYLLABLES[first] + SYLLABLES[last]) for first in SYLLABLES for last in SYLLABLES]

RELATIONS = {
    ("{name} lives in {what} .", "{name} 住 在 {what} 。"): {
        "london": "伦敦", "paris": "巴黎", "rome": "罗马", "cairo": "开罗",
        "oslo": "奥斯陆", "delhi": "德里", "tokyo": "东京", "lima": "利马",
    },
    ("{name} likes {what} .", "{name} 喜欢 {what} 。"): {
        "rice": "米饭", "bread": "面包", "fish": "鱼", "soup": "汤",
        "tea": "茶", "cake": "蛋糕", "milk": "牛奶", "fruit": "水果",
    },
    ("{name} is a {what} .", "{name} 是 {what} 。"): {
        "doctor": "医生", "teacher": "老师", "farmer": "农民", "painter": "画家",
        "nurse": "护士", "cook": "厨师", "driver": "司机", "writer": "作家",
    },
}  # fmt: skip


Words = list[str]


class Fact(NamedTuple):
    """One fact, as a list of words in each language; the last but one is what somebody may ask for."""

    english: Words
    chinese: Words


def write_facts(people: int = 100, seed: int = 0, *, shared_names: bool = False) -> list[Fact]:
    """Three facts about each of so many people, 144 at most, in a random order.

    With `shared_names` the Chinese sentence writes the name as English does; the facts of a seed are the same.
    """
    rng = np.random.default_rng(seed)
    facts = []
    for index in rng.permutation(len(NAMES))[:people]:
        name, chinese_name = NAMES[index]
        for (english, chinese), answers in RELATIONS.items():
            what = [*answers][rng.integers(len(answers))]
            there = chinese.format(name=name if shared_names else chinese_name, what=answers[what])
            facts.append(Fact(english.format(name=name, what=what).split(), there.split()))
    return [facts[index] for index in rng.permutation(len(facts))]


def tell(
    facts: Sequence[Fact], share: float, *, side_by_side: bool = False
) -> tuple[list[Words], list[tuple[Words, Words]]]:
    """The texts to learn from, and what was told in one language only, as pairs (as it was told, in the other language).

    The first `share` of the facts, 0 to 1, are told in both languages; `side_by_side` also as one text, a sentence and its translation.
    The others are told in English and in Chinese by turns.
    """
    both = round(share * len(facts))
    texts, once = [], []
    for place, fact in enumerate(facts):
        if place < both:
            texts += fact
            texts += [fact.english + fact.chinese, fact.chinese + fact.english] if side_by_side else []
        else:
            told, other = fact if place % 2 else fact[::-1]
            texts.append(told)
            once.append((told, other))
    return texts, once


def rows_of(texts: Sequence[Words], number: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Ids (N, T - 1) to read and targets (N, T - 1) to guess; T is the longest text, and what fills up the others is not asked.

    `number` has the id of each word.
    """
    rows = Rows.joined([np.array([number[word] for word in text]) for text in texts])
    ids = rows.padded(0)
    return ids[:, :-1], np.where(rows.real(), ids, IGNORE)[:, 1:]


def most_frequent(facts: Sequence[Fact]) -> float:
    """Per cent right of one who knows nobody, and always gives the most frequent answer of the kind that is asked for."""
    kinds: dict[str, Counter] = {}
    for fact in facts:
        kinds.setdefault(fact.english[-3], Counter())[fact.english[-2]] += 1
    return 100 * sum(max(answers.values()) for answers in kinds.values()) / len(facts)
