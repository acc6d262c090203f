"""From pairs of texts to batches."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.batches import LikeLengths
from minillm.finetuning.pairs.examples import Pairs, PairSplit
from minillm.generation.filling import as_source
from minillm.models import EncoderDecoder
from minillm.objectives.rows import Rows, by_length
from minillm.objectives.sequence_to_sequence import SequenceBatch, sequence_batch
from minillm.text import SpecialTokens, Tokenizer
from minillm.units import count


class PairRows(NamedTuple):
    """The pairs that can be learned from, as tokens without their ends; and what had to be left out, by its line."""

    pairs: Pairs
    sources: list[np.ndarray]  # the ids of each, int64 (T,)
    targets: list[np.ndarray]
    same: list[int]  # pairs left out, since both sides are the same
    unknown: list[int]  # pairs left out, since the tokenizer knows nothing of a side
    long: list[int]  # pairs left out, since a side has too many tokens
    cut: list[int]  # sources that lost their end
    dropped: int  # characters that the tokenizer doesn't know, and that were left out

    def longest(self) -> int:
        """Tokens of the longest side, its end among them."""
        return 1 + max(map(len, [*self.sources, *self.targets]))

    def left_out(self, context: int) -> Iterator[str]:
        """What of the pairs nothing is learned from, in words, with the first line of each kind."""
        first = "the first in line {:,}"
        if self.same:
            yield f"{count(len(self.same), 'pair')} of two equal sides left out, {first.format(self.same[0])}"
        if self.unknown:
            what = count(len(self.unknown), "pair")
            yield f"{what} with a side that the model's tokenizer knows nothing of left out, {first.format(self.unknown[0])}"
        if self.long:
            what = f"{count(len(self.long), 'pair')} {'with a target' if self.cut else 'with a side'}"
            yield f"{what} of more than {context} tokens left out, {first.format(self.long[0])}"
        if self.cut:
            what = count(len(self.cut), "source")
            yield f"{what} of more than {context} tokens cut to that, {first.format(self.cut[0])}"
        if self.dropped:
            yield f"{count(self.dropped, 'character')} that the model's tokenizer does not know left out"


def tokenize_pairs(pairs: Pairs, tokenizer: Tokenizer, context: int, *, cut: bool = False) -> PairRows:
    """Pairs whose sides have at most `context` tokens, their ends among them. With `cut` a longer source loses its end; a target never.

    A pair of two equal sides is left out: a model that sees them learns to copy, and a few are enough (Khayrallah & Koehn 2018).
    So is one with a side of which the tokenizer knows no character but white space. InputError if no pair is left.
    """
    rows = PairRows(Pairs([], [], []), [], [], [], [], [], [], 0)
    places, dropped = [], 0
    for place, (source, target, line) in enumerate(zip(*pairs, strict=True)):
        if source == target:
            rows.same.append(line)
            continue
        readable = [tokenizer.readable(text) for text in (source, target)]
        if not all(text.strip() for text in readable):
            rows.unknown.append(line)
            continue
        dropped += len(source) + len(target) - sum(map(len, readable))
        ids = [tokenizer.encode(text).astype(np.int64) for text in readable]
        loses_its_end = cut and len(ids[0]) >= context
        if loses_its_end:
            ids[0] = ids[0][: context - 1]
        if max(map(len, ids)) >= context:
            rows.long.append(line)
            continue
        if loses_its_end:
            rows.cut.append(line)
        places.append(place)
        rows.sources.append(ids[0])
        rows.targets.append(ids[1])
    if not places:
        raise InputError(
            f"No pair can be learned from: of {len(pairs.lines):,}, {len(rows.same):,} have two equal sides, {len(rows.unknown):,} "
            f"a side that the tokenizer knows nothing of, and {len(rows.long):,} a side of more than {context} tokens.",
            "Give other pairs, or a longer `context`." if rows.long else "Give other pairs.",
        )
    return rows._replace(pairs=pairs.chosen(places), dropped=dropped)


class PairParts(NamedTuple):
    """Pairs to train on, and held-out ones."""

    training: PairRows
    held_out: PairRows

    def longest(self) -> int:
        return max(part.longest() for part in self)


def tokenize_split(split: PairSplit, tokenizer: Tokenizer, context: int, *, cut: bool = False) -> PairParts:
    return PairParts(*(tokenize_pairs(pairs, tokenizer, context, cut=cut) for pairs in split))


def ends_of(model: EncoderDecoder, tokenizer: Tokenizer) -> SpecialTokens:
    """What a model's sources and targets end with, and what its answers start with: the same as when it writes."""
    (end,), start = as_source(model, tokenizer, np.array([], np.int64))
    padding = int(end == 0)  # nobody looks at it: any token but the end will do
    return SpecialTokens(pad=padding, bos=start, eos=int(end))


class PairData:
    """Batches for `sequence_to_sequence`: pairs drawn at random, those of a batch of a like length."""

    def __init__(self, training: PairRows, held_out: PairRows, special: SpecialTokens):
        self.training, self.held_out, self.special = training, held_out, special
        sides = zip(training.sources, training.targets, strict=True)
        self._drawn = LikeLengths([len(source) + len(target) for source, target in sides])

    def batch(self, rng: np.random.Generator, size: int) -> SequenceBatch:
        return self._batch(self.training, self._drawn.draw(rng, size))

    def validation_batches(self, size: int) -> Iterator[SequenceBatch]:
        """All held-out pairs, those with the shortest sources first."""
        for chosen in by_length(self.held_out.sources, size):
            yield self._batch(self.held_out, chosen)

    def _batch(self, rows: PairRows, chosen: np.ndarray) -> SequenceBatch:
        sides = ([side[i] for i in chosen] for side in (rows.sources, rows.targets))
        return sequence_batch(*map(Rows.joined, sides), self.special)
