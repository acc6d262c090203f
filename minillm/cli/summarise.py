"""python -m minillm summarise: write a summary of a text, by an encoder-decoder."""

from minillm.cli.translate import add_writing_arguments, answer

DESCRIPTION = """example: python -m minillm summarise --checkpoint runs/short --text "It was a cold morning. The owls beat the hawks."

Summarise with a model that `finetune --task summarise` trained, or with a T5: a text, or each line of standard input."""


def add_arguments(parser) -> None:
    add_writing_arguments(parser)


def run(args) -> None:
    answer(args, "summarise")
