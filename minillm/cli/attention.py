"""python -m minillm attention: draw where a trained model looks."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.backend import to_host
from minillm.cli.parser import choice
from minillm.cli.terminal import count, say
from minillm.errors import InputError
from minillm.finetuning import tokenize
from minillm.generation.filling import answer, as_source, framed
from minillm.models import GPT, Encoder, EncoderDecoder, MaskedLM, Model, QuestionAnswering
from minillm.text import Tokenizer
from minillm.training import load_run

DESCRIPTION = """example: python -m minillm attention --checkpoint runs/first --text "The value of the name" --out map.png

Draw where a trained model looks: one head (--layer 0 --head 2), one layer (--layer 0), or all layers and heads.
Each row is a token, and shows how much it takes from each token that it may see. An encoder-decoder has three kinds of
maps: --view encoder (the text looks at itself), decoder (the answer at itself), cross (the answer at the text).
With --out map.html the drawing is a page to explore: point at a token, choose heads and layers. It needs no network."""

VIEWS = ("encoder", "decoder", "cross")


class Maps(NamedTuple):
    """Attention maps (L, H, T, S), and the tokens of the rows and the columns, as labels."""

    weights: np.ndarray
    rows: Sequence[str]
    columns: Sequence[str] | None  # None: the rows look at themselves
    causal: bool


def add_arguments(parser) -> None:
    add = parser.add_argument
    add(
        "--checkpoint",
        metavar="DIR",
        required=True,
        help="the folder of a run, or of a GPT-2, BERT or T5 of Hugging Face",
    )
    add("--text", metavar="TEXT", required=True, help="what the model reads")
    add("--out", metavar="FILE", required=True, help="a .png or .svg file, or an .html page to explore in a browser")
    add("--layer", type=int, metavar="N", help="this layer only, counted from 0")
    add("--head", type=int, metavar="N", help="this head only, counted from 0")
    add(
        "--view",
        type=choice("view", VIEWS),
        metavar="NAME",
        help="encoder-decoders: encoder, decoder or cross (default)",
    )
    add("--target", metavar="TEXT", help="encoder-decoders: the answer to look at (default: the model's own)")


def run(args) -> None:
    from minillm.plots import attention_grid, attention_heatmap, save, save_html

    model, tokenizer = load_run(args.checkpoint, body=True)
    maps = maps_of(model, tokenizer, args.text, args.view, args.target)
    there = maps.weights.shape  # a decoder may have more layers than its encoder, or fewer
    layers, heads = selected("layer", args.layer, there[0]), selected("head", args.head, there[1])
    weights, view = (
        maps.weights[layers][:, heads],
        f"{args.view or 'cross'}, " if isinstance(model, EncoderDecoder) else "",
    )
    single = len(layers) == len(heads) == 1
    one, all_ = f"layer {layers[0]}, head {heads[0]}", f"{count(len(layers), 'layer')} × {count(len(heads), 'head')}"
    what = view + (one if single else all_)
    alt = f"Attention weights of {what} while reading “{args.text}”: each row is a token, each column a token that it looks at."
    tokens, numbers = (maps.rows, maps.columns), {"layer_numbers": layers, "head_numbers": heads}
    if Path(args.out).suffix.lower() in (".html", ".htm"):
        title = f"“{args.text}”: {what}"
        save_html(args.out, weights, *tokens, causal=maps.causal, title=title, alt=alt, **numbers)
    elif single:
        save(attention_heatmap(weights[0, 0], *tokens, causal=maps.causal, title=what), args.out, alt=alt)
    else:
        save(attention_grid(weights, *tokens, causal=maps.causal, **numbers), args.out, alt=alt)
    say(f"{args.out}: {what}, {count(len(maps.rows), 'token')}")


def maps_of(model: Model, tokenizer: Tokenizer, text: str, view: str | None = None, target: str | None = None) -> Maps:
    """All attention maps of one kind while the model reads a text."""
    if isinstance(model, EncoderDecoder):
        return encoder_decoder_maps(model, tokenizer, text, view or "cross", target)
    if view is not None or target is not None:
        option = "--view" if view is not None else "--target"
        raise InputError(f"{option} is for encoder-decoders, and this is {model.config.name}.", "Leave it out.")
    if isinstance(model, Encoder | MaskedLM | QuestionAnswering):
        ids = framed(tokenizer, tokenizer.encode(text, special=True))
        body, causal = getattr(model, "body", model), False
    elif isinstance(model, GPT):
        ids, body, causal = tokenizer.encode(text), model, True
    else:
        (ids,), *_ = tokenize([text], tokenizer)
        body, causal = model.body, isinstance(model.body, GPT)
    context = body.config.context
    if not 1 <= len(ids) <= context:
        raise InputError(
            f"The text has {len(ids)} tokens, and the model reads 1 to {context} at once.", "Give another --text."
        )
    _, saved = body.encode(ids[None])
    return Maps(weights_of(saved.blocks, "attention"), tokenizer.labels(ids), None, causal)


def encoder_decoder_maps(model: EncoderDecoder, tokenizer: Tokenizer, text: str, view: str, target: str | None) -> Maps:
    ids = tokenizer.encode(text, special=True)
    if not len(ids):
        raise InputError("The text is empty.", "Give another --text.")
    source, start = as_source(model, tokenizer, ids)
    written = answer(model, tokenizer, ids, beams=1) if target is None else tokenizer.encode(target, special=True)
    read = np.array([start, *written])
    memory, encoded = model.encode(source[None])
    _, decoded = model.decode(read[None], memory)
    rows, columns = tokenizer.labels(read), tokenizer.labels(source)
    if view == "encoder":
        return Maps(weights_of(encoded.blocks, "attention"), columns, None, False)
    if view == "decoder":
        return Maps(weights_of(decoded.blocks, "attention"), rows, None, True)
    return Maps(weights_of(decoded.blocks, "cross_attention"), rows, columns, False)


def weights_of(blocks: Sequence, name: str) -> np.ndarray:
    """The maps of one text, (L, H, T, S)."""
    weights = [getattr(block, name).weights for block in blocks]
    if weights[0] is None:
        raise InputError(
            "The text is so long that its attention maps were never held in memory.", "Give a shorter --text."
        )
    return np.stack([to_host(w)[0] for w in weights])


def selected(name: str, number: int | None, there: int) -> list[int]:
    """All of them, or the one that was asked for."""
    if number is None:
        return list(range(there))
    if not 0 <= number < there:
        raise InputError(f"There is no {name} {number}.", f"This model has {name}s 0 to {there - 1}.")
    return [number]
