"""The runs that benchmarks/explain.py has explained: planted failures, and healthy ones, in two worlds of other texts, sizes and seeds."""

import inspect
import itertools
import json
import math
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.alignment.job import options_from, without_dropout
from minillm.alignment.methods import settings_for as alignment_settings
from minillm.alignment.prepare import prepare_pairs, prepare_rewards
from minillm.alignment.record import Choices as AlignmentChoices
from minillm.course.stories import write_stories
from minillm.course.tales import write_tales
from minillm.course.translations import write_translations
from minillm.course.village import Village
from minillm.finetuning.classification import (
    TASK,
    Choices,
    FinetuningRun,
    Method,
    baselines_of,
    classifier_for,
    prepare_training,
    read_split,
    tokenize_parts,
)
from minillm.finetuning.classification.defaults import settings_for as finetuning_settings
from minillm.models import Model
from minillm.objectives import Objective
from minillm.ops import IGNORE, cross_entropy, cross_entropy_backward, softmax, softmax_backward
from minillm.preferences import Reward
from minillm.pretraining import prepare, settings_for
from minillm.text import default_text, unigram_entropy
from minillm.training import DivergedError, Run, Trainer, load
from minillm.training.record import Facts

PART = 40_000  # characters of a text that a run reads


class Plan(NamedTuple):
    """A run that is made on purpose, and the rule that is to fire: None for a healthy one."""

    cause: str | None
    what: str
    make: Callable[[Path], None]


class World(NamedTuple):
    """Texts by their names, the first of them the main one, and how large and how long the runs on them are."""

    seed: int
    texts: dict[str, str]
    sizes: dict
    steps: int


def tuning_world() -> World:
    """The one in which the rules' numbers were chosen."""
    stories = "\n".join(" ".join(story) for story in write_stories(900, seed=5))
    texts = {
        "the language reference": default_text(),
        "stories": stories,
        "source of argparse, pathlib and others": source_of("argparse", "pathlib", "textwrap", "tokenize"),
        "sentences of Chinese": "\n".join(each.chinese for each in write_translations(4000, seed=5)),
    }
    return World(11, texts, {"layers": 2, "heads": 2, "d_model": 32, "context": 32, "batch": 8}, 400)


def counted_world() -> World:
    """The one that is counted."""
    texts = {
        "tales": write_tales(200_000, seed=3),
        "a village": "".join(Village(7).tell(800)),
        "source of email, http and others": source_of("email.message", "http.client", "ssl", "zipfile", "decimal"),
        "sums": sums(4000, seed=7),
        "stories in Chinese": "\n".join("".join(story) for story in write_stories(1500, seed=8, language="zh")),
        "pairs of sentences": "\n".join(f"{e.english} = {e.chinese}" for e in write_translations(2500, seed=8)),
    }
    return World(4, texts, {"layers": 2, "heads": 4, "d_model": 40, "context": 40, "batch": 8}, 450)


def source_of(*modules: str) -> str:
    """Python's own source, which every machine has."""
    return "\n\n".join(inspect.getsource(pkgutil.resolve_name(name)) for name in modules)


def sums(count: int, seed: int) -> str:
    rng = np.random.default_rng(seed)
    return "".join(f"{a} + {b} = {a + b}\n" for a, b in rng.integers(0, 60, size=(count, 2)).tolist())


# --- training into a folder, as the commands do ---


def train_into(run: Run, trainer: Trainer, tokenizer, facts: Facts, until: int | None = None) -> None:
    run.create(trainer, tokenizer, trainer.options, facts)
    try:
        for progress in trainer.run(until=until):
            run.log(progress)
            if progress.validation is not None:
                run.save(trainer, progress.best)
    except DivergedError as error:
        run.log_divergence(error)
        return
    run.save(trainer)


