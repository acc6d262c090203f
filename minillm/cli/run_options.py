"""The options that several commands have, each said once."""

import contextlib
from collections.abc import Iterator

from minillm.backend import Device, choose_device
from minillm.cli.parser import choice
from minillm.cli.terminal import PROGRAM
from minillm.errors import InputError
from minillm.gpu.cublas import PRECISIONS
from minillm.training.checkpoint import MissingModelError
from minillm.training.optimizers import OPTIMIZERS
from minillm.training.record import origin
from minillm.training.schedules import SCHEDULES

DRAWING = ("temperature", "top_k", "top_p", "min_p")  # the options that have to do with chance


def add_checkpoint(add, what: str) -> None:
    add("--checkpoint", metavar="MODEL", help=f"{what}; or the name of a model that comes with minillm")


def checkpoint_of(args, *, example: str | None = None) -> str:
    """The model that the user names; InputError if none, with one that comes with minillm as an `example`."""
    if args.checkpoint is None:
        named = f"{PROGRAM} models" if example is None else f"--checkpoint {example}"
        raise InputError(
            "--checkpoint is missing.", f"Name the folder of a run, or a model that comes with minillm: {named}"
        )
    return args.checkpoint


@contextlib.contextmanager
def made_by(command: str, args) -> Iterator[None]:
    """Where there is no model, this command makes one."""
    try:
        yield
    except MissingModelError as error:
        raise InputError(error.wrong, f"Make one first: {PROGRAM} {command} --out {args.checkpoint}") from None


def check_data(args) -> None:
    """InputError unless the user names examples to learn from."""
    if args.data is None:
        raise InputError("--data is missing.", f"See {PROGRAM} finetune --help")


def inputs_of(args) -> dict[str, str | None]:
    """What fine-tuning reads, each by what it is: no run may replace it."""
    return {"the model to begin with": origin(args.checkpoint), "the texts": args.data, "the held-out texts": args.dev}


def add_device(add) -> None:
    add("--device", type=choice("device", ["auto", "cpu", "gpu"]), default="auto", help="auto (default), cpu or gpu")


def add_int8(add) -> None:
    add(
        "--int8",
        action="store_true",
        help="keep the model's matrices in int8: a quarter of the memory, on the processor",
    )


def device_of(args) -> Device:
    """The device that the user names; with --int8 auto is the processor."""
    return choose_device("cpu" if args.int8 and args.device == "auto" else args.device)


def add_drawing(add) -> None:
    """How a token is drawn. None of these has a default, so that it can be seen which were given."""
    add(
        "--temperature",
        type=float,
        help="0 always takes the likeliest token, 1 samples as the model believes (default 0.8)",
    )
    add("--top-k", type=int, help="choose among the k likeliest tokens only")
    add("--top-p", type=float, help="choose among the likeliest tokens that together have this probability")
    add("--min-p", type=float, help="choose among tokens at least X times as likely as the likeliest")


def drawing_of(args) -> dict:
    """Those that were given."""
    return {name: getattr(args, name) for name in DRAWING if getattr(args, name) is not None}


def add_run_options(parser, *, out: str | None = None) -> None:
    """The folder of the run and what becomes of it, the device, the seed. `out` is the help where no folder need be named."""
    add = parser.add_argument
    add("--out", metavar="DIR", required=out is None, help=out or "the folder of the run")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run in --out")
    either.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    add_device(add)
    add("--seed", type=int, help="all that is drawn at random follows from it (default 0)")


def add_training_options(parser, *, sequences: str = "sequences", epochs: bool = False, smoothing: bool = True) -> None:
    """The options of the trainer. A batch is made of so many `sequences`; `epochs` are another way to say how long."""
    training = parser.add_argument_group("the training")
    add = training.add_argument
    either = training.add_mutually_exclusive_group()
    if epochs:
        either.add_argument("--epochs", type=float, help=f"how often each of the {sequences} is read, on average")
    either.add_argument("--steps", type=int, help="updates of the weights")
    either.add_argument("--minutes", type=float, help="train for this long in place of --steps")
    add("--batch", type=int, help=f"{sequences} to a forward pass")
    add(
        "--matmul-precision",
        type=choice("matmul-precision", PRECISIONS),
        help="of products on a GPU: highest (default) is float32; high is TF32, and medium bfloat16, which are faster",
    )
    add("--workers", type=int, help="processes that share a batch (default: one a core)")
    add("--accumulate", type=int, help="forward passes to an update (default 1)")
    add("--lr", type=float, help="highest learning rate")
    add("--lr-floor", type=float, help="last learning rate, as a share of --lr")
    add("--warmup", type=int, help="steps over which the learning rate climbs")
    add(
        "--schedule",
        type=choice("schedule", SCHEDULES),
        help="how it comes down: cosine, linear or constant (not at all)",
    )
    add(
        "--optimizer",
        type=choice("optimizer", OPTIMIZERS),
        help="adamw (default), or muon for the matrices of the blocks",
    )
    add("--beta1", type=float, help="AdamW's memory of the gradient (default 0.9)")
    add("--beta2", type=float, help="AdamW's memory of its square (default 0.99; to translate or summarise 0.98)")
    add("--weight-decay", type=float, help="pull of the matrices towards zero")
    add("--clip", type=float, help="longest gradient (default 1; 0 turns it off)")
    if smoothing:
        add(
            "--label-smoothing",
            type=float,
            help="share of each target spread over all others (default 0; to translate or summarise 0.1)",
        )
    add("--eval-every", type=int, help="steps between evaluations, each with a checkpoint and a sample")
    add("--eval-batches", type=int, help="batches to an evaluation (default: the whole validation split)")
    add(
        "--tensorboard",
        action="store_true",
        default=None,
        help="also write event files for TensorBoard into --out: losses, rates, speed, samples, attention maps",
    )
    add("--stop-at", type=int, metavar="STEP", help="stop after this step, saved, as Ctrl-C would")
