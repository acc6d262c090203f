"""Fine-tuning, and what pretraining is worth: python -m benchmarks.finetune --train FILE.tsv --dev FILE.tsv

Two bodies, a decoder and an encoder, are pretrained on the texts of --train without their labels (or on --text), by guessing the next token
and hidden tokens. Then each learns to classify, in five ways and from three seeds: its last layer only, its last block, all of it, adapters
(LoRA), and all of it from random weights. A tenth of --train decides which step's weights are kept; --dev is looked at once, at the end. A
bag of words stands beside them. All of it is what `pretrain` and `finetune` do.
"""

import argparse
import dataclasses
import platform
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.backend import reuse_freed_memory
from minillm.cli.objectives import CLS, MASK, PAD, SEP
from minillm.finetuning import (
    BagOfWords,
    Examples,
    FeatureData,
    LastLayer,
    Method,
    TextData,
    accuracy_of,
    body_of,
    classes_of,
    confusion_matrix,
    features_of,
    hold_out,
    learned_count,
    new_classifier,
    numbers_of,
    padding_of,
    prepare,
    probabilities_of,
    read_examples,
    tokenize,
)
from minillm.finetuning.defaults import settings_for
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM, Model
from minillm.objectives import CAUSAL, MASKED, MaskedData, Sentences, SpecialTokens, word_starts
from minillm.text import BPETokenizer, Corpus, Tokenizer, read_text
from minillm.training import Trainer, TrainOptions

CONTEXT = 80
SIZES = {"layers": 3, "heads": 4, "d_model": 128, "context": CONTEXT, "norm": "pre"}


class Pretrained(NamedTuple):
    name: str
    model: Model
    tokenizer: Tokenizer
    seconds: float


class Way(NamedTuple):
    name: str
    method: Method
    pretrained: bool = True


class Outcome(NamedTuple):
    accuracy: float
    learned: int
    seconds: float  # of training and of choosing the best step, features included


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def pretrained(name: str, model: Model, data, objective, tokenizer: Tokenizer, steps: int) -> Pretrained:
    options = TrainOptions(
        steps=steps, batch=32, lr=2e-3, warmup=100, schedule="linear", lr_floor=0.0, eval_every=steps, eval_batches=20
    )
    trainer = Trainer(model, data, options, objective)
    losses = [progress.validation for progress in trainer.run() if progress.validation is not None]
    say(f"{name}: {trainer.elapsed:.0f} s, validation loss {losses[0]:.2f} -> {losses[-1]:.2f}")
    return Pretrained(name, model, tokenizer, trainer.elapsed)


def causal(texts: list[str], merges: list, steps: int) -> Pretrained:
    tokenizer = BPETokenizer(merges)
    data = Corpus(tokenizer.encode("\n".join(texts)), CONTEXT)
    model = GPT(GPTConfig(tokenizer.vocab_size, **SIZES))
    return pretrained("decoder", model, data, CAUSAL, tokenizer, steps)


def masked(texts: list[str], merges: list, steps: int) -> Pretrained:
    tokenizer = BPETokenizer(merges, (PAD, MASK, CLS, SEP))
    rows = [tokenizer.encode(text) for text in texts]
    ids = np.concatenate(rows)
    starts = np.zeros(len(ids), bool)
    starts[np.cumsum([0, *(len(row) for row in rows[:-1])])] = True
    tokens = tokenizer.special_tokens
    special = SpecialTokens(pad=tokens[PAD], mask=tokens[MASK], bos=tokens[CLS], eos=tokens[SEP])
    pieces = Sentences(ids, CONTEXT - 2, starts, word_starts(ids, tokenizer))
    data = MaskedData(pieces, special, tokenizer.vocab_size - len(tokens))
    model = MaskedLM(EncoderConfig(tokenizer.vocab_size, **SIZES, token_types=0))
    return pretrained("encoder", model, data, MASKED, tokenizer, steps)


