"""python -m minillm evaluate: how good is a model on texts that it has not seen?"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from minillm.backend import choose_device
from minillm.cli.parser import choice
from minillm.cli.run_options import add_checkpoint, add_device, checkpoint_of
from minillm.cli.terminal import visible
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.finetuning.chat import evaluate_conversations, read_conversations
from minillm.finetuning.classification import confusion_table, evaluate_classifier, labelled_lines, read_examples
from minillm.finetuning.evaluation import Answered
from minillm.finetuning.pairs import SUMMARISE, TRANSLATE, evaluate_pairs, read_pairs
from minillm.finetuning.questions import evaluate_questions, read_questions
from minillm.generation.translation import TOGETHER
from minillm.metrics import Baseline, Case, Comparison, Measured
from minillm.models import GPT, EncoderDecoder, MaskedLM, Model, QuestionAnswering
from minillm.pretraining.evaluation import evaluate_on_text
from minillm.pretraining.probes import PROBES, evaluate_probe
from minillm.text import Tokenizer, name_of, read_text
from minillm.text.chat import has_chat_tokens
from minillm.training import check_texts, load
from minillm.training.folder import has_labels
from minillm.units import count

DESCRIPTION = """example: python -m minillm evaluate --checkpoint tales --data book.txt

How good a model is on texts that it has not seen, with intervals of 95 %, what it has to beat, and where it is worst. What
is measured depends on the model: of a GPT nats a token and bits a character of a text, of one that has learned to chat the
exact answers in conversations, one in each line, of a masked model its loss and the holes that it fills right, of a
classifier accuracy and macro-F1 on lines of a text, a tab and a label, of an encoder-decoder BLEU and chrF, or ROUGE, on
lines of a source, a tab and its target, of a question answerer F1 and exact match on a file in SQuAD's form.

