"""python -m minillm classify: name the class of a text."""

import numpy as np

from minillm.backend import choose_device
from minillm.cli.run_options import add_checkpoint, add_device, checkpoint_of, made_by
from minillm.cli.terminal import say, shown
from minillm.errors import InputError
from minillm.finetuning import class_probabilities, load_classifier, padding_of, tokenize
from minillm.text import read_text
from minillm.units import count

DESCRIPTION = """example: python -m minillm classify --checkpoint runs/reviews --text "a warm and funny film"

Name the class of a text with a fine-tuned model: for each text a line with the class, and, each after a tab, all classes
with their probabilities, the likeliest first."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run of finetune, or of a BERT with classes")
    add("--text", metavar="TEXT", required=True, help="the text; - reads texts from standard input, one a line")
    add_device(add)


def run(args) -> None:
    with made_by("finetune --data FILE", args):
        model, tokenizer = load_classifier(checkpoint_of(args), choose_device(args.device))
    texts = read_text("-").removesuffix("\n").split("\n") if args.text == "-" else [args.text]
    tokens = tokenize(texts, tokenizer, model.config.body.context)
    if args.text != "-" and not len(tokens.rows[0]):
        raise InputError("The model knows no character of the text.", "Give another --text.")
    if tokens.cut:
        say(f"({count(tokens.cut, 'text')} of more than {model.config.body.context} tokens cut to that.)")
    if tokens.dropped:
        say(f"({count(tokens.dropped, 'character')} that the model's tokenizer does not know left out.)")
    names = [shown(name) for name in model.labels]
    for probabilities in class_probabilities(model, tokens.rows, padding_of(tokenizer)):
        order = np.argsort(-probabilities, kind="stable")
        print(names[order[0]], *(f"{names[i]} {probabilities[i]:.3f}" for i in order), sep="\t")