def fine_tuned(
    start: Pretrained, way: Way, training: Examples, judging: Examples, test: Examples, classes: list[str], seed: int
) -> Outcome:
    """One run, and how often it is right about the test texts."""
    tokenizer, pad = start.tokenizer, padding_of(start.tokenizer)
    body = body_of(start.model, start.name)
    settings = settings_for(body.config, way.method, {"texts": len(training.texts), "workers": 1, "seed": seed})
    pooling, dropout = settings["pooling"], settings["dropout"]
    options = TrainOptions(**{f.name: settings[f.name] for f in dataclasses.fields(TrainOptions) if f.name in settings})
    model = new_classifier(body, len(classes), pooling=pooling, dropout=dropout, pretrained=way.pretrained, seed=seed)
    trained = prepare(model, way.method, seed)
    rows, held_out, unseen = (tokenize(part.texts, tokenizer, CONTEXT).rows for part in (training, judging, test))
    labels, held_out_labels = (numbers_of(part, classes, "") for part in (training, judging))
    clock = time.perf_counter()
    if isinstance(trained.model, LastLayer):
        data = FeatureData(features_of(model, rows, pad), labels, features_of(model, held_out, pad), held_out_labels)
    else:
        data = TextData(rows, labels, held_out, held_out_labels, pad)
    trainer, best = Trainer(trained.model, data, options, trained.objective), None
    for progress in trainer.run():
        if progress.best:
            best = trained.model.vector.data.copy()
    seconds = time.perf_counter() - clock
    trained.model.vector.data[...] = best
    answers = probabilities_of(trained.whole(), unseen, pad).argmax(axis=1)
    right, _ = accuracy_of(confusion_matrix(numbers_of(test, classes, ""), answers, len(classes)))
    say(
        f"  {start.name}, {way.name}, seed {seed}: {right:.1%} in {seconds:.1f} s, best step {trainer.best_step} of {options.steps}"
    )
    return Outcome(right, learned_count(trained.model), seconds)


def row(name: str, how: str, outcomes: list[Outcome]) -> str:
    right = np.array([outcome.accuracy for outcome in outcomes])
    seconds = np.mean([outcome.seconds for outcome in outcomes])
    spread = f" ± {100 * right.std(ddof=1):.1f}" if len(right) > 1 else ""
    return f"| {name} | {how} | {100 * right.mean():.1f}{spread} | {outcomes[0].learned:,} | {seconds:,.1f} |"


def bag_of_words(training: Examples, test: Examples, classes: list[str]) -> Outcome:
    clock = time.perf_counter()
    bag = BagOfWords(training.texts, numbers_of(training, classes, ""), len(classes))
    seconds = time.perf_counter() - clock
    answers = bag.probabilities(test.texts).argmax(axis=1)
    right, _ = accuracy_of(confusion_matrix(numbers_of(test, classes, ""), answers, len(classes)))
    return Outcome(right, bag.weight.size + bag.bias.size, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="a file of texts with labels")
    parser.add_argument("--dev", required=True, help="another one, to be judged by")
    parser.add_argument("--text", help="what to pretrain on, a text a line (default: those of --train)")
    parser.add_argument("--merges", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=2000, help="of pretraining (default 2000)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--body", choices=["decoder", "encoder"], help="only this one")
    args = parser.parse_args()
    reuse_freed_memory()
    everything, test = read_examples(args.train), read_examples(args.dev)
    classes = classes_of(everything, args.train)
    texts = [line for line in read_text(args.text).split("\n") if line.strip()] if args.text else everything.texts
    merges = BPETokenizer.train("\n".join(texts), args.merges).merges
    makers: dict[str, Callable] = {"decoder": causal, "encoder": masked}
    bodies = [make(texts, merges, args.steps) for name, make in makers.items() if args.body in (None, name)]
    ways = [
        Way("last layer only", Method("body")),
        Way("last block", Method(SIZES["layers"] - 1)),
        Way("everything", Method()),
        Way("LoRA, rank 8", Method(lora=8)),
        Way("everything, from random weights", Method(), pretrained=False),
    ]
    table = ["| body | what learns | accuracy, % | numbers that learn | seconds |", "|---|---|---|---|---|"]
    for body in bodies:
        for way in ways:
            outcomes = []
            for seed in range(args.seeds):
                training, judging = hold_out(everything, seed, args.train)
                outcomes.append(fine_tuned(body, way, training, judging, test, classes, seed))
            table.append(row(f"{body.name} (pretrained in {body.seconds:.0f} s)", way.name, outcomes))
    table.append(row("none", "bag of words, logistic regression", [bag_of_words(everything, test, classes)]))
    print(f"{platform.processor() or platform.machine()}, NumPy {np.__version__}, {len(test.texts)} held-out texts\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
