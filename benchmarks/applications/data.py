"""The data that the applications are measured on, each cut into a part to learn from, one to choose by, and one to be judged by."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.pairs import Pairs, PairSplit
from minillm.finetuning.questions import Questions, read_questions

APT_HELPER = "/usr/lib/apt/apt-helper"  # which reads apt's lists, whatever they are packed with


class PairParts(NamedTuple):
    split: PairSplit
    test: Pairs


class ArticleQuestions(NamedTuple):
    questions: Questions
    articles: list[str]  # the title of each question's article


def pairs_of(sources: list[str], targets: list[str]) -> Pairs:
    return Pairs(sources, targets, [*range(1, 1 + len(sources))])


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def shares(groups: list[str], held_out: int, test: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The places of examples to train on, held out, and to test on: so many groups are held out, and so many more are for the test. A group
    is on one side only.
    """
    different = [*dict.fromkeys(groups)]
    drawn = np.random.default_rng(seed).permutation(len(different))
    side = {
        different[place]: 2 if rank < test else 1 if rank < test + held_out else 0 for rank, place in enumerate(drawn)
    }
    sides = np.array([side[group] for group in groups])
    return tuple(np.flatnonzero(sides == each) for each in range(3))


def firsts(places: np.ndarray, groups: list[str]) -> np.ndarray:
    """Of each group the first place."""
    return np.array([*{groups[place]: place for place in places[::-1]}.values()][::-1])


def multi30k(folder: Path) -> PairParts:
    """Captions of photographs, English to German, in the files of the repository multi30k/dataset, data/task1/raw, unpacked."""
    train, dev, test = (
        pairs_of(*(lines_of(folder / f"{part}.{language}") for language in ("en", "de")))
        for part in ("train", "val", "test_2016_flickr")
    )
    return PairParts(PairSplit(train, dev), test)


def tatoeba(folder: Path) -> PairParts:
    """Short sentences, English to Chinese: tatoeba.en-zh.txt, in each line both with a tab between.

    Translations of one English sentence are on one side of the split; in the test part the first of them counts.
    """
    rows = [line.split("\t")[:2] for line in lines_of(folder / "tatoeba.en-zh.txt")]
    pairs = pairs_of([row[0] for row in rows], [row[1] for row in rows])
    train, dev, test = shares(pairs.sources, held_out=500, test=1000)
    split = PairSplit(pairs.chosen(train), pairs.chosen(dev))
    return PairParts(split, pairs.chosen(firsts(test, pairs.sources)))


def stanzas(lists: Path, pattern: str) -> Iterator[dict[str, str]]:
    """The fields of each package in those of apt's lists that are so called."""
    found = sorted(lists.glob(pattern))
    if not found:
        raise InputError(f"{lists} has no list {pattern}.", "Run apt-get -o Acquire::Languages=en update.")
    for path in found:
        command = [APT_HELPER, "cat-file", str(path)]
        text = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
        for stanza in text.strip().split("\n\n"):
            yield dict(re.findall(r"^([\w-]+): (.*(?:\n .*)*)", stanza, re.MULTILINE))


def debian(lists: Path) -> PairParts:
    """Descriptions of Debian's packages, and their synopses: a line that a person wrote of each.

    Packages that are built from one source tell of the same: they are on one side, and in the test part the first stands for all. Of equal
    descriptions the first counts.
    """
    sources = {
        package["Package"]: package.get("Source", package["Package"]).split()[0]
        for package in stanzas(lists, "*_main_binary-*_Packages*")
    }
    found: dict[str, tuple[str, str]] = {}
    for package in stanzas(lists, "*_main_i18n_Translation-en*"):
        synopsis, *lines = package["Description-en"].replace("\t", " ").split("\n")
        description = " ".join(line.strip() for line in lines if line.strip() != ".")
        if description and synopsis.strip() and package["Package"] in sources:
            found.setdefault(description, (synopsis.strip(), sources[package["Package"]]))
    pairs = pairs_of([*found], [synopsis for synopsis, _ in found.values()])
    groups = [source for _, source in found.values()]
    train, dev, test = shares(groups, held_out=500, test=1000)
    split = PairSplit(pairs.chosen(train), pairs.chosen(firsts(dev, groups)))
    return PairParts(split, pairs.chosen(firsts(test, groups)))


def xquad(folder: Path) -> ArticleQuestions:
    """1,190 questions on the paragraphs of 48 articles, in SQuAD's form: xquad.en.json."""
    path = folder / "xquad.en.json"
    title_of = {
        asked["id"]: article["title"]
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    }
    questions = read_questions(path)
    return ArticleQuestions(questions, [title_of[each] for each in questions.ids])
