"""python -m minillm pretrain: train a model on a text, from nothing."""

import dataclasses
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from minillm.backend import Device
from minillm.cli import session
from minillm.cli.job import Job, fitting, named_options
from minillm.cli.parser import choice
from minillm.cli.run_options import add_run_options, add_training_options
from minillm.cli.terminal import program, say, shell_word, visible
from minillm.errors import InputError
from minillm.models import GPT, ModelConfig
from minillm.models.gpt_config import GPT_ACTIVATIONS, GPT_NORMS, GPT_POSITIONS
from minillm.objectives.denoise import RATES
from minillm.preferences import resumed_reward
from minillm.pretraining import (
    MLE,
    OBJECTIVES,
    PREFERENCES,
    PRESETS,
    SPOILED,
    Pretraining,
    choose_size,
    prepare,
    settings_for,
    task_from_record,
)
from minillm.pretraining.job import TOKENIZERS
from minillm.text import Tokenizer, unigram_entropy
from minillm.training import Run, SavedRun, Trainer, check_memory
from minillm.training.record import Facts, sha256_of
from minillm.training.saved_run import CHANGEABLE
from minillm.units import count

DESCRIPTION = """example: python -m minillm pretrain --text book.txt --out runs/book

Train a model on a text, from nothing: a GPT, or with --objective an encoder or an encoder-decoder. Without --text it
reads the Python language reference, which every Python brings along. Ctrl-C stops and saves; --resume goes on as if
nothing had happened."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("--text", metavar="FILE", help="a UTF-8 text, or - for standard input (default: the Python language reference)")
    add("--preset", type=choice("preset", PRESETS), help="tiny (seconds), laptop (default) or full (hours)")
    add(
        "--size",
        type=choice("size", ["auto"]),
        help="auto: with --minutes, the layers, width, dropout and learning rate that learn most in the time, on this machine",
    )
    add_run_options(parser, out="the folder of the run (default: the next free runs/gpt-N)")

    add = parser.add_argument_group("the model").add_argument
    add("--tokenizer", type=choice("tokenizer", TOKENIZERS), help="char (default for causal) or bpe")
    add("--merges", type=int, help="merges that bpe learns (default 1024, for some objectives 256)")
    add("--layers", type=int, help="blocks")
    add("--heads", type=int, help="attention heads in a block")
    add("--kv-heads", type=int, help="heads of keys and values, each shared by several of queries (default 0: as many)")
    add("--window", type=int, help="tokens that a token sees: itself and those just before it (default 0: all)")
    add("--d-model", type=int, help="width: numbers to a token")
    add("--d-ff", type=int, help="width inside the feed-forward layers (default 0: 4 × d-model, with swiglu 8/3)")
    add("--context", type=int, help="tokens that the model sees at once")
    add("--dropout", type=float, help="share of activations dropped while training (default 0)")
    activations = "gelu (default), gelu_erf, relu, silu or swiglu"
    add("--activation", type=choice("activation", GPT_ACTIVATIONS), help=activations)
    add("--norm", type=choice("norm", GPT_NORMS), help="pre (default) or post LayerNorms; rms: RMSNorms before")
    add("--positions", type=choice("positions", GPT_POSITIONS), help="learned (default), sinusoidal, rotary or alibi")
    add(
        "--untied",
        dest="tie_head",
        action="store_false",
        default=None,
        help="an output head of its own, not the embedding again",
    )
    add("--no-bias", dest="bias", action="store_false", default=None, help="linear layers without bias")
    add("--ngram", type=int, help="tokens that an embedding reads: its own and the N - 1 before it")

    add = parser.add_argument_group("the objective").add_argument
    add("--objective", type=choice("objective", OBJECTIVES), help=f"{summaries(OBJECTIVES)} (default causal)")
    add("--rate", type=float, help="masked, denoise, span: share of the text that is hidden or damaged")
    add("--whole-words", action="store_true", default=None, help="masked: hide whole words, not single tokens")
    add("--line-by-line", action="store_true", default=None, help="masked: read a line at once, not a sentence")
    add("--noise", type=choice("noise", RATES), help="denoise: delete (default), mask or infill words")
    add_preference_arguments(parser)
    add_training_options(parser)


def add_preference_arguments(parser) -> None:
    add = parser.add_argument_group("preferences while pretraining").add_argument
    add("--preference", type=choice("preference", PREFERENCES), help=summaries(PREFERENCES))
    add(
        "--reward",
        metavar="FORM",
        help="scores each line, from 0 down to -1: style (of Python, default), personal, length:N, words:FILE, "
        "or FILE.py:NAME, a function in a Python file, which is run",
    )
    add("--threshold", type=float, help="a line is good whose reward reaches it (default 0)")
    add(
        "--spoil",
        type=float,
        help=f"share of the lines of code that get a fault, where no --text is named (default {SPOILED}; 0 is none)",
    )
    add("--drop", type=float, help="conditional: share of the lines without their control token (default 0.1)")
    add(
        "--alpha",
        type=float,
        help="unlikelihood: weight of bad lines (0.05); awr: of the text, against the values (0.5)",
    )
    add("--beta", type=float, help="rwr, awr: the smaller, the more the reward counts (default 0.5)")


def summaries(tasks: dict[str, type[Pretraining]]) -> str:
    return "; ".join(f"{name}: {task.summary}" for name, task in tasks.items())


def run(args) -> int:
    return session.run(PretrainingJob, args)


@dataclass
class PretrainingJob(Job):
    command: ClassVar[str] = "pretrain"

    folder: Run
    trainer: Trainer
    tokenizer: Tokenizer
    task: Pretraining
    facts: Facts

    @classmethod
    def open(cls, args) -> Run:
        if args.resume and not args.out:
            raise InputError("--resume needs to know which run.", "Name its folder: --resume --out DIR.")
        return Run(args.out or next_free_folder())

    @classmethod
    def inputs(cls, args) -> dict[str, str | None]:
        return {"the text": args.text}

    @classmethod
    def start(cls, folder: Run, args, device: Device) -> "PretrainingJob":
        settings = settings_for(device=device, **named_settings(args))
        task = settings.task
        text = task.read(args.text)
        if settings.to_choose:
            settings, why = choose_size(settings, text, device)
            say(f"size    auto: {why}")
        if settings.tokenizer == "bpe":
            say(f"text    learning {settings.merges:,} byte-pair merges ...")
        model, data, tokenizer = prepare(settings, text, device)
        trainer = Trainer(model, data, settings.options, task.objective())
        return cls(folder, trainer, tokenizer, task, task.facts(args.text, text))

    @classmethod
    def began(cls, settings: dict) -> bool:
        return settings.get("objective") in [*OBJECTIVES]

    @classmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        task_from_record(settings).check_model(config, tokenizer)

    @classmethod
    def resume(cls, folder: Run, args, saved: SavedRun, device: Device) -> "PretrainingJob":
        """Its sizes are given; only when it ends and how it is watched may change."""
        task, named, facts = task_from_record(saved.facts.settings), named_settings(args), saved.facts
        if isinstance(task, MLE):
            reward = resumed_reward(task.reward, task.reward_sha256, named.pop("reward", None))
            task = dataclasses.replace(task, reward=reward)
            facts = dataclasses.replace(facts, settings=task.record())
        learned = saved.tokenizer.to_json()
        preset = {name: value for name, value in PRESETS.get(args.preset, {}).items() if name not in CHANGEABLE}
        options = saved._replace(facts=facts).altered(
            preset | named, tokenizer=learned["type"], merges=len(learned.get("merges", []))
        )
        check_memory(saved.config, options, task.context)
        text = task.read(saved.source(args.text, "text", facts.source))
        saved.check_same(facts.name, sha256_of(text))
        data = task.data(text, saved.tokenizer)
        trainer = Trainer(task.build(saved.config, device=device), data, options, task.objective())
        return cls(folder, trainer, saved.tokenizer, task, facts)

    def describe(self) -> Iterator[str]:
        config, vocab = self.trainer.model.config, self.tokenizer.vocab_size
        train_ids, validation_ids = self.task.tokens(self.trainer.data)
        yield (
            f"model   {count(config.layers, 'layer')}, {count(config.heads, 'head')}, {config.d_model} wide, "
            f"context {self.task.context}, vocabulary {vocab}: "
            f"{config.parameter_count():,} parameters, {config.flops_per_token() / 1e6:.1f} MFLOP a token"
        )
        yield f"data    {self.facts.name}: {len(train_ids):,} tokens to train on, {len(validation_ids):,} to validate"
        if described := self.task.describe(self.trainer.data):
            yield f"        {described}"
        yield self.describe_baselines(vocab)

    def tokens(self) -> float:
        return self.trainer.options.batch * self.trainer.options.accumulate * self.task.context

    def sample(self) -> str:
        seed = self.trainer.steps_done
        return visible(self.task.sample(self.trainer.model, self.tokenizer, self.facts.prompt, seed))

    @functools.cached_property
    def baselines(self) -> tuple[float, float]:
        vocab = self.tokenizer.vocab_size
        return math.log(vocab), unigram_entropy(*self.task.tokens(self.trainer.data), vocab)

    def conclude(self, device: Device) -> None:
        model, words, here = self.trainer.model, self.facts.prompt, shell_word(self.folder.directory)
        if score := self.task.score(model, self.trainer.data, self.tokenizer):
            say("        " + score.replace("\n", "\n        "))
        writes = isinstance(model.body, GPT)
        use = f"generate --checkpoint {here} --prompt" if writes else f"fill --checkpoint {here} --text"
        say(f"next    {program()} {option(use, self.task.example(words))}")
        short = fitting(words, self.tokenizer, self.task.context)
        say(f"        {program()} {option(f'attention --checkpoint {here} --text', short)} --out attention.png")


def option(name: str, text: str) -> str:
    """An option with its value, for a command that can be copied; a value that begins with a dash is tied to its option."""
    return f"{name}{'=' if text.startswith('-') else ' '}{shell_word(text)}"


# What pretrain's options set besides settings: where things are, and what becomes of them.
PLACES = ("text", "out", "resume", "overwrite", "device", "stop_at", "tensorboard", "debug")


def named_settings(args) -> dict:
    return {name: value for name, value in named_options(args).items() if name not in PLACES}


def next_free_folder() -> Path:
    number = 1
    while Path(f"runs/gpt-{number}").exists():
        number += 1
    return Path(f"runs/gpt-{number}")
