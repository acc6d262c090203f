"""Many texts in, as many out: what an encoder-decoder writes for each of them, its translation or its summary."""

from collections.abc import Sequence

import numpy as np

from minillm.errors import InputError
from minillm.generation.beam_search import beam_search, check_beams
from minillm.generation.filling import as_source
from minillm.generation.generate import generate_batch
from minillm.generation.stopping import end_tokens
from minillm.models import EncoderDecoder, Model
from minillm.objectives.rows import Rows, by_length
from minillm.text import Tokenizer

TOGETHER = 64  # texts that are answered at once
TOKENS = 1 << 14  # to read at once: of long texts fewer


def translate(
    model: Model,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    beams: int = 1,
    length_penalty: float = 1.0,
    max_tokens: int | None = None,
) -> list[str]:
    """What an encoder-decoder writes for each text, in their order: its translation, or its summary if that is what it has learned.

    With one beam it takes the likeliest token every time; with more, what `beam_search` finds. `max_tokens` is by default twice as many as
    the text has with its end, and 8. A text without a token gets an empty one. Names of special tokens, such as </s>, are text.
    """
    if isinstance(texts, str):
        raise InputError("The texts are a list of strings, and this is one string.", "Put it in a list: [text].")
    rows = [tokenizer.encode(tokenizer.readable(text)) for text in texts]
    settings = {"beams": beams, "length_penalty": length_penalty, "max_tokens": max_tokens}
    return [tokenizer.decode(ids, special=False).strip() for ids in translations(model, tokenizer, rows, **settings)]


def translations(
    model: Model,
    tokenizer: Tokenizer,
    rows: Sequence[np.ndarray],
    *,
    beams: int = 1,
    length_penalty: float = 1.0,
    max_tokens: int | None = None,
) -> list[list[int]]:
    """As `translate`, from the ids of texts to those of what is written, both without their ends."""
    check_translates(model)
    check_beams(beams, length_penalty)
    if max_tokens is not None and max_tokens < 1:
        raise InputError(f"`max_tokens` must be at least 1, got {max_tokens}.", "Give a positive number.")
    rules = {
        "eos": end_tokens(model.eos_token_id, tokenizer),
        "banned": range(tokenizer.vocab_size, model.config.vocab_size),  # a vocabulary may be padded
    }
    written: list[list[int]] = [[] for _ in rows]
    there = [i for i, row in enumerate(rows) if len(row)]
    longest = max((len(row) for row in rows), default=0)
    together = max(1, min(TOGETHER, TOKENS // max(longest, 1))) if beams == 1 else 1
    for chosen in by_length([rows[i] for i in there], together):
        places = [there[i] for i in chosen]
        sources, start = zip(*(as_source(model, tokenizer, rows[i]) for i in places), strict=True)
        most = [2 * len(source) + 8 if max_tokens is None else max_tokens for source in sources]
        source = Rows.joined(sources)
        cache = model.start(source.padded(0), source_mask=source.real())
        if beams > 1:
            best, *_ = beam_search(
                model, start, most[0], cache=cache, beams=beams, length_penalty=length_penalty, **rules
            )
            answers = [best.ids]
        else:
            answers = generate_batch(model, np.array(start)[:, None], max(most), cache=cache, temperature=0, **rules)
        for place, answer, length in zip(places, answers, most, strict=True):
            written[place] = answer[:length]
    return written


def check_translates(model: Model) -> None:
    """Raise InputError for a model that reads no text to write another."""
    if not isinstance(model, EncoderDecoder):
        raise InputError(
            f"This is {model.config.name}, which does not read one text to write another.",
            "Use an encoder-decoder: python -m minillm finetune --task translate makes one from pairs of texts.",
        )
