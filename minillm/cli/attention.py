"""python -m minillm attention: draw where a trained model looks."""

from pathlib import Path

from minillm.backend import choose_device
from minillm.cli.parser import add_language, choice
from minillm.cli.run_options import add_checkpoint, add_device, checkpoint_of
from minillm.cli.terminal import say
from minillm.course.chinese import translated
from minillm.errors import InputError
from minillm.generation.attention_maps import VIEWS, AttentionMaps, attention_maps
from minillm.language import speak
from minillm.models import EncoderDecoder
from minillm.training import load
from minillm.units import count

DESCRIPTION = """example: python -m minillm attention --checkpoint runs/first --text "The value of the name" --out map.png

Draw where a trained model looks: one head (--layer 0 --head 2), one layer (--layer 0), or all layers and heads.
Each row is a token, and shows how much it takes from each token that it may see. An encoder-decoder has three kinds of
maps: --view encoder (the text looks at itself), decoder (the answer at itself), cross (the answer at the text).
With --out map.html the drawing is a page to explore: point at a token, choose heads and layers. It needs no network, and
speaks Chinese with --lang zh."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run, or of a GPT-2, Llama, BERT or T5 of Hugging Face")
    add("--text", metavar="TEXT", required=True, help="what the model reads")
    add("--out", metavar="FILE", required=True, help="a .png or .svg file, or an .html page to explore in a browser")
    add("--overwrite", action="store_true", help="replace the file in --out, though minillm did not draw it")
    add("--layer", type=int, help="this layer only, counted from 0")
    add("--head", type=int, help="this head only, counted from 0")
    add("--view", type=choice("view", VIEWS), help="encoder-decoders: encoder, decoder or cross (default)")
    add("--target", metavar="TEXT", help="encoder-decoders: the answer to look at (default: the model's own)")
    add_device(add)
    add_language(add)


def run(args) -> None:
    from minillm.plots import refuse_to_replace

    speak(args.lang)
    if not args.overwrite:
        refuse_to_replace(args.out, "Replace it: --overwrite; or choose another --out.")
    model, tokenizer = load(checkpoint_of(args, example="tales"), choose_device(args.device), body=True)
    maps = attention_maps(model, tokenizer, args.text, view=args.view, target=args.target)
    view = args.view or "cross" if isinstance(model, EncoderDecoder) else None
    draw(maps, args.text, args.out, view=view, layer=args.layer, head=args.head)


def draw(
    maps: AttentionMaps,
    text: str,
    path: str,
    *,
    view: str | None = None,
    layer: int | None = None,
    head: int | None = None,
) -> None:
    """The maps of a text that was read, all or those of a layer or a head, as a figure or as a page."""
    from minillm.plots import attention_grid, attention_heatmap, save, save_html

    there = maps.weights.shape  # a decoder may have more layers than its encoder, or fewer
    layers, heads = selected("layer", layer, there[0]), selected("head", head, there[1])
    weights = maps.weights[layers][:, heads]
    single = len(layers) == len(heads) == 1
    one, all_ = f"layer {layers[0]}, head {heads[0]}", f"{count(len(layers), 'layer')} × {count(len(heads), 'head')}"
    what = (f"{view}, " if view else "") + (one if single else all_)
    title, alt = (
        "“{0}”: {1}",
        "Attention weights of {1} while reading “{0}”: each row is a token, each column a token that it looks at.",
    )
    tokens, numbers = (maps.rows, maps.columns), {"layer_numbers": layers, "head_numbers": heads}
    if Path(path).suffix.lower() in (".html", ".htm"):
        title, alt = (translated(words).format(text, translated(what)) for words in (title, alt))
        vectors = maps.queries[layers][:, heads], maps.keys[layers][:, heads]
        save_html(path, weights, *tokens, causal=maps.causal, title=title, alt=alt, vectors=vectors, **numbers)
    elif single:
        save(
            attention_heatmap(weights[0, 0], *tokens, causal=maps.causal, title=what), path, alt=alt.format(text, what)
        )
    else:
        save(attention_grid(weights, *tokens, causal=maps.causal, **numbers), path, alt=alt.format(text, what))
    say(f"{path}: {what}, {count(len(maps.rows), 'token')}")


def selected(name: str, number: int | None, there: int) -> list[int]:
    """All of them, or the one that was asked for."""
    if number is None:
        return list(range(there))
    if not 0 <= number < there:
        raise InputError(f"There is no {name} {number}.", f"This model has {name}s 0 to {there - 1}.")
    return [number]
