"""What a masked language model puts in the holes of a text, and what an encoder-decoder makes of a damaged one."""

import re

import numpy as np

from minillm.errors import InputError
from minillm.generation.beam_search import beam_search
from minillm.generation.stopping import end_tokens
from minillm.models import T5, EncoderDecoder, MaskedLM, finite_on_host
from minillm.ops import softmax
from minillm.text import Tokenizer
from minillm.text.byte_level import ByteLevelTokenizer
from minillm.text.characters import check_text
from minillm.text.special_tokens import with_cls_and_sep
from minillm.text.tokenizer import USUAL_ROLES

SENTINEL = r"<extra_id_\d+>"


def with_holes(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """The ids of a text with masks or sentinels in it.

    A word of byte pairs has the space before it, and so has a hole: a space left standing there would announce a word without one.
    RoBERTa's mask does the same.
    """
    check_text(text)
    if isinstance(tokenizer, ByteLevelTokenizer):
        hole = f"{re.escape(tokenizer.roles['mask_token'])}|{SENTINEL}" if "mask_token" in tokenizer.roles else SENTINEL
        text = re.sub(f" (?={hole})", "", text)
    return tokenizer.encode(text, special=True)


def with_hole(tokenizer: Tokenizer, before: str, after: str, hole: int) -> np.ndarray:
    """The ids of a text with a hole between these two parts, which are text even where they hold the name of a mask."""
    if isinstance(tokenizer, ByteLevelTokenizer):
        before = before.removesuffix(" ")
    return np.concatenate([tokenizer.encode(before), [hole], tokenizer.encode(after)])


def fill(
    model: MaskedLM | EncoderDecoder, tokenizer: Tokenizer, text: str, *, count: int = 5, beams: int = 4
) -> list[list[tuple[str, float]]] | str:
    """Put back what is missing in a text: for every [MASK] the `count` likeliest tokens with their probabilities, by a masked language
    model; or the answer of an encoder-decoder, which is the restored text or what stood at <extra_id_0>, <extra_id_1> ...
    """
    if isinstance(model, EncoderDecoder):
        return restored(model, tokenizer, with_holes(tokenizer, text), beams)
    if isinstance(model, MaskedLM):
        return fillings(model, tokenizer, with_holes(tokenizer, text), count)
    raise InputError(
        f"This is {model.config.name}, which fills no gaps.",
        "Use a model that was pretrained to: masked, denoise or span.",
    )


def fillings(model: MaskedLM, tokenizer: Tokenizer, ids: np.ndarray, count: int) -> list[list[tuple[str, float]]]:
    """For every mask in a text: the `count` likeliest tokens, each as text with its probability. Special tokens are left out."""
    mask = token_for(tokenizer, "mask_token")
    if mask not in ids:
        name = tokenizer.roles["mask_token"]
        raise InputError(
            f"The text has no {name}.", f'Put one where a word is to be filled in: "The cat is {name} the table".'
        )
    ids = framed(tokenizer, ids)[None]
    if ids.shape[1] > model.config.context:
        raise InputError(
            f"The text has {ids.shape[1]} tokens with its two ends, and the model reads {model.config.context} at once.",
            "Give a shorter `text`.",
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


def restored(model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray, beams: int = 4) -> str:
    """What the model writes for a source: the likeliest answer that beam search finds."""
    return tokenizer.decode(answer(model, tokenizer, ids, beams))


def answer(model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray, beams: int) -> list[int]:
    """The ids of the answer to a source, without its ends."""
    source, start = as_source(model, tokenizer, ids)
    settings = {
        "eos": end_tokens(model.eos_token_id, tokenizer),
        "banned": range(tokenizer.vocab_size, model.config.vocab_size),
    }
    best, *_ = beam_search(
        model, [start], 2 * len(source) + 8, cache=model.start(source[None]), beams=beams, **settings
    )
    return best.ids


def framed(tokenizer: Tokenizer, ids: np.ndarray) -> np.ndarray:
    """A text as a masked language model reads it: [CLS] text [SEP]."""
    for role in ("cls_token", "sep_token"):
        token_for(tokenizer, role)
    return with_cls_and_sep(tokenizer, ids)[0]


def as_source(model: EncoderDecoder, tokenizer: Tokenizer, ids: np.ndarray) -> tuple[np.ndarray, int]:
    """A text as an encoder-decoder reads it, with its end; and the token that an answer starts with (T5's is its padding).

    The text's end is the tokenizer's. One that names none, as a bare tokenizer.json does, has the first of those that end an answer.
    """
    start = model.config.pad_id if isinstance(model, T5) else token_for(tokenizer, "bos_token")
    end = tokenizer.role("eos_token")
    if end is None and (ends := end_tokens(model.eos_token_id, tokenizer)):
        end = ends[0]
    return np.array([*ids, token_for(tokenizer, "eos_token") if end is None else end]), start


def token_for(tokenizer: Tokenizer, role: str) -> int:
    """The id of the token with a role. InputError if there is none: a model may have come with a tokenizer that is not its own."""
    if (i := tokenizer.role(role)) is None:
        name = tokenizer.roles.get(role) or " or ".join(USUAL_ROLES[role])
        raise InputError(
            f"The model's tokenizer has no special token {name}, and the model needs it.",
            "Copy the files of the model's own tokenizer into its folder.",
        )
    return i
