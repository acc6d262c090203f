"""What a masked language model puts in the holes of a text, and what an encoder-decoder makes of a damaged one."""

import re

import numpy as np

from minillm.errors import InputError
from minillm.generation.beam_search import beam_search
from minillm.models import T5, EncoderDecoder, MaskedLM, finite_on_host
from minillm.ops import softmax
from minillm.text import Tokenizer
from minillm.text.byte_level import ByteLevelTokenizer
from minillm.text.special_tokens import MASK, with_cls_and_sep

SPACE_OF_A_HOLE = re.compile(r" (?=\[MASK\]|<extra_id_\d+>)")


def with_holes(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """The ids of a text with [MASK]s or sentinels in it.

    A word of byte pairs has the space before it, and so has a hole: a space left standing there would announce a word without one.
    RoBERTa's mask does the same.
    """
    if isinstance(tokenizer, ByteLevelTokenizer):
        text = SPACE_OF_A_HOLE.sub("", text)
    return tokenizer.encode(text, special=True)


def fill(
    model: MaskedLM | EncoderDecoder, tokenizer: Tokenizer, text: str, *, count: int = 5, beams: int = 4
) -> list[list[tuple[str, float]]] | str:
    """Put back what is missing in a text: for every [MASK] the `count` likeliest tokens with their probabilities, by a masked language
    model; or the answer of an encoder-decoder, which is the restored text or what stood at <extra_id_0>, <extra_id_1> ...
    """
    if isinstance(model, EncoderDecoder):
        return restored(model, tokenizer, text, beams)
    if isinstance(model, MaskedLM):
        return fillings(model, tokenizer, text, count)
    raise InputError(
        f"This is {model.config.name}, which fills no gaps.",
        "Use a model that was pretrained to: masked, denoise or span.",
    )


def fillings(model: MaskedLM, tokenizer: Tokenizer, text: str, count: int) -> list[list[tuple[str, float]]]:
    """For every [MASK] in the text: the `count` likeliest tokens, each as text with its probability. Special tokens are left out."""
    mask, ids = special_id(tokenizer, MASK), with_holes(tokenizer, text)
    if mask not in ids:
        raise InputError(
            f"The text has no {MASK}.", f'Put one where a word is to be filled in: "The cat is {MASK} the table".'
        )
    ids = framed(tokenizer, ids)[None]
    if ids.shape[1] > model.config.context:
        raise InputError(
            f"The text has {ids.shape[1]} tokens with its two ends, and the model reads {model.config.context} at once.",
            "Give a shorter --text.",
        )
    logits, _ = model.forward(ids, places=ids == mask)
    logits = finite_on_host(logits).astype(np.float64)
    logits[:, list(tokenizer.special_tokens.values())] = -np.inf
    logits[:, tokenizer.vocab_size :] = -np.inf  # a vocabulary may be padded
    probabilities, _ = softmax(logits)
    best = np.argsort(-probabilities, axis=1)[:, :count]
    return [
        [(tokenizer.decode([i]), float(row[i])) for i in top if row[i] > 0]
        for row, top in zip(probabilities, best, strict=True)
    ]


def restored(model: EncoderDecoder, tokenizer: Tokenizer, text: str, beams: int = 4) -> str:
    """What the model writes for a source: the likeliest answer that beam search finds."""
    return tokenizer.decode(answer(model, tokenizer, with_holes(tokenizer, text), beams))


def answer(model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray, beams: int) -> list[int]:
    """The ids of the answer to a source, without its ends."""
    source, start = as_source(model, tokenizer, ids)
    settings = {"eos": [source[-1]], "banned": range(tokenizer.vocab_size, model.config.vocab_size)}
    best, *_ = beam_search(
        model, [start], 2 * len(source) + 8, cache=model.start(source[None]), beams=beams, **settings
    )
    return best.ids


def framed(tokenizer: Tokenizer, ids: np.ndarray) -> np.ndarray:
    """A text as a masked language model reads it: [CLS] text [SEP]."""
    for name in ("[CLS]", "[SEP]"):
        special_id(tokenizer, name)
    return with_cls_and_sep(tokenizer.special_tokens, ids)[0]


def as_source(model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray) -> tuple[np.ndarray, int]:
    """A text as an encoder-decoder reads it, with its end; and the token that an answer starts with (T5's is its padding)."""
    start = model.config.pad_id if isinstance(model, T5) else special_id(tokenizer, "<s>")
    return np.array([*ids, special_id(tokenizer, "</s>")]), start


def special_id(tokenizer: Tokenizer, name: str) -> int:
    """The id of a special token. A model may have come with a tokenizer that is not its own: without the token that is an InputError."""
    if name not in tokenizer.special_tokens:
        raise InputError(
            f"The model's tokenizer has no special token {name}, and the model needs it.",
            "Copy the files of the model's own tokenizer into its folder.",
        )
    return tokenizer.special_tokens[name]
