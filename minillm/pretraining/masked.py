"""Guess tokens that are hidden: BERT's way, the article's autoencoding pretraining. Devlin et al. 2019."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from minillm.generation.filling import fillings, token_for, with_hole
from minillm.models import EncoderConfig, MaskedLM
from minillm.objectives import MASKED, MaskedData, Objective, Sentences, line_starts, sentence_starts, word_starts
from minillm.pretraining.presets import REPAIRING
from minillm.pretraining.scores import fill_in_accuracy
from minillm.pretraining.task import Repairing, around, sizes_without
from minillm.text import SpecialTokens, Tokenizer
from minillm.text.special_tokens import CLS, MASK, PAD, SEP


@dataclass(frozen=True, kw_only=True)
class Masked(Repairing):
    """Guess tokens that are hidden, by an encoder with a head for masked words."""

    name = "masked"
    summary = "guess tokens that are hidden (BERT)"
    special_tokens = (PAD, MASK, CLS, SEP)
    trains = EncoderConfig
    defaults: ClassVar[dict] = {"tokenizer": "bpe", "ngram": 1, "norm": "pre"}
    laptop: ClassVar[dict] = REPAIRING | {
        "context": 32, "batch": 64, "steps": 2500, "positions": "sinusoidal",
        "rate": 0.3,  # twice BERT's: twice as much to learn from a step
    }  # fmt: skip

    rate: float = 0.15  # share of the tokens that are hidden
    whole_words: bool = False  # hide all tokens of a word, or none
    line_by_line: bool = False  # a piece is a line, and not a sentence

    def config(self, vocab_size: int, sizes: dict) -> EncoderConfig:
        return EncoderConfig(vocab_size, **sizes_without(sizes, EncoderConfig), token_types=0)

    def data(self, text: str, tokenizer: Tokenizer, *, held_out: bool = False) -> MaskedData:
        """As every way's; with `held_out` all of the text is to validate on."""
        ids = tokenizer.encode(text)
        piece_starts = line_starts if self.line_by_line else sentence_starts
        starts = piece_starts(ids, tokenizer), word_starts(ids, tokenizer)
        # Pieces of all lengths, as the texts to fill in are.
        pieces = Sentences(ids, self.context - 2, *starts, held_out=held_out)
        ordinary = np.setdiff1d(np.arange(tokenizer.vocab_size), [*tokenizer.special_tokens.values()])
        return MaskedData(pieces, SpecialTokens.of(tokenizer), ordinary, self.rate, self.whole_words)

    def objective(self) -> Objective:
        return MASKED

    def sample(self, model: MaskedLM, tokenizer: Tokenizer, words: str, seed: int) -> str:
        before, after = self._around(words)
        ids = with_hole(tokenizer, before, after, token_for(tokenizer, "mask_token"))
        room, hole = model.config.context - 2, len(tokenizer.encode(before))
        (best,) = fillings(model, tokenizer, ids[max(0, hole + 1 - room) :][:room], 4)
        return f"{self.example(words)}   " + ", ".join(f"{token.strip() or token!r} {p:.0%}" for token, p in best)

    def example(self, words: str) -> str:
        """The last word but one is hidden."""
        return MASK.join(self._around(words))

    def _around(self, words: str) -> tuple[str, str]:
        return around(words, max(words.count(" ") - 1, 0))

    def score(self, model: MaskedLM, data: MaskedData, tokenizer: Tokenizer) -> str:
        return fill_in_accuracy(model, data, tokenizer)
