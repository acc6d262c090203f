"""Guess the next token: the article's autoregressive pretraining."""

from dataclasses import dataclass

import numpy as np

from minillm.generation import continuation, generate
from minillm.models import GPT, GPTConfig
from minillm.objectives import CAUSAL, Data, Objective
from minillm.pretraining.task import Pretraining
from minillm.text import Corpus, Tokenizer


@dataclass(frozen=True, kw_only=True)
class Causal(Pretraining):
    """Guess the next token, by a GPT."""

    name = "causal"
    summary = "guess the next token"
    trains = GPTConfig

    def config(self, vocab_size: int, sizes: dict) -> GPTConfig:
        return GPTConfig(vocab_size, **sizes)

    def data(self, text: str, tokenizer: Tokenizer) -> Data:
        return Corpus(tokenizer.encode(text), self.context)

    def tokens(self, data: Corpus) -> tuple[np.ndarray, np.ndarray]:
        return data.train, data.validation

    def objective(self) -> Objective:
        return CAUSAL

    def sample(self, model: GPT, tokenizer: Tokenizer, words: str, seed: int) -> str:
        prompt = tokenizer.encode(words)
        written = generate(model, prompt, 120, temperature=0.8, seed=seed)
        return f"{words}|{continuation(tokenizer, prompt, list(written))}"
