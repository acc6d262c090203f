"""How well a model guesses a text that it has not seen."""

import math
from typing import NamedTuple

from minillm.errors import InputError
from minillm.models import GPT, MaskedLM, Model, finite_on_host
from minillm.objectives import CAUSAL, MASKED
from minillm.pretraining.masked import Masked
from minillm.text import Tokenizer, windows
from minillm.training.trainer import batch_loss


class TextLoss(NamedTuple):
    """The loss of a model on a text. Only bits a character can be compared between models that cut text into other tokens."""

    nats_per_token: float
    bits_per_character: float | None  # None where not every token is guessed
    tokens: int  # that were guessed


def evaluate(model: Model, tokenizer: Tokenizer, text: str, batch: int = 16) -> TextLoss:
    """The mean of -log p over the tokens of a text, as `pretrain` validates.

    Of a GPT every token but the first, in windows of its context that do not overlap. Of a masked language model the hidden ones, 15 % of
    each sentence, the same ones every time.
    """
    if isinstance(model, GPT):
        objective, batches = CAUSAL, windows(tokenizer.encode(text), model.config.context, batch)
    elif isinstance(model, MaskedLM):
        data = Masked(context=model.config.context).data(text, tokenizer, held_out=True)
        objective, batches = MASKED, data.validation_batches(batch)
    else:
        raise InputError(
            f"{model.config.name.capitalize()} guesses no tokens of a text.", "Use a GPT or a masked model."
        )
    total, guessed = 0.0, 0
    for one in batches:
        loss, count = batch_loss(model, objective, one._asdict()), objective.count(one)
        total, guessed = total + count * float(finite_on_host(loss, "loss")), guessed + count
    if not guessed:
        raise InputError("The text has no token after the first.", "Use a longer one.")
    bits = total / math.log(2) / len(text) if objective is CAUSAL else None
    return TextLoss(total / guessed, bits, guessed)
