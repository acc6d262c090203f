"""python -m minillm models: the models that come with minillm."""

from minillm.backend import choose_device
from minillm.cli.run_options import add_device
from minillm.cli.terminal import PROGRAM, say
from minillm.errors import InputError
from minillm.pretraining import evaluate
from minillm.text import read_text
from minillm.training import load, pack
from minillm.weights import folder_of, names, nearest
from minillm.weights.card import CARD, read_card

DESCRIPTION = """example: python -m minillm models tales

List the models that come with minillm, which --checkpoint takes by their names: their size, what they learned from, their
loss, their licence, and the command that trained them. With a NAME its card is shown, or with --text its loss on a text.
With --pack the model of a run becomes one of them, with int8 weights: there is a card to write then."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", nargs="?", help="show the card of this model")
    add("--text", metavar="FILE", help="with NAME: its loss on this text, in place of its card; - is standard input")
    add("--pack", metavar="RUN", help="make the model in the folder of a run one that comes with minillm")
    add("--as", dest="as_", metavar="NAME", help="with --pack: what it is called")
    add("--overwrite", action="store_true", help="with --pack: replace the one of that name; its card keeps its text")
    add_device(add)


def run(args) -> None:
    check(args)
    if args.pack is not None:
        card = pack(args.pack, args.as_, overwrite=args.overwrite)
        say(f"packed  {args.pack} -> {folder_of(args.as_)}: {card.parameters:,} parameters in {card.bytes:,} bytes")
        if lacking := card.lacking():
            say(f"        still to be written in its {CARD}: {', '.join(lacking)}")
    elif args.name is None:
        print(
            "\n".join(read_card(folder_of(name)).summary() for name in names())
            or "No models come with this copy of minillm."
        )
    elif args.name not in names():
        near = nearest(args.name)
        remedy = f"Did you mean {near}?" if near else f"See which do: {PROGRAM} models"
        raise InputError(f"No model {args.name} comes with minillm.", remedy)
    elif args.text is not None:
        print(loss_line(args))
    else:
        print(read_card(folder_of(args.name)))


def check(args) -> None:
    """Raise InputError for options that mean nothing together."""
    for name, other, needed in (
        ("--text", args.text, args.name),
        ("--as", args.as_, args.pack),
        ("--overwrite", args.overwrite or None, args.pack),
    ):
        if other is not None and needed is None:
            raise InputError(f"{name} alone means nothing.", "Add NAME." if name == "--text" else "Add --pack RUN.")
    if args.pack is not None and args.as_ is None:
        raise InputError("--pack needs a name for the model.", "Add --as NAME.")
    if args.pack is not None and args.name is not None:
        raise InputError("--pack shows no card.", f"Leave {args.name} out.")


def loss_line(args) -> str:
    model, tokenizer = load(folder_of(args.name), choose_device(args.device))
    return f"loss {evaluate(model, tokenizer, read_text(args.text)).describe()}"
