"""Sentences in English, and the same in Chinese: what somebody bought, found or lost, where, and when.

    the child who bought two red umbrellas met the doctor at the station yesterday .
    买了两把红色的雨伞的孩子昨天在车站遇见了医生。

Word for word this can't be done. Chinese names the time and the place before the verb, and what English says with `who`, behind a noun,
stands in front of it. Between a number and a noun comes a measure word, which is the noun's own: 两把雨伞, 两本书. English doesn't say it.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

PEOPLE = {
    "child": "孩子",
    "farmer": "农民",
    "teacher": "老师",
    "doctor": "医生",
    "student": "学生",
    "neighbour": "邻居",
    "nurse": "护士",
    "painter": "画家",
}
THINGS = {  # one, several; what it is called, and what it is counted with
    ("book", "books"): ("书", "本"),
    ("letter", "letters"): ("信", "封"),
    ("map", "maps"): ("地图", "张"),
    ("table", "tables"): ("桌子", "张"),
    ("picture", "pictures"): ("画", "幅"),
    ("chair", "chairs"): ("椅子", "把"),
    ("umbrella", "umbrellas"): ("雨伞", "把"),
    ("shirt", "shirts"): ("衬衫", "件"),
    ("skirt", "skirts"): ("裙子", "条"),
    ("car", "cars"): ("汽车", "辆"),
    ("pen", "pens"): ("笔", "支"),
    ("box", "boxes"): ("盒子", "个"),
    ("cat", "cats"): ("猫", "只"),
    ("bird", "birds"): ("鸟", "只"),
    ("horse", "horses"): ("马", "匹"),
    ("fish", "fish"): ("鱼", "条"),
}
ANIMALS = ("cat", "bird", "horse", "fish")
NUMBERS = {"a": "一", "two": "两", "three": "三", "four": "四", "five": "五", "seven": "七", "ten": "十"}
ADJECTIVES = {
    "big": "大",
    "small": "小",
    "old": "旧",  # of animals 老
    "new": "新",
    "red": "红色的",
    "white": "白色的",
    "beautiful": "漂亮的",
    "strange": "奇怪的",
}
VERBS = {  # what one does with things
    "bought": "买了",
    "sold": "卖了",
    "found": "找到了",
    "drew": "画了",
    "saw": "看见了",
    "lost": "丢了",
    "borrowed": "借了",
    "stole": "偷了",
}
MEETINGS = {  # what one does with people
    "met": "遇见了",
    "helped": "帮助了",
    "thanked": "感谢了",
    "recognised": "认出了",
}
PLACES = {
    "at home": "在家里",
    "at the station": "在车站",
    "in the park": "在公园里",
    "in the garden": "在花园里",
    "in the market": "在市场上",
    "by the river": "在河边",
}
TIMES = {
    "yesterday": "昨天",
    "this morning": "今天早上",
    "last night": "昨天晚上",
    "last week": "上个星期",
    "last month": "上个月",
    "on monday": "星期一",
}


class Translation(NamedTuple):
    """A sentence in English, words with a space between two, and in Chinese, characters without."""

    english: str
    chinese: str


def is_held_out(word: str, thing: str) -> bool:
    """Whether a verb or an adjective never stands with this thing, in the singular, where `unseen` is False.

    Every eighth pair: each thing lacks one verb and one adjective, each verb and each adjective lacks two things.
    """
    place = [one for one, _ in THINGS].index(thing)
    if word in VERBS:
        return (list(VERBS).index(word) + place) % len(VERBS) == 0
    return (list(ADJECTIVES).index(word) + place) % len(ADJECTIVES) == 6


def write_translations(
    count: int, seed: int = 0, *, depths: Sequence[int] = (0, 1), unseen: bool = False
) -> list[Translation]:
    """That many sentences and their translations. A sentence of depth 2 is about `the nurse who met the child who lost a pen`: as many
    clauses stand in each other; depths are equally frequent.

    `unseen` False: no verb and no adjective stands with a thing with which it is held out (`is_held_out`). True: at least one does.
    """
    rng = np.random.default_rng(seed)
    written: list[Translation] = []
    while len(written) < count:
        writer = _Writer(rng)
        sentence = writer.sentence(depths[rng.integers(len(depths))])
        if writer.unseen == unseen:
            written.append(sentence)
    return written


class _Writer:
    """Writes one sentence, each part of it in both languages, and remembers whether a combination in it is held out."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.unseen = False

    def sentence(self, depth: int) -> Translation:
        who, does = self._person(depth), self._predicate()
        where, when = self._entry(PLACES), self._entry(TIMES)
        return Translation(
            f"{who.english} {does.english} {where.english} {when.english} .",
            f"{who.chinese}{when.chinese}{where.chinese}{does.chinese}。",
        )

    def _person(self, depth: int) -> Translation:
        english, chinese = self._entry(PEOPLE)
        if depth == 0:
            return Translation(f"the {english}", chinese)
        does = self._predicate() if depth == 1 else self._meeting(depth - 1)
        return Translation(f"the {english} who {does.english}", f"{does.chinese}的{chinese}")

    def _predicate(self) -> Translation:
        """Three in four are about things."""
        return self._deed() if self.rng.integers(4) else self._meeting(0)

    def _meeting(self, depth: int) -> Translation:
        verb, whom = self._entry(MEETINGS), self._person(depth)
        return Translation(f"{verb.english} {whom.english}", verb.chinese + whom.chinese)

    def _deed(self) -> Translation:
        """Half of the things have an adjective."""
        verb, number = self._entry(VERBS), self._entry(NUMBERS)
        (one, several), (thing, measure) = self._one(THINGS)
        self.unseen |= is_held_out(verb.english, one)
        words, adjective = [one if number.english == "a" else several], ""
        if self.rng.integers(2):
            english, adjective = self._entry(ADJECTIVES)
            self.unseen |= is_held_out(english, one)
            words.insert(0, english)
            if english == "old" and one in ANIMALS:
                adjective = "老"
        article = "an" if number.english == "a" and words[0][0] in "aeiou" else number.english
        return Translation(
            " ".join([verb.english, article, *words]), verb.chinese + number.chinese + measure + adjective + thing
        )

    def _entry(self, table: Mapping[str, str]) -> Translation:
        return Translation(*self._one(table))

    def _one(self, table: Mapping) -> tuple:
        """An entry of a table, all alike frequent."""
        return [*table.items()][self.rng.integers(len(table))]


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m minillm.course.translations",
        description="Write sentences to stdout, in each line one in English, a tab, and its translation.",
    )
    parser.add_argument("--count", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed writes other ones (default: %(default)s)")
    parser.add_argument("--unseen", action="store_true", help="with words together that never are without this option")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for sentence in write_translations(options.count, options.seed, unseen=options.unseen):
        print(f"{sentence.english}\t{sentence.chinese}")


if __name__ == "__main__":
    _main()
