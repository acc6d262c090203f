"""Labelled texts: a file with a text, a tab and a label in each line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.columns import Line, form_of, read_columns
from minillm.finetuning.held_out import HELD_OUT
from minillm.text import name_of
from minillm.training.record import sha256_of
from minillm.visible import visible

FORM = form_of("text", "label")


class Examples(NamedTuple):
    """Texts and their labels, in the same order."""

    texts: list[str]
    labels: list[str]

    def chosen(self, places: Sequence[int] | np.ndarray) -> "Examples":
        return Examples([self.texts[i] for i in places], [self.labels[i] for i in places])


class Split(NamedTuple):
    """Texts to train on, held-out ones, and the labels that both may have: class number i is the i-th."""

    training: Examples
    held_out: Examples
    classes: list[str]

    def words(self) -> str:
        """Those that a held-out text begins with, to try a classifier on."""
        return " ".join(visible(self.held_out.texts[0]).split()[:12])

    def sha256(self) -> str:
        return sha256_of(json.dumps([self.training, self.held_out], ensure_ascii=False))


def read_examples(path: str | Path) -> Examples:
    """The labelled texts of a UTF-8 file; "-" is standard input. Blank lines, and a first line that names a column "label", are left out.

    InputError, with the number of the line, for one that is not a text, a tab and a label; and for a file without any.
    """
    lines = labelled_lines(path)
    return Examples([line.first for line in lines], [line.second for line in lines])


def labelled_lines(path: str | Path) -> list[Line]:
    """The same, each with its number in the file."""
    lines = list(read_columns(path, "text", "label"))
    if lines and lines[0].second.lower() == "label":
        del lines[0]
    if not lines:
        raise InputError(f"{name_of(path)} has no labelled text.", FORM)
    return lines


def classes_of(examples: Examples, path: str | Path) -> list[str]:
    """The labels, sorted, each once: class number i is the i-th. InputError unless there are two or more, and fewer than texts."""
    classes = sorted(set(examples.labels))
    if len(classes) < 2:
        there = f"only one label, {classes[0]!r}" if classes else "no labelled text"
        raise InputError(f"{path} has {there}.", "To tell classes apart takes texts of two or more.")
    if len(classes) > 2 and 2 * len(classes) > len(examples.labels):
        raise InputError(
            f"{path} has {len(classes):,} different labels in {len(examples.labels):,} lines.",
            f"{FORM} Are the columns the other way round?",
        )
    return classes


def numbers_of(examples: Examples, classes: Sequence[str], path: str | Path) -> np.ndarray:
    """The number of each text's class, int64 (N,); InputError for a label that is none of the classes."""
    number = {label: i for i, label in enumerate(classes)}
    if unknown := [label for label in examples.labels if label not in number]:
        raise InputError(
            f"{path} has the label {unknown[0]!r}, which no training text has.",
            f"The classes are {', '.join(classes[:10])}{' ...' if len(classes) > 10 else ''}.",
        )
    return np.array([number[label] for label in examples.labels], np.int64)


def hold_out(examples: Examples, seed: int, path: str | Path) -> tuple[Examples, Examples]:
    """The texts to train on, and a tenth to validate on: one in ten of each class, drawn at random from the seed."""
    order = np.random.default_rng(seed).permutation(len(examples.texts))
    seen: dict[str, int] = {}
    held = np.zeros(len(order), bool)
    for place in order:
        label = examples.labels[place]
        seen[label] = seen.get(label, 0) + 1
        held[place] = seen[label] % HELD_OUT == 0
    if not held.any():
        raise InputError(
            f"{path} has fewer than {HELD_OUT} texts of each class, too few to hold a tenth out.",
            "Give more of them, or held-out texts of their own: `dev` FILE.tsv.",
        )
    return examples.chosen(np.flatnonzero(~held)), examples.chosen(np.flatnonzero(held))


def split(examples: Examples, seed: int, path: str | Path) -> Split:
    """Examples of which a tenth is held out; `path` is what messages call them."""
    classes = classes_of(examples, path)  # first: of what are no labels there are always too few each to hold some out
    return Split(*hold_out(examples, seed, path), classes)


def read_split(path: str | Path, dev: str | Path | None = None, seed: int = 0) -> Split:
    """The labelled texts of a file, with those of the file `dev` as held-out ones, or without it a tenth of them."""
    examples = read_examples(path)
    if dev is None:
        return split(examples, seed, name_of(path))
    held_out, classes = read_examples(dev), classes_of(examples, name_of(path))
    numbers_of(held_out, classes, name_of(dev))
    return Split(examples, held_out, classes)
