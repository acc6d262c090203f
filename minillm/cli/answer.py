"""python -m minillm answer: where in a text does the answer to a question stand?"""

import sys

from minillm.backend import choose_device
from minillm.cli.run_options import add_checkpoint, add_device, checkpoint_of, made_by
from minillm.cli.terminal import say, visible
from minillm.errors import InputError
from minillm.generation.answering import AnswerSpan, answer_spans, check_answers
from minillm.text import read_text
from minillm.training import load

DESCRIPTION = """example: python -m minillm answer --checkpoint runs/answerer --context village.txt --question "Where did Ann go?"

Answer a question about a text, or each line of standard input, by a piece of the text, with a model that
`finetune --task answer` trained or a BERT for question answering. Each answer is a line: the words, and, each after a tab,
the probability, the line of the text and the characters, counted from 0, the end not among them. The end of a line counts
as one character, also where a file has two.

The probability is that of the first token of the answer times that of its last, among all that the model reads together.
Where [CLS], the token before the question, is likelier than any piece of the text there is no answer: the line begins with
a tab, has the probability of that, and ends with "none". Only a model that learned from questions without an answer, or from
texts longer than its context, can tell. --threshold leaves out the pieces that a model is unsure of."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run of finetune, or of a BERT for question answering")
    add("--context", metavar="FILE", required=True, help="the text to answer from; - is standard input")
    add("--question", metavar="TEXT", help="the question (default: each line of standard input)")
    add("--threshold", type=float, default=0.0, help="an answer of a lower probability is none (default 0)")
    add_device(add)


def run(args) -> None:
    if not 0 <= args.threshold <= 1:
        raise InputError(f"--threshold must lie in [0, 1], got {args.threshold}.", "It is a probability.")
    if args.question is None and args.context == "-":
        raise InputError("Standard input can't be both the text and the questions.", "Give --question, or a file.")
    with made_by("finetune --task answer --data FILE", args):
        model, tokenizer = load(checkpoint_of(args), choose_device(args.device))
    check_answers(model, tokenizer)
    if args.context == "-" and sys.stdin.isatty():
        say("Write the text; Ctrl-D ends it.")
    passage = read_text(args.context)
    questions = [args.question] if args.question is not None else asked()
    if args.question is not None and not args.question.strip():
        raise InputError("The question is empty.", "Give a question.")
    written = [question for question in questions if question.strip()]
    spans = iter(answer_spans(model, tokenizer, written, [passage] * len(written), may_be_missing=True))
    for question in questions:  # an empty line has no answer, and the others keep their places
        found = next(spans) if question.strip() else AnswerSpan("", 0, 0, 1.0)
        print(described(found, passage, args.threshold), flush=True)


def asked() -> list[str]:
    """The lines of standard input."""
    if sys.stdin.isatty():
        say("Write a question in each line; Ctrl-D ends them.")
    return read_text("-").removesuffix("\n").split("\n")


def described(found: AnswerSpan, passage: str, threshold: float) -> str:
    """An answer as a line."""
    if not found.text or found.probability < threshold:
        return f"\t{found.probability:.3f}\tnone"
    text = " ".join(found.text.split())
    line = 1 + passage.count("\n", 0, found.start)
    words = visible(text) if sys.stdout.isatty() else text
    return f"{words}\t{found.probability:.3f}\tline {line}\tcharacters {found.start} to {found.end}"
