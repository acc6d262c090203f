"""Denoising: damage a text, and have it restored. The article's example: from "The is on the table", write "The cat is on the table".

The noises are those of BART (Lewis et al. 2020, section 2.2), their recipes those of its code (fairseq, `denoising_dataset.py`). The
target is always the whole text.
"""

import numpy as np

from minillm.errors import InputError
from minillm.objectives.corrupted import check_share
from minillm.objectives.pieces import Pieces
from minillm.objectives.rows import Rows, Texts, choose, shuffled
from minillm.objectives.sequence_to_sequence import SequenceToSequenceData
from minillm.text.special_tokens import SpecialTokens

# The noises, and the usual share of words that each one hits. Words are deleted as by Lample et al. 2018, section 2.3.
RATES = {"delete": 0.1, "mask": 0.15, "infill": 0.3}


def budget(texts: Texts, rate: float) -> np.ndarray:
    """How many words of each text are to be hit, (B,): rate of them, rounded up."""
    return np.ceil(rate * texts.words().sum(axis=1)).astype(np.int64)


def delete_words(rng: np.random.Generator, texts: Texts, rate: float) -> Rows:
    """The texts without some of their words, ⌈rate · words⌉ of each, but never all of them.

    Nothing tells where a word is missing: that too must be found out.
    """
    words = texts.words()
    deleted = choose(rng, words, np.minimum(budget(texts, rate), words.sum(axis=1) - 1))
    return Rows.select(texts.ids, texts.real & ~texts.of_words(deleted))


def mask_words(rng: np.random.Generator, texts: Texts, rate: float, mask: int) -> Rows:
    """The texts with ⌈rate · words⌉ words of each replaced, every one of them by a single mask, however many tokens it had."""
    words = texts.words()
    return replace_spans(texts, choose(rng, words, budget(texts, rate)).astype(np.int64), mask)


def infill(
    rng: np.random.Generator, texts: Texts, rate: float, mask: int, mean: float = 3.0, longest: int | None = None
) -> Rows:
    """The texts with spans of words replaced, each by a single mask, so that it must be found out how many words are missing.

    Lengths come from a Poisson distribution until they add up to ⌈rate · words⌉, the last one cut short. A span of length 0 hides nothing:
    it puts a mask where no word is missing. Spans begin at random words; those that meet hide less together. As many empty spans as would
    make a source of more than `longest` tokens are left out.
    """
    lengths = span_lengths(rng, budget(texts, rate), mean)
    empty = (lengths == 0).sum(axis=1)
    lengths = Rows.select(lengths, lengths > 0).padded(0)
    words = texts.words()
    spans = np.zeros(words.shape, np.int64)
    np.put_along_axis(spans, shuffled(rng, words)[:, : lengths.shape[1]], lengths, axis=1)
    rows = replace_spans(texts, spans, mask)
    return insert_masks(rng, rows, empty if longest is None else np.minimum(empty, longest - rows.lengths), mask)


def span_lengths(rng: np.random.Generator, total: np.ndarray, mean: float) -> np.ndarray:
    """Poisson lengths (B, M) that add up to total (B,) in each row, the last one cut short; -1 after that."""
    lengths = rng.poisson(mean, (len(total), total.max()))
    while (lengths.sum(axis=1) < total).any():
        lengths = np.concatenate([lengths, rng.poisson(mean, lengths.shape)], axis=1)
    left = total[:, None] - lengths.cumsum(axis=1) + lengths  # before this span
    return np.where(left > 0, np.minimum(lengths, left), -1)


def replace_spans(texts: Texts, spans: np.ndarray, mask: int) -> Rows:
    """Hide spans[b, w] words of text b from word w on, and put one mask in their place; spans (B, W), where 0 hides nothing.

    A span that begins in another one has no mask of its own, and none reaches beyond its text.
    """
    place = np.arange(spans.shape[1])
    ends = np.where(spans > 0, place + spans, 0)
    reach = np.maximum.accumulate(ends, axis=1)  # of the spans that began up to here
    hidden = reach > place
    inside = np.zeros_like(hidden)
    inside[:, 1:] = reach[:, :-1] > place[1:]
    shown = texts.starts_word & texts.of_words((spans > 0) & ~inside)
    ids = np.where(shown, mask, texts.ids)
    return Rows.select(ids, texts.real & (shown | ~texts.of_words(hidden)))


def insert_masks(rng: np.random.Generator, rows: Rows, count: np.ndarray, mask: int) -> Rows:
    """Each row with count (B,) masks more, anywhere in it."""
    lengths = rows.lengths + count
    real = np.arange(lengths.max()) < lengths[:, None]
    inserted = choose(rng, real, count)
    ids = np.full(real.shape, mask, rows.values.dtype)
    ids[real & ~inserted] = rows.values
    return Rows.select(ids, real)


class DenoisingData(SequenceToSequenceData):
    """Batches for `sequence_to_sequence`: damaged texts as sources, the texts as they were as targets.

    `noise` is "delete", "mask" or "infill", and `rate` the share of words that it hits. Pieces of `context` - 1 tokens fill a context: eos,
    or bos, comes with them.
    """

    def __init__(self, pieces: Pieces, special: SpecialTokens, noise: str = "delete", rate: float | None = None):
        if noise not in RATES:
            raise InputError(f"There is no noise {noise!r}.", f"Choose one of {', '.join(RATES)}.")
        if noise != "delete":
            special.require("mask")
        super().__init__(pieces, special)
        self.noise, self.rate = noise, RATES[noise] if rate is None else rate
        check_share("rate", self.rate)

    def corrupt(self, rng: np.random.Generator, texts: Texts) -> tuple[Rows, Rows]:
        return self._damage(rng, texts), Rows.select(texts.ids, texts.real)

    def _damage(self, rng: np.random.Generator, texts: Texts) -> Rows:
        if self.noise == "delete":
            return delete_words(rng, texts, self.rate)
        if self.noise == "mask":
            return mask_words(rng, texts, self.rate, self.special.mask)
        return infill(rng, texts, self.rate, self.special.mask, longest=self.pieces.longest)