A GPT or a masked model is probed for bias by --probe: which of two sentences does it take for likelier? The sentences are
a file that you download: crows_pairs_anonymized.csv of CrowS-Pairs, or pro_stereotyped_type1.txt.test of WinoBias with
anti_stereotyped_type1.txt.test beside it."""

METRICS = {"bleu": TRANSLATE, "rouge": SUMMARISE}
SHOWN = 100  # characters of a text
SOME = ("train", "save", "metric", "beams")  # options that have no meaning for every model


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run, or of a model of Hugging Face")
    add("--data", metavar="FILE", required=True, help="what to judge it by, in the model's form; - is standard input")
    add(
        "--train",
        metavar="FILE",
        help="of a classifier, an encoder-decoder or a chat: more of the kind of --data, which what is to be beaten learns from",
    )
    add(
        "--metric",
        type=choice("metric", METRICS),
        help="of an encoder-decoder: bleu, with chrF (default), or rouge, for summaries",
    )
    add(
        "--probe",
        type=choice("probe", PROBES),
        help="of a GPT or a masked model: --data holds pairs of sentences of winobias or crows-pairs, as their authors publish them",
    )
    add("--beams", type=int, help="of an encoder-decoder: beams of the search (default 1)")
    add(
        "--save",
        metavar="FILE",
        help="write what the model answered: a line for each text, or as JSON for SQuAD's script",
    )
    add("--json", action="store_true", help="print all of it as JSON")
    add_device(add)


class Way(NamedTuple):
    """How a kind of model is judged."""

    evaluate: Callable[..., Answered]  # by args, the model and its tokenizer
    options: tuple[str, ...]  # those of SOME that have a meaning for it


def run(args) -> None:
    model, tokenizer = load(checkpoint_of(args), choose_device(args.device))
    way = way_of(model, tokenizer) if args.probe is None else Way(on_probe, ())
    for name in SOME:
        if getattr(args, name) is not None and name not in way.options:
            raise InputError(f"--{name} means nothing for {model.config.name}.", "Leave it out.")
    if args.save is not None and Path(args.save).exists():
        raise InputError(f"{args.save} exists already.", "Move it away, or choose another --save.")
    answered = way.evaluate(args, model, tokenizer)
    if args.json:
        print(json.dumps(as_json(args, model, answered), ensure_ascii=False, indent=2))
    else:
        show(args, model, answered)
    if args.save is not None:
        write_atomic(Path(args.save), to_save(answered).encode("utf-8"))


def to_save(answered: Answered) -> str:
    if answered.ids is not None:
        return json.dumps(dict(zip(answered.ids, answered.answers, strict=True)), ensure_ascii=False, indent=0) + "\n"
    return "".join(" ".join(answer.split("\n")) + "\n" for answer in answered.answers)


def way_of(model: Model, tokenizer: Tokenizer) -> Way:
    if isinstance(model, GPT) and has_chat_tokens(tokenizer):
        return Way(on_conversations, ("train", "save"))
    if isinstance(model, GPT | MaskedLM):
        return Way(on_text, ())
    if has_labels(model):
        return Way(on_labelled_texts, ("train", "save"))
    if isinstance(model, EncoderDecoder):
        return Way(on_pairs, SOME)
    if isinstance(model, QuestionAnswering):
        return Way(on_questions, ("save",))
    raise InputError(
        f"This is {model.config.name}, which can't be judged here.", "Use one that guesses, writes or answers."
    )


def on_probe(args, model: Model, tokenizer: Tokenizer) -> Answered:
    return Answered([], evaluate_probe(model, tokenizer, PROBES[args.probe](args.data)))


def on_text(args, model: Model, tokenizer: Tokenizer) -> Answered:
    return Answered([], evaluate_on_text(model, tokenizer, read_text(args.data)))


def on_labelled_texts(args, model: Model, tokenizer: Tokenizer) -> Answered:
    training = None if args.train is None else read_examples(args.train)
    return evaluate_classifier(model, tokenizer, labelled_lines(args.data), training)


def on_conversations(args, model: Model, tokenizer: Tokenizer) -> Answered:
    training = None if args.train is None else read_conversations(args.train)
    return evaluate_conversations(model, tokenizer, read_conversations(args.data), training)


def on_pairs(args, model: Model, tokenizer: Tokenizer) -> Answered:
    pairs, training = read_pairs(args.data), None if args.train is None else read_pairs(args.train)
    beams = 1 if args.beams is None else args.beams
    check_texts([model.config], max(beams, TOGETHER), "Search with fewer: --beams.")
    return evaluate_pairs(model, tokenizer, pairs, METRICS[args.metric or "bleu"], training, beams=beams)


def on_questions(args, model: Model, tokenizer: Tokenizer) -> Answered:
    return evaluate_questions(model, tokenizer, read_questions(args.data))


def show(args, model: Model, answered: Answered) -> None:
    """As a person reads it."""
    evaluation = answered.evaluation
    print(
        f"{model.config.name}, {count(evaluation.count, evaluation.unit)} of {visible(name_of(args.data))}; in brackets 95 %\n"
    )
    several = evaluation.count > 1
    print(table([in_numbers(measured.name, measured, several) for measured in evaluation.measures]))
    if evaluation.baselines:
        print("\nto be beaten, and the model's score minus that")
        print(table([beaten(baseline, several) for baseline in evaluation.baselines]))
    if answered.confusion is not None:
        print("\n" + confusion_table(answered.confusion, model.labels))
    print("\nthe worst")
    for case in evaluation.worst:
        print(described(case))
    print()
    for measured in evaluation.measures:
        print(f"{measured.name}|{measured.signature}")


def in_numbers(name: str, measured: Measured, several: bool) -> list[str]:
    """Of a single text there is no interval."""
    return [name, f"{measured.value:.3f}", f"({measured.low:.3f} to {measured.high:.3f})" if several else ""]


def beaten(baseline: Baseline, several: bool) -> list[str]:
    name, measured, ahead = baseline
    row = in_numbers(f"{measured.name}, {visible(name)}", measured, several)
    return [*row, f"{ahead.difference:+.3f}", f"({ahead.low:+.3f} to {ahead.high:+.3f})" if several else ""]


def table(rows: list[list[str]]) -> str:
    """A name, and numbers that stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def described(case: Case) -> str:
    where = "" if case.line is None else f"line {case.line:,}: "
    answer = "" if case.answer is None else f"\n{'':10}-> {short(case.answer)}  (right: {short(case.reference)})"
    return f"{case.score:8.3f}  {where}{short(case.text)}{answer}"


def short(text: str) -> str:
    text = visible(" ".join(text.split()))
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def as_json(args, model: Model, answered: Answered) -> dict:
    evaluation, several = answered.evaluation, answered.evaluation.count > 1
    found = {
        "model": str(args.checkpoint),
        "kind": model.config.name,
        "data": name_of(args.data),
        "unit": evaluation.unit,
        "count": evaluation.count,
        "measures": [with_bounds(measured, several) for measured in evaluation.measures],
        "baselines": [
            {"baseline": name, **with_bounds(measured, several), "ahead": with_bounds(ahead, several)}
            for name, measured, ahead in evaluation.baselines
        ],
        "worst": [
            {name: value for name, value in case._asdict().items() if value is not None} for case in evaluation.worst
        ],
    }
    if answered.confusion is not None:
        found["classes"], found["confusion"] = list(model.labels), answered.confusion.tolist()
    return found


def with_bounds(found: Measured | Comparison, several: bool) -> dict:
    return found._asdict() | ({} if several else {"low": None, "high": None})
