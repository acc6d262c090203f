"""Restore damaged sentences (BART: Lewis et al. 2020), or write the spans that are hidden (T5: Raffel et al. 2020)."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from minillm.errors import InputError
from minillm.generation.filling import restored, with_hole
from minillm.models import EncoderDecoder, TransformerConfig
from minillm.objectives import (
    SEQUENCE_TO_SEQUENCE,
    DenoisingData,
    Objective,
    Sentences,
    SpanData,
    Windows,
    fitting_lengths,
    sentence_starts,
    word_starts,
)
from minillm.objectives.denoise import RATES
from minillm.pretraining.presets import REPAIRING
from minillm.pretraining.scores import restored_sentences, token_accuracy
from minillm.pretraining.task import Repairing, around, sizes_without
from minillm.text import SpecialTokens, Tokenizer
from minillm.text.special_tokens import BOS, EOS, MASK, PAD, SENTINELS


@dataclass(frozen=True, kw_only=True)
class Restoring(Repairing):
    """What both have in common: the article's Transformer reads the damaged text and writes an answer."""

    trains = TransformerConfig
    defaults: ClassVar[dict] = {"tokenizer": "bpe", "ngram": 1}
    laptop: ClassVar[dict] = REPAIRING | {"context": 48, "batch": 48, "steps": 2000, "lr": 5e-3}

    def config(self, vocab_size: int, sizes: dict) -> TransformerConfig:
        sizes = {"activation": "gelu", "norm": "pre", "tie_head": True, "dropout": 0.0} | sizes
        if sizes.pop("positions", "sinusoidal") != "sinusoidal":
            raise InputError("A Transformer's positions are sinusoidal.", "Leave `positions` out.")
        sizes.pop("context", None)  # sinusoidal positions have no end
        sizes = sizes_without(sizes, TransformerConfig)
        return TransformerConfig(vocab_size, **{"d_ff": 4 * sizes["d_model"]} | sizes)

    def objective(self) -> Objective:
        return SEQUENCE_TO_SEQUENCE

    def sample(self, model: EncoderDecoder, tokenizer: Tokenizer, words: str, seed: int) -> str:
        return f"{self.example(words)} -> {restored(model, tokenizer, self.damaged(tokenizer, words))}"

    @abstractmethod
    def damaged(self, tokenizer: Tokenizer, words: str) -> np.ndarray:
        """The ids of the example that these words make. What stands in them is text, even a name such as </s>."""


@dataclass(frozen=True, kw_only=True)
class Denoise(Restoring):
    """Restore damaged sentences, by an encoder-decoder."""

    name = "denoise"
    summary = "restore damaged sentences (BART)"
    special_tokens = (PAD, MASK, BOS, EOS)

    noise: str = "delete"  # one of RATES
    rate: float | None = None  # share of the words that are damaged; None is what is usual for the noise

    def __post_init__(self):
        if self.noise not in RATES:
            raise InputError(f"There is no noise {self.noise!r}.", f"Choose one of {', '.join(RATES)}.")

    def data(self, text: str, tokenizer: Tokenizer) -> DenoisingData:
        ids = tokenizer.encode(text)
        pieces = Sentences(ids, self.context - 1, sentence_starts(ids, tokenizer), word_starts(ids, tokenizer))
        rate = RATES[self.noise] if self.rate is None else self.rate
        return DenoisingData(pieces, SpecialTokens.of(tokenizer), self.noise, rate)

    def example(self, words: str) -> str:
        """The word in the middle is left out."""
        parts = words.split(" ")
        return " ".join(parts[: len(parts) // 2] + parts[len(parts) // 2 + 1 :]) or words

    def damaged(self, tokenizer: Tokenizer, words: str) -> np.ndarray:
        return tokenizer.encode(self.example(words))

    def score(self, model: EncoderDecoder, data: DenoisingData, tokenizer: Tokenizer) -> str:
        return restored_sentences(model, data, tokenizer)


@dataclass(frozen=True, kw_only=True)
class Span(Restoring):
    """Write the spans that are hidden, by an encoder-decoder."""

    name = "span"
    summary = "write the spans that are hidden (T5)"
    special_tokens = (PAD, BOS, EOS, *SENTINELS)

    rate: float = 0.15  # share of the tokens that are hidden

    def data(self, text: str, tokenizer: Tokenizer) -> SpanData:
        length, _ = fitting_lengths(self.context, self.rate)
        return SpanData(Windows(tokenizer.encode(text), length), SpecialTokens.of(tokenizer), self.rate)

    def example(self, words: str) -> str:
        """The word in the middle is hidden."""
        return SENTINELS[0].join(self._around(words))

    def damaged(self, tokenizer: Tokenizer, words: str) -> np.ndarray:
        return with_hole(tokenizer, *self._around(words), tokenizer.special_tokens[SENTINELS[0]])

    def _around(self, words: str) -> tuple[str, str]:
        return around(words, (words.count(" ") + 1) // 2)

    def score(self, model: EncoderDecoder, data: SpanData, tokenizer: Tokenizer) -> str:
        return token_accuracy(model, data, tokenizer)
