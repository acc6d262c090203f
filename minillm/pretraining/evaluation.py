"""How well a model guesses a text that it has not seen."""

import math
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.models import GPT, Model, finite_on_host
from minillm.objectives import CAUSAL
from minillm.ops import IGNORE
from minillm.text import Tokenizer, windows


class TextLoss(NamedTuple):
    """The loss of a model on a text. Only bits a character can be compared between models that cut text into other tokens."""

    nats_per_token: float
    bits_per_character: float
    tokens: int  # that were guessed


def evaluate(model: Model, tokenizer: Tokenizer, text: str, batch: int = 16) -> TextLoss:
    """The mean of -log p of every token but the first, in windows of the model's context that do not overlap, as `pretrain` validates."""
    if not isinstance(model, GPT):
        raise InputError(f"{model.config.name.capitalize()} guesses no next tokens.", "Use a GPT.")
    ids, total, guessed = tokenizer.encode(text), 0.0, 0
    if len(ids) < 2:
        raise InputError("The text has no token after the first.", "Use a longer one.")
    for inputs, targets in windows(ids, model.config.context, batch):
        loss, _ = CAUSAL.forward(model, inputs, targets)
        count = np.count_nonzero(targets != IGNORE)
        total, guessed = total + count * float(finite_on_host(loss, "loss")), guessed + count
    return TextLoss(total / guessed, total / math.log(2) / len(text), guessed)
