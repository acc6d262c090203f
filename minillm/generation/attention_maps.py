"""Where a model looks while it reads a text, and an encoder-decoder while it answers one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation.filling import answer, as_source, framed
from minillm.models import GPT, EncoderDecoder, Model, SequenceClassifier, finite_on_host
from minillm.text import Tokenizer

VIEWS = ("encoder", "decoder", "cross")


class AttentionMaps(NamedTuple):
    """Attention weights (L, H, T, S), and the tokens of the rows and the columns, as labels; `columns` is None where rows look at rows.

    The softmax of queries (L, H, T, K), scaled, times keys (L, H, S, K) makes the weights, once mask and bias are added.
    """

    weights: np.ndarray
    rows: Sequence[str]
    columns: Sequence[str] | None
    causal: bool
    queries: np.ndarray
    keys: np.ndarray


def attention_maps(
    model: Model, tokenizer: Tokenizer, text: str, *, view: str | None = None, target: str | None = None
) -> AttentionMaps:
    """All attention maps of one kind while the model reads a text: its layers, heads, query tokens and key tokens.

    An encoder-decoder has three kinds, of which `view` names one: "encoder" (the text looks at itself), "decoder" (the answer at itself)
    and "cross" (the answer at the text, the default); `target` is the answer to look at in place of its own.
    """
    if isinstance(model, EncoderDecoder):
        ids = tokenizer.encode(text, special=True)
        answered = None if target is None else tokenizer.encode(target, special=True)
        return encoder_decoder_maps(model, tokenizer, ids, answered, view=view or "cross")
    if view is not None or target is not None:
        name = "view" if view is not None else "target"
        raise InputError(f"`{name}` is for encoder-decoders, and this is {model.config.name}.", "Leave it out.")
    body = model.body
    # A classifier reads as it was trained to: text that is text, with ends around it if its tokenizer has them.
    ids = tokenizer.encode(text, special=not isinstance(model, SequenceClassifier))
    ends = None not in (tokenizer.role("cls_token"), tokenizer.role("sep_token"))
    if not isinstance(body, GPT) or (isinstance(model, SequenceClassifier) and ends):
        ids = framed(tokenizer, ids)
    else:
        ids = tokenizer.with_start_tokens(ids)
    context = body.config.context
    if not 1 <= len(ids) <= context:
        raise InputError(
            f"The text has {len(ids)} tokens, and the model reads 1 to {context} at once.", "Give another `text`."
        )
    _, saved = body.hidden(ids[None])
    return _maps(saved.blocks, "attention", tokenizer.labels(ids), None, isinstance(body, GPT))


def encoder_decoder_maps(
    model: EncoderDecoder,
    tokenizer: Tokenizer,
    ids: np.ndarray,
    answered: Sequence[int] | np.ndarray | None = None,
    *,
    view: str = "cross",
) -> AttentionMaps:
    """Of a text, given as ids without its end, and of its answer, by default the one that the model writes."""
    if not len(ids):
        raise InputError("The text is empty.", "Give another `text`.")
    source, start = as_source(model, tokenizer, ids)
    read = np.array([start, *(answer(model, tokenizer, ids, beams=1) if answered is None else answered)])
    memory, encoded = model.encode(source[None])
    _, decoded = model.decode(read[None], memory)
    rows, columns = tokenizer.labels(read), tokenizer.labels(source)
    if view == "encoder":
        return _maps(encoded.blocks, "attention", columns, None, False)
    if view == "decoder":
        return _maps(decoded.blocks, "attention", rows, None, True)
    return _maps(decoded.blocks, "cross_attention", rows, columns, False)


def _maps(
    blocks: Sequence, name: str, rows: Sequence[str], columns: Sequence[str] | None, causal: bool
) -> AttentionMaps:
    """The maps of one text."""
    cores = [getattr(block, name).core for block in blocks]
    weights = [core.weights for core in cores]
    if weights[0] is None:
        raise InputError(
            "The text is so long that its attention maps were never held in memory.", "Give a shorter `text`."
        )
    maps = np.stack([finite_on_host(w, "attention weights")[0] for w in weights])
    queries = np.stack([finite_on_host(core.q * core.scale, "queries")[0] for core in cores])
    keys = np.stack([finite_on_host(core.k, "keys")[0] for core in cores])
    return AttentionMaps(maps, rows, columns, causal, queries, keys)
