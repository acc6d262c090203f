"""Span corruption (T5): replace spans of the text by numbered sentinels, and write down what each of them stands for."""

import numpy as np

from minillm.errors import InputError
from minillm.objectives.corrupted import check_share
from minillm.objectives.pieces import Pieces
from minillm.objectives.rows import Rows, Texts, choose
from minillm.objectives.sequence_to_sequence import SequenceToSequenceData
from minillm.text.special_tokens import SpecialTokens


def noise_counts(lengths: np.ndarray, density: float = 0.15, mean: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens of texts of these lengths (B,) are noise, and in how many spans: at least one, and never all of a text.

    noise = round(density · length), spans = round(noise / mean). Of a single token nothing can be hidden: 0 and 0.
    """
    noise = np.clip(np.rint(density * lengths), 1, lengths - 1)
    spans = np.clip(np.rint(noise / mean), 1, np.minimum(noise, lengths - noise))
    return noise.astype(np.int64), spans.astype(np.int64)


def noise_spans(rng: np.random.Generator, lengths: np.ndarray, density: float = 0.15, mean: float = 3.0) -> np.ndarray:
    """Which tokens of texts of these lengths (B,) are noise: boolean (B, T).

    Clear and noisy spans take turns, and both kinds are cut at random. A clear one comes first, so that the text ends in noise; a text of
    a single span always loses its end, and long ones are better. Raffel et al. 2020, section 3.3.4, and their `random_spans_noise_mask`.
    """
    noise, spans = noise_counts(lengths, density, mean)
    clear, noisy = segments(rng, lengths - noise, spans), segments(rng, noise, spans)
    turns = np.stack([clear, noisy], axis=2).ravel()
    return Rows(np.repeat(np.arange(len(turns)) % 2 == 1, turns), lengths).padded(False)


def segments(rng: np.random.Generator, items: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Cut each number of items (B,) into count (B,) parts of at least one, every way alike: the parts' sizes (B, K), then zeros."""
    place = np.arange(items.max())
    cuts = choose(rng, place[1:] < items[:, None], count - 1)
    part = np.zeros((len(items), len(place)), np.int64)
    cuts.cumsum(axis=1, out=part[:, 1:])
    most = max(count.max(), 1)
    cells = part + most * np.arange(len(items))[:, None]
    return np.bincount(cells[place < items[:, None]], minlength=len(items) * most).reshape(-1, most)


def replace_by_sentinels(texts: Texts, noise: np.ndarray, sentinels: np.ndarray) -> Rows:
    """The texts with every run of noise (B, T), boolean, replaced by one sentinel: the first run by sentinels[0], and so on."""
    first = noise.copy()
    first[:, 1:] &= ~noise[:, :-1]
    ids = np.where(first, sentinels[np.maximum(first.cumsum(axis=1) - 1, 0)], texts.ids)
    return Rows.select(ids, texts.real & (first | ~noise))


def fitting_lengths(source: int, density: float = 0.15, mean: float = 3.0) -> tuple[int, int]:
    """The longest text whose corrupted form, eos included, has at most `source` tokens, and the length of its targets, with eos.

    T5's `random_spans_helper`: 512 tokens of source are made of 568 tokens of text, with 114 targets.
    """
    length = 2
    while _lengths_after(length + 1, density, mean)[0] <= source:
        length += 1
    return length, _lengths_after(length, density, mean)[1]


def _lengths_after(length: int, density: float, mean: float) -> tuple[int, int]:
    noise, spans = (int(count) for count in noise_counts(np.array(length), density, mean))
    return length - noise + spans + 1, noise + spans + 1


class SpanData(SequenceToSequenceData):
    """Batches for `sequence_to_sequence`: "Thank you X me to Y week" as source, and "X for inviting Y your party last" as target.

    Sources of `context` tokens are made of pieces of `fitting_lengths(context, density, mean)[0]`.
    """

    def __init__(self, pieces: Pieces, special: SpecialTokens, density: float = 0.15, mean: float = 3.0):
        special.require("sentinels")
        check_share("density", density)
        if mean < 1:
            raise InputError(
                f"Spans of {mean} tokens on average are too short.", "Give a mean of 1 or more; 3 is usual."
            )
        super().__init__(pieces, special)
        self.density, self.mean = density, mean
        self._sentinels = np.array(special.sentinels)
        needed = int(noise_counts(np.array(pieces.longest), density, mean)[1])
        if needed > len(self._sentinels):
            raise ValueError(
                f"pieces of {pieces.longest} tokens get up to {needed} spans, but there are {len(self._sentinels)} sentinels"
            )

    def corrupt(self, rng: np.random.Generator, texts: Texts) -> tuple[Rows, Rows]:
        noise = noise_spans(rng, texts.lengths(), self.density, self.mean)
        source = replace_by_sentinels(texts, noise, self._sentinels)
        return source, replace_by_sentinels(texts, texts.real & ~noise, self._sentinels)
