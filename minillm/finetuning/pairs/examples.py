"""Pairs of texts: a file with a source, a tab and its target in each line. What is read, and what is to be written."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.columns import form_of, read_columns
from minillm.finetuning.held_out import tenth_of
from minillm.text import name_of
from minillm.training.record import sha256_of
from minillm.visible import visible

FORM = form_of("source", "target")


class Pairs(NamedTuple):
    """Sources and their targets, in the same order, and in which line each pair stands, for messages."""

    sources: list[str]
    targets: list[str]
    lines: list[int]

    def chosen(self, places: Sequence[int] | np.ndarray) -> "Pairs":
        return Pairs(*([column[i] for i in places] for column in self))


class PairSplit(NamedTuple):
    """Pairs to train on, and held-out ones."""

    training: Pairs
    held_out: Pairs

    def words(self) -> str:
        """A held-out source, or the beginning of a long one, to try a model on."""
        return visible(" ".join(self.held_out.sources[0].split()[:60]))

    def sha256(self) -> str:
        texts = [[pairs.sources, pairs.targets] for pairs in self]
        return sha256_of(json.dumps(texts, ensure_ascii=False))


def read_pairs(path: str | Path) -> Pairs:
    """The pairs of a UTF-8 file; "-" is standard input. Blank lines, and a first line "source TAB target", are left out.

    InputError, with the number of the line, for one that is not a source, a tab and a target; and for a file without any.
    """
    pairs = Pairs([], [], [])
    for line in read_columns(path, "source", "target"):
        if not pairs.lines and (line.first.lower(), line.second.lower()) == ("source", "target"):
            continue
        pairs.sources.append(line.first)
        pairs.targets.append(line.second)
        pairs.lines.append(line.number)
    if not pairs.lines:
        raise InputError(f"{name_of(path)} has no pair.", FORM)
    return pairs


def split_pairs(pairs: Pairs, seed: int, path: str | Path) -> PairSplit:
    """The pairs to train on, and those of a tenth of the sources, drawn at random from the seed. `path` is what messages call them.

    A source that comes several times, with other targets perhaps, is on one side only: else a model could know the answer by heart.
    """
    remedy = "Give more pairs, or held-out pairs of their own: `dev` FILE.tsv."
    held = tenth_of(pairs.sources, seed, path, "source", remedy)
    return PairSplit(pairs.chosen(np.flatnonzero(~held)), pairs.chosen(np.flatnonzero(held)))


def read_pair_split(path: str | Path, dev: str | Path | None = None, seed: int = 0) -> PairSplit:
    """The pairs of a file, with those of the file `dev` as held-out ones, or without it a tenth of them."""
    pairs = read_pairs(path)
    return split_pairs(pairs, seed, name_of(path)) if dev is None else PairSplit(pairs, read_pairs(dev))
