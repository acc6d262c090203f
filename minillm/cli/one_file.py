"""python -m minillm one-file: a GPT as one script, made of the library's own functions."""

from pathlib import Path

from minillm.cli.parser import path
from minillm.cli.terminal import say, shell_word
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.one_file import one_file

DESCRIPTION = """example: python -m minillm one-file --out gpt.py

Write a GPT as one script of 250 lines that needs NumPy alone: forward and backward pass, AdamW and sampling are this library's own
functions, made for one model. It learns from a text, character by character, and writes."""


def add_arguments(parser) -> None:
    parser.add_argument("--out", type=path, default=Path("gpt.py"), metavar="FILE", help="the script (default gpt.py)")


def run(args) -> None:
    if args.out.exists():
        raise InputError(f"{args.out} is there already.", "Name another file with `out`.")
    write_atomic(args.out, one_file().encode("utf-8"))
    say(f"{args.out} is written. Run it: python {shell_word(args.out)} TEXT.txt")
