"""python -m minillm attention: draw where a trained model looks."""

import numpy as np

from minillm.backend import to_host
from minillm.cli.terminal import count, say
from minillm.errors import InputError
from minillm.training import load_run

DESCRIPTION = """example: python -m minillm attention --checkpoint runs/first --text "The value of the name" --out map.png

Draw where a trained model looks: one head (--layer 0 --head 2), one layer (--layer 0), or all layers and heads.
Each row is a token, and shows how much it takes from each token before it."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--checkpoint", metavar="DIR", required=True, help="the folder of a run")
    add("--text", metavar="TEXT", required=True, help="what the model reads")
    add("--out", metavar="FILE", required=True, help="a .png or .svg file")
    add("--layer", type=int, metavar="N", help="this layer only, counted from 0")
    add("--head", type=int, metavar="N", help="this head only, counted from 0")


def run(args) -> None:
    from minillm.plots import attention_grid, attention_heatmap, save

    model, tokenizer = load_run(args.checkpoint)
    config = model.config
    layers, heads = selected("layer", args.layer, config.layers), selected("head", args.head, config.heads)
    ids = tokenizer.encode(args.text)
    if not 1 <= len(ids) <= config.context:
        raise InputError(
            f"The text has {len(ids)} tokens, and the model reads 1 to {config.context} at once.",
            "Give another --text.",
        )
    _, saved = model.forward(ids[None])
    maps = np.stack([to_host(block.attention.weights)[0] for block in saved.encode.blocks])[layers][
        :, heads
    ]  # (L, H, T, T)
    labels = tokenizer.labels(ids)
    if len(layers) == len(heads) == 1:
        what = f"layer {layers[0]}, head {heads[0]}"
        figure = attention_heatmap(maps[0, 0], labels, causal=True, title=what)
    else:
        what = f"{count(len(layers), 'layer')} × {count(len(heads), 'head')}"
        figure = attention_grid(maps, labels, causal=True, layer_numbers=layers, head_numbers=heads)
    alt = f"Attention weights of {what} while reading “{args.text}”: each row is a token, each column a token that it looks at."
    save(figure, args.out, alt=alt)
    say(f"{args.out}: {what}, {count(len(ids), 'token')}")


def selected(name: str, number: int | None, there: int) -> list[int]:
    """All of them, or the one that was asked for."""
    if number is None:
        return list(range(there))
    if not 0 <= number < there:
        raise InputError(f"There is no {name} {number}.", f"This model has {name}s 0 to {there - 1}.")
    return [number]
