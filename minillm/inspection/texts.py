"""What a model of each family learns from one text: its objective and arrays, and the tokens as a page shows them."""

from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation.filling import as_source, framed, token_for
from minillm.models import GPT, EncoderDecoder, MaskedLM, Model
from minillm.objectives import CAUSAL, MASKED, SEQUENCE_TO_SEQUENCE, Objective, Texts, word_starts
from minillm.objectives.denoise import RATES, delete_words
from minillm.objectives.masked import mask_tokens
from minillm.ops import IGNORE
from minillm.text import Tokenizer

LONGEST = 16  # tokens of a text: each array is as long, and a page is for reading
MASKED_RATE = 0.15


class Example(NamedTuple):
    """A batch of one text: `objective.forward(model, **arrays)` is its loss."""

    objective: Objective
    arrays: dict[str, np.ndarray]
    labels: dict[int, str]  # of the tokens in them, by id


def example_of(model: Model, tokenizer: Tokenizer, text: str, *, target: str | None = None, seed: int = 0) -> Example:
    """What the model is trained on when it reads this text: a GPT guesses each next token, a masked model what is hidden (from `seed`).

    An encoder-decoder writes `target`; without one it restores the text from which a tenth of the words was deleted, as `denoise` does.
    """
    if target is not None and not isinstance(model, EncoderDecoder):
        raise InputError(f"`target` is for encoder-decoders, and this is {model.config.name}.", "Leave it out.")
    ids, rng = tokenizer.encode(text).astype(np.int64), np.random.default_rng(seed)
    if isinstance(model, GPT):
        ids = tokenizer.with_start_tokens(ids)
        _check_length("text", ids, 2, min(LONGEST, model.config.context) + 1)
        objective, arrays = CAUSAL, {"inputs": ids[None, :-1], "targets": ids[None, 1:]}
    elif isinstance(model, MaskedLM):
        objective, arrays = MASKED, _masked(tokenizer, ids, rng, min(LONGEST, model.config.context))
    elif isinstance(model, EncoderDecoder):
        source = ids if target is not None else _damaged(tokenizer, ids, rng)
        answer = ids if target is None else tokenizer.encode(target).astype(np.int64)
        objective, arrays = SEQUENCE_TO_SEQUENCE, _answered(model, tokenizer, source, answer)
    else:
        raise InputError(
            f"This is {model.config.name}: a step is shown of models that read or write words.",
            "Take a GPT, a masked model or an encoder-decoder.",
        )
    read = np.unique(np.concatenate([array.reshape(-1) for array in arrays.values() if array.dtype != bool]))
    read = read[read != IGNORE]
    return Example(objective, arrays, dict(zip(read.tolist(), tokenizer.labels(read), strict=True)))


def _masked(tokenizer: Tokenizer, ids: np.ndarray, rng: np.random.Generator, longest: int) -> dict[str, np.ndarray]:
    _check_length("text", ids, 1, longest - 2)
    real = np.ones((1, len(ids)), bool)
    ordinary = np.setdiff1d(np.arange(tokenizer.vocab_size), list(tokenizer.special_tokens.values()))
    count = np.maximum(np.rint([MASKED_RATE * (len(ids) + 2)]), 1).astype(np.int64)
    mask = token_for(tokenizer, "mask_token")
    holes, answers = mask_tokens(rng, Texts(ids[None], real, real), real, count, mask, ordinary)
    inputs = framed(tokenizer, holes[0])[None].astype(np.int64)
    return {
        "inputs": inputs,
        "mask": np.ones(inputs.shape, bool),
        "targets": np.pad(answers, ((0, 0), (1, 1)), constant_values=IGNORE),
    }


def _damaged(tokenizer: Tokenizer, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    _check_length("text", ids, 2, LONGEST - 1)
    starts = word_starts(ids, tokenizer)[None]
    starts[0, 0] = True
    return delete_words(rng, Texts(ids[None], np.ones((1, len(ids)), bool), starts), RATES["delete"]).values


def _answered(
    model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray, answer: np.ndarray
) -> dict[str, np.ndarray]:
    _check_length("text", ids, 1, LONGEST - 1)
    _check_length("target", answer, 1, LONGEST - 1)
    source, start = as_source(model, tokenizer, ids)
    return {
        "source": source[None],
        "source_mask": np.ones((1, len(source)), bool),
        "decoder_input": np.array([[start, *answer]]),
        "targets": np.array([[*answer, source[-1]]]),
    }


def _check_length(name: str, ids: np.ndarray, least: int, most: int) -> None:
    if not least <= len(ids) <= most:
        raise InputError(
            f"The {name} has {len(ids)} tokens, and a step is shown of {least} to {most}.", f"Give another `{name}`."
        )
