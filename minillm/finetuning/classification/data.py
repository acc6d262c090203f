"""From labelled texts to batches."""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minillm.finetuning.batches import LikeLengths
from minillm.objectives.rows import Rows, by_length
from minillm.text import Tokenizer, with_cls_and_sep


class Tokens(NamedTuple):
    """Texts as a classifier reads them."""

    rows: list[np.ndarray]  # the ids of each, int64 (T,), at most as many as the model sees at once
    cut: int  # texts that were longer than that
    dropped: int  # characters that the tokenizer doesn't know, and that were left out


def tokenize(texts: Sequence[str], tokenizer: Tokenizer, context: int | None = None) -> Tokens:
    """A tokenizer with [CLS] and [SEP] puts them around every text, and one with `start_tokens` puts these in front, since that is how its
    model has read texts so far. A name such as [SEP] in a text is text.

    A text of more tokens than the context loses its end. A character tokenizer knows the characters of the text that it was made for;
    others are left out.
    """
    framed = None not in (tokenizer.role("cls_token"), tokenizer.role("sep_token"))
    room = sys.maxsize if context is None else context - (2 if framed else len(tokenizer.start_tokens))
    rows, cut, dropped = [], 0, 0
    for text in texts:
        readable = tokenizer.readable(text)
        dropped += len(text) - len(readable)
        ids = tokenizer.encode(readable)
        cut += len(ids) > room
        ids = ids[:room]
        ids = with_cls_and_sep(tokenizer, ids)[0] if framed else tokenizer.with_start_tokens(ids)
        rows.append(ids.astype(np.int64))
    return Tokens(rows, cut, dropped)


def padded(rows: Sequence[np.ndarray], pad: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of different lengths -> ids (B, T), T the longest, and mask (B, T), boolean, True = real token."""
    joined = Rows.joined(rows)
    return joined.padded(pad).astype(np.int64, copy=False), joined.real()


class TextBatch(NamedTuple):
    """B texts, each of a class."""

    inputs: np.ndarray  # (B, T) int64
    mask: np.ndarray  # (B, T) boolean, True = real token
    labels: np.ndarray  # (B,) int64


class TextData:
    """Batches for `classification`: texts drawn at random, those of a batch of a like length."""

    def __init__(
        self,
        rows: Sequence[np.ndarray],
        labels: np.ndarray,
        held_out: Sequence[np.ndarray],
        held_out_labels: np.ndarray,
        pad: int,
    ):
        self.rows, self.labels, self.pad = rows, labels, pad
        self.held_out, self.held_out_labels = held_out, held_out_labels
        self._drawn = LikeLengths([len(row) for row in rows])

    def batch(self, rng: np.random.Generator, size: int) -> TextBatch:
        chosen = self._drawn.draw(rng, size)
        return TextBatch(*padded([self.rows[i] for i in chosen], self.pad), self.labels[chosen])

    def validation_batches(self, size: int) -> Iterator[TextBatch]:
        """All held-out texts, the shortest first."""
        for chosen in by_length(self.held_out, size):
            yield TextBatch(*padded([self.held_out[i] for i in chosen], self.pad), self.held_out_labels[chosen])
