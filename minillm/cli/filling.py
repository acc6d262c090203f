"""What a masked language model puts in the holes of a text, and what an encoder-decoder makes of a damaged one."""

import numpy as np

from minillm.backend import to_host
from minillm.errors import InputError
from minillm.generation import beam_search
from minillm.models import EncoderDecoder, MaskedLM
from minillm.ops import softmax
from minillm.text import Tokenizer
from minillm.text.special_tokens import with_cls_and_sep

MASK = "[MASK]"


def fillings(model: MaskedLM, tokenizer: Tokenizer, text: str, count: int) -> list[list[tuple[str, float]]]:
    """For every [MASK] in the text: the `count` likeliest tokens, each as text with its probability. Special tokens are left out."""
    special = tokenizer.special_tokens
    ids = tokenizer.encode(text, special=True)
    if not len(ids) or special[MASK] not in ids:
        raise InputError(
            f"The text has no {MASK}.", f'Put one where a word is to be filled in: "The cat is {MASK} the table".'
        )
    ids = framed(tokenizer, ids)[None]
    if ids.shape[1] > model.config.context:
        raise InputError(
            f"The text has {ids.shape[1]} tokens with its two ends, and the model reads {model.config.context} at once.",
            "Give a shorter --text.",
        )
    logits, _ = model.forward(ids, places=ids == special[MASK])
    logits = to_host(logits).astype(np.float64)
    logits[:, list(special.values())] = -np.inf
    logits[:, tokenizer.vocab_size :] = -np.inf  # a vocabulary may be padded
    probabilities, _ = softmax(logits)
    best = np.argsort(-probabilities, axis=1)[:, :count]
    return [[(tokenizer.decode([i]), float(row[i])) for i in top] for row, top in zip(probabilities, best, strict=True)]


def restored(model: EncoderDecoder, tokenizer: Tokenizer, text: str, beams: int = 4) -> str:
    """What the model writes for a source: the likeliest answer that beam search finds."""
    return tokenizer.decode(answer(model, tokenizer, tokenizer.encode(text, special=True), beams))


def answer(model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray, beams: int) -> list[int]:
    """The ids of the answer to a source, without its ends."""
    source, start = as_source(tokenizer, ids)
    settings = {"eos": [source[-1]], "banned": range(tokenizer.vocab_size, model.config.vocab_size)}
    best, *_ = beam_search(
        model, [start], 2 * len(source) + 8, cache=model.start(source[None]), beams=beams, **settings
    )
    return best.ids


def framed(tokenizer: Tokenizer, ids: np.ndarray) -> np.ndarray:
    """A text as a masked language model reads it: [CLS] text [SEP]."""
    return with_cls_and_sep(tokenizer.special_tokens, ids)[0]


def as_source(tokenizer: Tokenizer, ids: np.ndarray) -> tuple[np.ndarray, int]:
    """A text as an encoder-decoder reads it, with its end; and the token that an answer starts with (T5's is its padding)."""
    special = tokenizer.special_tokens
    return np.array([*ids, special["</s>"]]), special["<s>" if "<s>" in special else "<pad>"]