def pretrain(
    folder: Path,
    text: str,
    world: World,
    *,
    data: Callable = lambda data: data,
    loss: Objective | None = None,
    tamper: Callable[[Model], None] = lambda model: None,
    until: int | None = None,
    **named,
) -> None:
    """A run of `pretrain`, of which the batches, the objective or the new model may be changed."""
    path = folder.with_suffix(".txt")
    path.write_text(text, encoding="utf-8")
    usual = world.sizes | {"steps": world.steps, "seed": world.seed, "lr": 4e-3, "warmup": 30, "eval_batches": 12}
    named = usual | {"eval_every": max(1, named.get("steps", world.steps) // 6)} | named
    settings = settings_for(preset="tiny", workers=1, **named)
    model, batches, tokenizer = prepare(settings, text)
    tamper(model)
    vocab = tokenizer.vocab_size
    unigram = unigram_entropy(*settings.task.tokens(batches), vocab)
    facts = replace(settings.task.facts(str(path), text), chance=math.log(vocab), unigram=unigram)
    trainer = Trainer(model, data(batches), settings.options, loss or settings.task.objective())
    train_into(Run(folder), trainer, tokenizer, facts, until)


def finetune(
    folder: Path,
    examples: list[tuple[str, str]],
    base: Path,
    world: World,
    *,
    data: Callable = lambda data: data,
    **named,
) -> None:
    """A run of `finetune` that tells classes apart, on the model of another run."""
    path = folder.with_suffix(".tsv")
    path.write_text("".join(f"{text}\t{label}\n" for text, label in examples), encoding="utf-8")
    split = read_split(path, None, world.seed)
    pretrained, tokenizer = load(base)
    named = {"texts": len(split.training.texts), "seed": world.seed, "workers": 1} | named
    settings = finetuning_settings(pretrained.config, Method(), named)
    classifier = classifier_for(pretrained, split.classes, settings)
    parts = tokenize_parts(split, tokenizer, pretrained.config.context)
    trainer, whole = prepare_training(classifier, Method(), parts, tokenizer, options_from(settings))
    beaten = baselines_of(parts)
    choices = Choices(TASK, str(base), None, "none", None, "pretrained", settings["dropout"])
    facts = Facts(
        str(path), str(path), split.sha256(), split.words(), asdict(choices),
        chance=beaten.blind_loss, unigram=beaten.frequency_loss,
    )  # fmt: skip
    trainer.data = data(trainer.data)
    train_into(FinetuningRun(folder, whole), trainer, tokenizer, facts)


def align(folder: Path, base: Path, world: World, method: str, reward: Reward | None = None, **named) -> None:
    """A run of `align`: from pairs in which the chosen answer is the shorter one, or from a reward."""
    pretrained, tokenizer = load(base)
    usual = {"seed": world.seed, "workers": 1, "eval_every": 10}
    settings = alignment_settings(method, usual | named, pretrained.config.context)
    model, options = without_dropout(pretrained), options_from(settings)
    choices = AlignmentChoices.from_settings(
        method, settings, str(base), str(base.with_suffix(".txt")), reward
    ).to_dict()
    if reward is not None:
        trainer, facts = prepare_rewards(choices, reward, model, tokenizer, options, report=lambda line: None)
    else:
        path = folder.with_suffix(".jsonl")
        lines = [line for line in base.with_suffix(".txt").read_text(encoding="utf-8").splitlines() if len(line) > 20]
        pairs = [{"prompt": a[:8], "chosen": a[8:18] + "\n", "rejected": a[8:30]} for a in lines[:300]]
        path.write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
        trainer, facts = prepare_pairs(choices, str(path), model, tokenizer, options)
        trainer.data.ask_reference(model, options.batch)
        facts = replace(facts, chance=math.log(2))
    train_into(Run(folder), trainer, tokenizer, facts)


# --- what goes wrong ---


class Changed(NamedTuple):
    """Batches of which each is changed, those to validate on too."""

    data: object
    change: Callable

    def batch(self, rng, size):
        return self.change(self.data.batch(rng, size))

    def validation_batches(self, size):
        return map(self.change, self.data.validation_batches(size))


class Unshuffled(NamedTuple):
    """The same batch every time."""

    data: object

    def batch(self, rng, size):
        return self.data.batch(np.random.default_rng(0), size)

    def validation_batches(self, size):
        return self.data.validation_batches(size)


class OneClassAfterAnother:
    """Examples in the order of their classes, so many batches of one and then so many of the next."""

    def __init__(self, data, batches: int = 30):
        self.data, self.numbers = data, itertools.count()
        self.places = [np.flatnonzero(data.labels == label) for label in np.unique(data.labels)]
        self.batches = batches

    def batch(self, rng, size):
        places = self.places[next(self.numbers) // self.batches % len(self.places)]
        chosen = rng.choice(places, size)
        part = type(self.data)(
            [self.data.rows[i] for i in chosen], self.data.labels[chosen], self.data.held_out, self.data.held_out_labels, self.data.pad
        )  # fmt: skip
        return part.batch(rng, size)

    def validation_batches(self, size):
        return self.data.validation_batches(size)


def not_shifted(batch):
    return batch._replace(targets=np.where(batch.targets == IGNORE, IGNORE, batch.inputs))


def shifted_by_two(batch):
    targets = np.full_like(batch.targets, IGNORE)
    targets[:, :-1] = batch.targets[:, 1:]
    return batch._replace(targets=targets)


def softmax_twice(model, inputs, targets, *, rng=None, label_smoothing=0.0):
    logits, saved_model = model.forward(inputs, rng=rng)
    probabilities, saved_softmax = softmax(logits)
    loss, saved_loss = cross_entropy(probabilities, targets)
    return loss, (saved_model, saved_softmax, saved_loss)


def softmax_twice_backward(model, dloss, saved):
    saved_model, saved_softmax, saved_loss = saved
    dprobabilities = cross_entropy_backward(dloss, saved_loss)  # loss = cross_entropy(probabilities, targets)
    dlogits = softmax_backward(dprobabilities, saved_softmax)  # probabilities = softmax(logits)
    model.backward(dlogits, saved_model)  # logits = model(inputs)


def frozen_blocks(model):
    for block in model.blocks:
        block.freeze()


def saturated_heads(model):
    """Half of the heads of each block ask with weights so large that their softmax is one-hot, and has no gradient."""
    for block in model.blocks:
        half = block.attention.query.weight.data.shape[1] // 2
        block.attention.query.weight.data[:, :half] *= 1e6


def dead_units(model):
    for block in model.blocks:
        block.ffn.expand.bias.data[...] = -10.0


def labelled(texts: list[str], classes: tuple[str, ...], count: int, seed: int) -> list[tuple[str, str]]:
    """Which of some texts does a piece of 30 characters come from?"""
    rng, found = np.random.default_rng(seed), []
    for text, label in zip(texts, classes, strict=True):
        starts = rng.choice(len(text) - 30, count, replace=False)
        found += [(" ".join(text[s : s + 30].split()) or "-", label) for s in starts]
    return found


LIKES_E = Reward("share of e", lambda lines: [line.count("e") / max(len(line), 1) for line in lines])
ALWAYS_ONE = Reward("always one", lambda lines: [1.0] * len(lines))


def bases(world: World, folder: Path) -> tuple[Path, Path]:
    """Two models to begin with: of the main text, and of the second one, which has lines."""
    paths = folder / "base", folder / "lines"
    for path, text in zip(paths, list(world.texts.values())[:2], strict=True):
        pretrain(path, text[:PART], world)
    return paths


def failures(world: World, base: Path, lines: Path) -> Iterator[Plan]:
    """Twenty, each with its one cause."""
    first, second, third, *_, foreign = (text[:PART] for text in world.texts.values())
    classes = ("one", "other")
    examples = labelled([first, third], classes, 250, world.seed)
    mixed = list(
        zip(
            (text for text, _ in examples),
            np.random.default_rng(1).permutation([label for _, label in examples]),
            strict=True,
        )
    )
    strange = [
        (" ".join(pair), label)
        for pair, label in zip(itertools.pairwise(foreign.split("\n")), itertools.cycle(classes), strict=False)
    ]
    half = first[: PART // 4]

    def run(text=first, **changes):
        return partial(pretrain, text=text, world=world, **changes)

    yield Plan("rate_too_high", "a rate of 0.3", run(lr=0.3))
    yield Plan("rate_too_high", "a rate of 3, another text", run(second, lr=3.0))
    yield Plan("rate_too_low", "a rate of 3e-6", run(lr=3e-6))
    yield Plan(
        "no_warmup",
        "a classifier, no warm-up, at a high rate that comes down",
        partial(finetune, examples=examples, base=base, world=world, lr=0.03, warmup=0, epochs=12),
    )
    yield Plan("diverged", "a rate of 1e12, no warm-up", run(lr=1e12, warmup=0))
    yield Plan("answer_in_the_input", "targets that are the inputs", run(data=lambda data: Changed(data, not_shifted)))
    yield Plan(
        "shifted_too_far", "targets shifted by two", run(second, data=lambda data: Changed(data, shifted_by_two))
    )
    yield Plan(
        "softmax_twice", "cross-entropy of probabilities", run(loss=Objective(softmax_twice, softmax_twice_backward))
    )
    yield Plan("frozen", "all blocks frozen", run(second, tamper=frozen_blocks))
    yield Plan("leak", "a text that is there twice", run(half + half))
    yield Plan("text_too_small", "4,000 characters, read over and over", run(first[:4000], steps=3 * world.steps))
    yield Plan("no_shuffling", "the same batch at every step", run(third, data=Unshuffled))
    yield Plan("dead_heads", "half of the heads saturated", run(third, tamper=saturated_heads))
    yield Plan("dead_units", "ReLU units with a bias of -10", run(third, activation="relu", tamper=dead_units))
    yield Plan("clipped", "gradients clipped to 1e-8", run(second, clip=1e-8))
    yield Plan("label_smoothing", "label smoothing of 0.8", run(second, label_smoothing=0.8))
    yield Plan("stopped_early", "stopped after a third of the steps", run(second, until=world.steps // 3))
    yield Plan(
        "labels_are_noise",
        "a classifier's labels in random order",
        partial(finetune, examples=mixed, base=base, world=world, epochs=40, dropout=0.0, lr=1e-3),
    )
    yield Plan(
        "unknown_tokens",
        "a classifier of a script that its tokenizer lacks",
        partial(finetune, examples=strange[:600], base=base, world=world),
    )
    yield Plan(
        "constant_reward",
        "a reward of one for every answer",
        partial(
            align,
            base=lines,
            world=world,
            method="grpo",
            reward=ALWAYS_ONE,
            steps=30,
            prompt_tokens=8,
            answer_tokens=12,
            batch=16,
        ),
    )


def healthy(world: World, base: Path, lines: Path) -> Iterator[Plan]:
    """Twenty that went well, of many kinds."""
    texts = {name: text[:PART] for name, text in world.texts.items()}
    (one, first), (two, second), (three, third), *_ = texts.items()

    def run(what, text, **changes):
        return Plan(None, what, partial(pretrain, text=text, world=world, **changes))

    for name, text in texts.items():
        yield run(f"causal, {name}", text)
    yield run(f"causal, {one}, word pieces", first, tokenizer="bpe", merges=200)
    yield run(f"causal, {two}, wider, a constant rate", second, d_model=96, lr=1e-3, schedule="constant", steps=900)
    yield run(f"causal, {three}, three layers, ReLU, dropout", third, layers=3, activation="relu", dropout=0.1)
    yield run(f"causal, {one}, twice as long, label smoothing", first, steps=2 * world.steps, label_smoothing=0.1)
    yield run(
        f"causal, {two}, RMSNorm, SwiGLU, rotary positions", second, norm="rms", activation="swiglu", positions="rotary"
    )
    yield run(
        f"causal, {three}, a high rate with a long warm-up", third, lr=8e-3, warmup=150, schedule="linear", lr_floor=0.0
    )
    yield run(f"causal, {one}, sinusoidal positions, an n-gram embedding", first, positions="sinusoidal", ngram=3)
    yield run(f"masked, {two}", second, objective="masked", tokenizer="bpe", merges=150, steps=3 * world.steps)
    yield run(f"denoising, {two}", second, objective="denoise", tokenizer="bpe", merges=150, steps=2 * world.steps)
    pieces = partial(labelled, classes=("one", "other"), count=600)
    yield Plan(
        None,
        f"classifier, {one} or {three}",
        partial(finetune, examples=pieces([first, third], seed=1), base=base, world=world),
    )
    yield Plan(
        None,
        f"classifier, {two} or {three}",
        partial(finetune, examples=pieces([second, third], seed=2), base=lines, world=world, epochs=3),
    )
    yield Plan(None, f"DPO, {two}", partial(align, base=lines, world=world, method="dpo", steps=60))
    sampling = {"prompt_tokens": 8, "answer_tokens": 12, "batch": 16, "steps": 30}
    yield Plan(None, f"GRPO, {two}", partial(align, base=lines, world=world, method="grpo", reward=LIKES_E, **sampling))
    yield Plan(None, f"PPO, {two}", partial(align, base=lines, world=world, method="ppo", reward=LIKES_E, **sampling))
