"""What a GPT that has learned to chat answers: to many conversations at once, or in one that goes on."""

from collections.abc import Sequence

import numpy as np

from minillm.errors import InputError
from minillm.generation.generate import generate_batch
from minillm.models import GPT, Model
from minillm.text import Tokenizer
from minillm.text.chat import Format, Message

TOGETHER = 64  # conversations that are answered at once


def check_chats(model: Model) -> None:
    """Raise InputError for a model that can't go on with a conversation."""
    if not isinstance(model, GPT):
        raise InputError(f"This is {model.config.name}, which does not go on with a text.", "Use a GPT.")


def rules_of(model: GPT, tokenizer: Tokenizer, chat: Format) -> dict:
    """For `generate`: what ends an answer, and what is never in one, special tokens and the padding of a vocabulary."""
    special = {*tokenizer.special_tokens.values()} - {*chat.ends}
    return {"eos": chat.ends, "banned": [*special, *range(tokenizer.vocab_size, model.config.vocab_size)]}


def replies(
    model: GPT, tokenizer: Tokenizer, chat: Format, conversations: Sequence[Sequence[Message]], max_tokens: int
) -> list[str]:
    """What follows each of several conversations, the likeliest token every time; those of a length are answered together."""
    prompts = [chat.prompt(messages) for messages in conversations]
    rules, written = rules_of(model, tokenizer, chat), [""] * len(prompts)
    for length in {len(prompt) for prompt in prompts}:
        places = [i for i, prompt in enumerate(prompts) if len(prompt) == length]
        for first in range(0, len(places), TOGETHER):
            chosen = places[first : first + TOGETHER]
            rows = np.stack([prompts[i] for i in chosen])
            answers = generate_batch(model, rows, max_tokens, temperature=0, **rules)
            for place, ids in zip(chosen, answers, strict=True):
                written[place] = tokenizer.decode(ids, special=False).strip()
    return written
