"""Text in, text out: a prompt continued by a GPT, or answered by an encoder-decoder."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation.continuation import continuation, stream_continuation
from minillm.generation.control import Control
from minillm.generation.filling import as_source
from minillm.generation.generate import generate
from minillm.generation.stopping import end_tokens, until_stop
from minillm.models import GPT, EncoderDecoder, Model
from minillm.text import Tokenizer


class Beginning(NamedTuple):
    """A text before its first new token."""

    ids: Sequence[int] | np.ndarray  # what the model has read, and goes on from
    prefix: Sequence[int] | np.ndarray  # what of it is a part of the text: all of a prompt, nothing before an answer
    rules: dict  # for `generate` and `beam_search`: the tokens that end it, those that are never written, the cache of a source


def begin(model: Model, tokenizer: Tokenizer, ids: np.ndarray) -> Beginning:
    """A GPT continues a prompt (T,), and an encoder-decoder answers it; InputError for a model that writes no text."""
    rules = {
        "eos": end_tokens(model.eos_token_id, tokenizer),
        "banned": list(range(tokenizer.vocab_size, model.config.vocab_size)),  # a vocabulary may be padded
    }
    if isinstance(model, EncoderDecoder):
        source, start = as_source(model, tokenizer, ids)
        return Beginning([start], [], rules | {"cache": model.start(source[None])})
    if isinstance(model, GPT):
        return Beginning(ids, ids, rules)
    raise InputError(
        f"This is {model.config.name}, which writes no text.", "Use a model that was pretrained to: causal."
    )


def write(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    max_tokens: int = 200,
    *,
    stop: Sequence[str] = (),
    control: Control | None = None,
    seed: int = 0,
    temperature: float = 0.8,
    **settings,
) -> str:
    """The prompt with what a GPT writes after it, or the answer of an encoder-decoder: up to `max_tokens` tokens, up to a token that ends
    the text, or up to one of the strings `stop`.

    Temperature 0 takes the likeliest token every time. `settings` are the other fields of `Sampling`: top_k, top_p, repetition_penalty ...
    """
    ids = tokenizer.encode(prompt, special=True)
    if not len(ids):
        raise InputError("The prompt has no token.", "Give a `prompt` with a word in it.")
    begun = begin(model, tokenizer, ids if control is None else control.prompt(ids))
    settings = begun.rules | {"temperature": temperature} | settings
    tokens = generate(model, begun.ids, max_tokens, control=control, seed=seed, **settings)
    special = control is None
    new = until_stop(stream_continuation(tokenizer, begun.prefix, tokens, special=special), stop)
    return continuation(tokenizer, [], begun.prefix, special=special) + "".join(new)
