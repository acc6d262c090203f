"""Text in, text out: a prompt continued by a GPT, or answered by an encoder-decoder."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation.beam_search import beam_search
from minillm.generation.continuation import continuation, stream_continuation
from minillm.generation.control import Control
from minillm.generation.filling import as_source
from minillm.generation.generate import generate
from minillm.generation.stopping import end_tokens, until_stop
from minillm.models import GPT, EncoderDecoder, Model
from minillm.text import CharTokenizer, Tokenizer


def encode_prompt(tokenizer: Tokenizer, prompt: str | None = None) -> tuple[str, np.ndarray]:
    """A prompt as text and as tokens (T,). None is a new line, or what comes nearest to it in a vocabulary that has none.

    InputError for a prompt of no token.
    """
    if prompt is not None:
        ids = tokenizer.encode(prompt, special=True)
        if not len(ids):
            raise InputError(
                "The prompt has no token: it is empty, or all that it holds is left out by the model's tokenizer.",
                "Give a `prompt` with a word in it, or leave `prompt` out.",
            )
        return prompt, ids
    if isinstance(tokenizer, CharTokenizer) and "\n" not in tokenizer.characters:
        return tokenizer.characters[0], np.array([0])
    ids = tokenizer.encode("\n")
    if len(ids):
        return "\n", ids
    for role in ("bos_token", "cls_token"):  # texts of a vocabulary of words begin with one of these
        if (i := tokenizer.role(role)) is not None:
            return "", np.array([i])
    raise InputError("The model's tokenizer has no token that texts begin with.", "Give a `prompt`.")


class Beginning(NamedTuple):
    """A text before its first new token."""

    ids: Sequence[int] | np.ndarray  # what the model has read, and goes on from
    prefix: Sequence[int] | np.ndarray  # what of it is a part of the text: all of a prompt, nothing before an answer
    rules: dict  # for `generate` and `beam_search`: the tokens that end it, those that are never written, the cache of a source

    def with_rules(self, settings: dict) -> dict:
        """These settings of `generate` or `beam_search`, and the rules. What either bans is banned."""
        return self.rules | settings | {"banned": [*self.rules["banned"], *settings.get("banned", ())]}


def begin(model: Model, tokenizer: Tokenizer, ids: np.ndarray) -> Beginning:
    """A GPT continues a prompt (T,), after what texts of its tokenizer begin with, such as <s>, and an encoder-decoder answers it.

    InputError for a model that writes no text.
    """
    if not isinstance(model, GPT | EncoderDecoder):
        raise InputError(
            f"This is {model.config.name}, which writes no text.",
            "Use a GPT, or an encoder-decoder, which answers a text.",
        )
    rules = {
        "eos": end_tokens(model.eos_token_id, tokenizer),
        "banned": list(range(tokenizer.vocab_size, model.config.vocab_size)),  # a vocabulary may be padded
    }
    if isinstance(model, EncoderDecoder):
        source, start = as_source(model, tokenizer, ids)
        return Beginning([start], [], rules | {"cache": model.start(source[None])})
    return Beginning(tokenizer.with_start_tokens(ids), ids, rules)


def likeliest_text(
    model: Model,
    tokenizer: Tokenizer,
    begun: Beginning,
    max_tokens: int,
    *,
    stops: Sequence[str] = (),
    **settings,
) -> str:
    """What beam search finds after a beginning; a text ends where it holds a stop string. `settings` are those of `beam_search`."""

    def ends(written: np.ndarray) -> bool:
        text = continuation(tokenizer, begun.prefix, written)
        return any(stop in text for stop in stops)

    settings = begun.with_rules(settings)
    best, *_ = beam_search(model, begun.ids, max_tokens, ends=ends if stops else None, **settings)
    return continuation(tokenizer, begun.prefix, best.ids)


def write(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str | None = None,
    max_tokens: int = 200,
    *,
    stop: str | Sequence[str] = (),
    control: Control | None = None,
    seed: int = 0,
    temperature: float = 0.8,
    **settings,
) -> str:
    """The prompt, by default a new line, with what a GPT writes after it, or the answer of an encoder-decoder: up to `max_tokens` tokens,
    up to a token that ends the text, or up to the string `stop`, or one of several.

    Temperature 0 takes the likeliest token every time. `settings` are the other fields of `Sampling`: top_k, top_p, repetition_penalty ...
    """
    if max_tokens < 1:
        raise InputError(f"`max_tokens` must be at least 1, got {max_tokens}.", "Give a positive number.")
    _, ids = encode_prompt(tokenizer, prompt)
    begun = begin(model, tokenizer, ids if control is None else control.prompt(ids))
    settings = begun.with_rules({"temperature": temperature} | settings)
    tokens = generate(model, begun.ids, max_tokens, control=control, seed=seed, **settings)
    special = control is None
    stops = [stop] if isinstance(stop, str) else stop
    new = until_stop(stream_continuation(tokenizer, begun.prefix, tokens, special=special), stops)
    return continuation(tokenizer, [], begun.prefix, special=special) + "".join(new)
