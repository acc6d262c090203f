"""python -m minillm generate: continue a prompt with a trained model."""

import sys

from minillm.backend import choose_device
from minillm.cli.parser import choice
from minillm.cli.terminal import say, visible
from minillm.errors import InputError
from minillm.generation import generate
from minillm.generation.sampling import check_sampling
from minillm.text import Tokenizer, read_text
from minillm.training import load_run

DESCRIPTION = """example: python -m minillm generate --checkpoint runs/first --prompt "The value of" --temperature 0.7

Continue a prompt with a trained model. The text goes to standard output as it is written."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--checkpoint", metavar="DIR", required=True, help="the folder of a run")
    add(
        "--prompt",
        metavar="TEXT",
        help="the beginning, to be continued; - reads it from standard input (default: a new line)",
    )
    add("--max-tokens", type=int, metavar="N", default=400, help="how many tokens to write (default 400)")
    add(
        "--temperature",
        type=float,
        default=0.8,
        help="0 always takes the likeliest token, 1 samples as the model believes (default 0.8)",
    )
    add("--top-k", type=int, metavar="N", help="choose among the k likeliest tokens only")
    add(
        "--top-p", type=float, metavar="X", help="choose among the likeliest tokens that together have this probability"
    )
    add("--seed", type=int, metavar="N", default=0, help="the same seed writes the same text (default 0)")
    add(
        "--device",
        type=choice("device", ["auto", "cpu", "gpu"]),
        metavar="NAME",
        default="cpu",
        help="auto, cpu (default) or gpu",
    )


def run(args) -> None:
    check_sampling(args.temperature, args.top_k, args.top_p)
    if args.max_tokens < 1:
        raise InputError(f"--max-tokens must be at least 1, got {args.max_tokens}.", "Give a positive number.")
    if args.seed < 0:
        raise InputError(f"--seed must be 0 or more, got {args.seed}.", "Give another --seed.")
    model, tokenizer = load_run(args.checkpoint, choose_device(args.device))
    prompt = args.prompt
    if prompt is None:
        prompt = blank(tokenizer)
    elif prompt == "-":
        prompt = read_text("-")
    if not prompt:
        raise InputError("The prompt is empty.", "Give at least one character, or leave --prompt out.")
    ids = tokenizer.encode(prompt)
    context = model.config.context
    if len(ids) + args.max_tokens - 1 > context:  # the token written last need not be read
        say(f"(The model sees {context} tokens at once: farther on it forgets the beginning.)")
    tokens = generate(
        model,
        ids,
        args.max_tokens,
        temperature=args.temperature,
        top_k=args.top_k,
        top_p=args.top_p,
        seed=args.seed,
    )
    shown = visible if sys.stdout.isatty() else str  # a file or a pipe gets the text as it is
    sys.stdout.write(shown(prompt))
    sys.stdout.flush()
    for piece in tokenizer.stream(tokens):
        sys.stdout.write(shown(piece))
        sys.stdout.flush()
    sys.stdout.write("\n")


def blank(tokenizer: Tokenizer) -> str:
    """A prompt that says nothing: a new line, or what comes nearest to it among the characters of a text without one."""
    try:
        tokenizer.encode("\n")
    except InputError:
        return tokenizer.decode([0])
    return "\n"
