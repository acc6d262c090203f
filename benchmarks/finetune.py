"""Fine-tuning, and what pretraining is worth: python -m benchmarks.finetune --train FILE.tsv --dev FILE.tsv

Two bodies, a decoder and an encoder, are pretrained on the texts of --train without their labels (or on --text), by guessing the next token
and hidden tokens. Then each learns to classify, in five ways and from three seeds: its last layer only, its last block, all of it, adapters
(LoRA), and all of it from random weights, with the settings that `finetune` chooses. A tenth of --train decides which step's weights are
kept; --dev is looked at once, at the end. The commonest class and a bag of words stand beside them.

Writes benchmarks/finetune.md. Takes about half an hour of one core; seconds are the processor's, so that other work disturbs them little.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic
from minillm.finetuning import (
    BagOfWords,
    Examples,
    Method,
    Split,
    accuracy_of,
    body_of,
    class_probabilities,
    classes_of,
    classifier_for,
    confusion_matrix,
    fit_last_layer,
    learned_count,
    numbers_of,
    padding_of,
    prepare_training,
    read_examples,
    tokenize,
    tokenize_parts,
)
from minillm.finetuning.defaults import settings_for
from minillm.finetuning.examples import split
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM, Model
from minillm.objectives import (
    CAUSAL,
    MASKED,
    Data,
    MaskedData,
    Objective,
    Sentences,
    word_starts,
)
from minillm.text import BPETokenizer, Corpus, SpecialTokens, Tokenizer, read_text
from minillm.text.special_tokens import CLS, MASK, PAD, SEP
from minillm.training import Trainer, TrainOptions
from minillm.training.train import run_to_end

PAGE = Path(__file__).parent / "finetune.md"
MERGES = 3000
SIZES = {"layers": 2, "heads": 4, "d_model": 64, "context": 64, "norm": "pre"}
PRETRAINING = {"lr": 5e-3, "warmup": 100, "schedule": "linear", "lr_floor": 0.0, "eval_batches": 20}
HIDDEN = 0.3  # of the tokens: of 0.15 the encoder learns too little at each step


class Pretraining(NamedTuple):
    model: Model
    data: Data
    objective: Objective
    tokenizer: Tokenizer
    batch: int


class Body(NamedTuple):
    name: str
    model: Model
    tokenizer: Tokenizer
    seconds: float  # of pretraining


class Way(NamedTuple):
    name: str
    method: Method
    pretrained: bool = True


WAYS = (
    Way("last layer only", Method("body")),
    Way("last block", Method(SIZES["layers"] - 1)),
    Way("everything", Method()),
    Way("LoRA, rank 8", Method(lora=8)),
    Way("everything, from random weights", Method(), pretrained=False),
)


class Outcome(NamedTuple):
    accuracy: float
    learned: int
    seconds: float  # of training and of choosing the best step, features included


class Row(NamedTuple):
    body: str
    learns: str
    outcomes: list[Outcome]  # one a seed

    def accuracy(self) -> float:
        return float(np.mean([outcome.accuracy for outcome in self.outcomes]))

    def spread(self) -> float:
        return float(np.std([outcome.accuracy for outcome in self.outcomes], ddof=1)) if len(self.outcomes) > 1 else 0.0

    def seconds(self) -> float:
        return float(np.mean([outcome.seconds for outcome in self.outcomes]))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def causal(texts: list[str], merges: list) -> Pretraining:
    tokenizer = BPETokenizer(merges)
    data = Corpus(tokenizer.encode("\n".join(texts)), SIZES["context"])
    # The encoder needs no dropout: its holes are never the same.
    model = GPT(GPTConfig(tokenizer.vocab_size, **SIZES, dropout=0.1))
    return Pretraining(model, data, CAUSAL, tokenizer, 32)


def masked(texts: list[str], merges: list) -> Pretraining:
    tokenizer = BPETokenizer(merges, (PAD, MASK, CLS, SEP))
    rows = [tokenizer.encode(text) for text in texts]
    ids = np.concatenate(rows)
    starts = np.zeros(len(ids), bool)
    starts[np.cumsum([0, *(len(row) for row in rows[:-1])])] = True
    pieces = Sentences(ids, SIZES["context"] - 2, starts, word_starts(ids, tokenizer))
    data = MaskedData(pieces, SpecialTokens.of(tokenizer), tokenizer.vocab_size - len(tokenizer.special_tokens), HIDDEN)
    model = MaskedLM(EncoderConfig(tokenizer.vocab_size, **SIZES, token_types=0))
    return Pretraining(model, data, MASKED, tokenizer, 64)


def pretrained(name: str, texts: list[str], merges: list, steps: int, folder: Path | None) -> Body:
    """Read from the folder, if it was kept there."""
    model, data, objective, tokenizer, batch = BODIES[name](texts, merges)
    file = None if folder is None else folder / f"{name}.npz"
    if file is not None and file.exists():
        with np.load(file) as there:
            model.vector.data[...] = there["weights"]
            return Body(name, model, tokenizer, float(there["seconds"]))
    options = TrainOptions(steps=steps, batch=batch, eval_every=max(1, steps // 8), **PRETRAINING)
    start = time.process_time()
    for progress in Trainer(model, data, options, objective).run():
        if progress.validation is not None:
            say(f"{name}, step {progress.step}: validation loss {progress.validation:.3f}")
    seconds = time.process_time() - start
    if file is not None:
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file, weights=model.vector.data, seconds=seconds)
    return Body(name, model, tokenizer, seconds)


BODIES = {"decoder": causal, "encoder": masked}


def fine_tuned(start: Body, way: Way, examples: Split, test: Examples, seed: int) -> Outcome:
    """One run, and how often it is right about the test texts."""
    tokenizer, body = start.tokenizer, body_of(start.model, start.name)
    if way.method.freeze == "body":
        training, classes, pad = examples.training, examples.classes, padding_of(tokenizer)
        rows, unseen = (tokenize(part.texts, tokenizer, SIZES["context"]).rows for part in (training, test))
        clock = time.process_time()
        fitted = fit_last_layer(body, rows, numbers_of(training, classes, ""), classes, pad, seed=seed)
        seconds = time.process_time() - clock
        right = share_right(class_probabilities(fitted.classifier, unseen, pad), test, classes)
        say(f"{start.name}, {way.name}, seed {seed}: {right:.1%} in {seconds:.1f} s, {fitted.describe()}")
        return Outcome(right, learned_count(fitted.classifier.head), seconds)
    named = {"texts": len(examples.training.texts), "workers": 1, "seed": seed}
    settings = settings_for(body.config, way.method, named)
    options = TrainOptions.from_settings(settings)
    classifier = classifier_for(body, examples.classes, settings, pretrained=way.pretrained)
    parts = tokenize_parts(examples, tokenizer, SIZES["context"])
    clock = time.process_time()
    trainer, whole = prepare_training(classifier, way.method, parts, tokenizer, options)
    run_to_end(trainer, best=True, progress=False)
    seconds = time.process_time() - clock
    unseen = tokenize(test.texts, tokenizer, SIZES["context"]).rows
    right = share_right(class_probabilities(whole(), unseen, padding_of(tokenizer)), test, examples.classes)
    say(
        f"{start.name}, {way.name}, seed {seed}: {right:.1%} in {seconds:.1f} s, best step {trainer.best_step} of {options.steps}"
    )
    return Outcome(right, learned_count(trainer.model), seconds)


def share_right(probabilities: np.ndarray, test: Examples, classes: list[str]) -> float:
    labels = numbers_of(test, classes, "")
    right, _ = accuracy_of(confusion_matrix(labels, probabilities.argmax(axis=1), len(classes)))
    return right


def commonest(training: Examples, test: Examples) -> Outcome:
    (label, _), *_ = Counter(training.labels).most_common(1)
    return Outcome(test.labels.count(label) / len(test.labels), 0, 0.0)


def bag_of_words(training: Examples, test: Examples, classes: list[str]) -> Outcome:
    clock = time.process_time()
    bag = BagOfWords(training.texts, numbers_of(training, classes, ""), len(classes))
    seconds = time.process_time() - clock
    return Outcome(share_right(bag.probabilities(test.texts), test, classes), bag.weight.size + bag.bias.size, seconds)


def table(rows: list[Row]) -> Iterator[str]:
    yield "| body | what learns | accuracy, % | numbers that learn | seconds |"
    yield "|---|---|---:|---:|---:|"
    for row in rows:
        spread = f" ± {100 * row.spread():.1f}" if len(row.outcomes) > 1 else ""
        learned = f"{row.outcomes[0].learned:,}"
        yield f"| {row.body} | {row.learns} | {100 * row.accuracy():.1f}{spread} | {learned} | {row.seconds():,.1f} |"


def page(rows: list[Row], bodies: list[Body], trained: int, tested: int, seeds: int, steps: int) -> Iterator[str]:
    """The lines of benchmarks/finetune.md."""
    yield "# What pretraining is worth\n"
    yield f"Measured on {machine('numpy')}; one core. Do it on yours:\n"
    yield "```\npython -m benchmarks.finetune --train train.tsv --dev dev.tsv\n```\n"
    yield f"`train.tsv` and `dev.tsv` stand for {trained:,} and {tested:,} sentences of film reviews, praise or blame, of the sentence"
    yield "polarity dataset v1.0 (Pang & Lee 2005). The bodies were pretrained on the sentences of `train.tsv`, without labels and"
    yield (
        f"nothing else, for {steps:,} steps: "
        + ", ".join(f"the {body.name} {body.seconds:.0f} s" for body in bodies)
        + "."
    )
    yield f"Accuracy is that on `dev.tsv`, mean ± standard deviation over {seeds} seeds; seconds are the processor's, of training and of"
    yield "choosing among the steps, without pretraining.\n"
    yield from table(rows)
    yield ""
    for body in bodies:
        mine = [row for row in rows if row.body == body.name]
        *rest, fresh = mine
        best, fastest = max(rest, key=Row.accuracy), min(mine, key=Row.seconds)
        yield (
            f"- The {body.name}: at best ({best.learns}) pretraining gives {100 * best.accuracy():.1f} %, and random weights"
            f" {100 * fresh.accuracy():.1f} %. The fastest way, {fastest.learns}, takes {fastest.seconds():.1f} s;"
            f" training everything takes {fresh.seconds() / fastest.seconds():.0f} times as long."
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, metavar="FILE", help="texts with labels")
    parser.add_argument("--dev", required=True, metavar="FILE", help="other ones, to be judged by")
    parser.add_argument("--text", metavar="FILE", help="what to pretrain on, a text a line (default: those of --train)")
    parser.add_argument("--steps", type=int, default=3000, help="of pretraining (default %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each way (default %(default)s)")
    parser.add_argument("--body", choices=list(BODIES), help="only this one; the page is printed and not written")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a folder for the pretrained bodies, to be used again")
    args = parser.parse_args()
    reuse_freed_memory()
    everything, test = read_examples(args.train), read_examples(args.dev)
    classes = classes_of(everything, args.train)
    texts = [line for line in read_text(args.text).split("\n") if line.strip()] if args.text else everything.texts
    merges = BPETokenizer.train("\n".join(texts), MERGES).merges
    rows, bodies = [], []
    with threadpool_limits(1):
        for name in BODIES if args.body is None else [args.body]:
            bodies.append(pretrained(name, texts, merges, args.steps, args.keep))
            for way in WAYS:
                outcomes = []
                for seed in range(args.seeds):
                    outcomes.append(fine_tuned(bodies[-1], way, split(everything, seed, args.train), test, seed))
                rows.append(Row(name, way.name, outcomes))
        rows.append(Row("none", "bag of words, logistic regression", [bag_of_words(everything, test, classes)]))
    rows.append(Row("none", "the commonest class", [commonest(everything, test)]))
    lines = list(page(rows, bodies, len(everything.texts), len(test.texts), args.seeds, args.steps))
    print("\n".join(lines))
    if args.body is None:
        write_atomic(PAGE, "\n".join([*lines, ""]).encode("utf-8"))


if __name__ == "__main__":
    main()
