"""`finetune --task translate` and `summarise`: an encoder-decoder learns from pairs of texts."""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minillm.backend import Device
from minillm.cli.examples import ExamplesJob, compared, facts_of, read_again
from minillm.cli.job import named_options
from minillm.cli.run_options import check_data
from minillm.cli.terminal import program, say, shell_word, visible
from minillm.finetuning.pairs import (
    PAIR_TASKS,
    PAIRS,
    HeldOut,
    Learner,
    PairChoices,
    begin_pairs,
    read_pair_split,
    resume_pairs,
)
from minillm.models import ModelConfig
from minillm.text import Tokenizer, unigram_entropy
from minillm.training import Run, SavedRun, Trainer, TrainOptions, load
from minillm.training.record import Facts, absolute, origin
from minillm.units import count

SHOWN = 300  # characters of an example


@dataclass
class PairsJob(ExamplesJob):
    folder: Run
    trainer: Trainer
    tokenizer: Tokenizer
    learner: Learner
    facts: Facts

    @classmethod
    def start(cls, folder: Run, args, device: Device) -> "PairsJob":
        check_data(args)
        seed = TrainOptions(seed=args.seed or 0).seed  # InputError for one that is none
        split, task = read_pair_split(args.data, args.dev, seed), PAIR_TASKS[args.task]
        pretrained = None if args.checkpoint is None else load(args.checkpoint, device)
        named = named_options(args)
        learner = begin_pairs(split, task, named, pretrained, device)
        choices = PairChoices(
            objective=PAIRS,
            task=task.name,
            checkpoint=origin(args.checkpoint),
            dev=absolute(args.dev),
            context=named.get("context", task.context),
        )
        facts = facts_of(args, split, choices)
        return cls(folder, learner.trainer, learner.tokenizer, learner, facts)

    @classmethod
    def began(cls, settings: dict) -> bool:
        return settings.get("objective") == PAIRS

    @classmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        PairChoices.check(settings, config)

    @classmethod
    def resume(cls, folder: Run, args, saved: SavedRun, device: Device) -> "PairsJob":
        named = named_options(args)
        learned, choices = saved.tokenizer.to_json(), saved.facts.settings
        options = saved.altered(named, merges=len(learned.get("merges", [])))
        split = read_again(args, saved, read_pair_split, options.seed)
        task = PAIR_TASKS[choices["task"]]
        learner = resume_pairs(saved.model(device), saved.tokenizer, split, task, choices["context"], options)
        return cls(folder, learner.trainer, learner.tokenizer, learner, saved.facts)

    def describe(self) -> Iterator[str]:
        config, parts, settings = self.trainer.model.config, self.learner.parts, self.facts.settings
        layers, decoder = config.layers, getattr(config, "decoder_layers", config.layers)
        before = "from nothing" if settings["checkpoint"] is None else f"as {settings['checkpoint']} has it"
        yield (
            f"model   {config.name} of {layers} + {count(decoder, 'layer')}, {count(config.heads, 'head')}, {config.d_model} wide, "
            f"vocabulary {config.vocab_size:,}: {config.parameter_count():,} parameters, {before}"
        )
        sides = (parts.training.sources, parts.training.targets)
        lengths = " + ".join(f"{np.mean([len(row) for row in side]):.1f}" for side in sides)
        yield (
            f"data    {self.facts.name}: {len(sides[0]):,} pairs to train on, {len(parts.held_out.sources):,} to validate; "
            f"{lengths} tokens to a pair"
        )
        for what, rows in zip(("", "held-out "), parts, strict=True):
            yield from (f"        {what}{line}" for line in rows.left_out(settings["context"]))
        yield self.describe_baselines(config.vocab_size)
        yield f"        to be beaten, on {count(len(self.held_out.pairs.lines), 'held-out pair')}:"
        for name, scores in self.held_out.baselines.items():
            yield f"        {scores.describe()}  ({name})"

    def lengths(self) -> list[int]:
        rows = self.learner.parts.training
        return [len(source) + len(target) + 2 for source, target in zip(rows.sources, rows.targets, strict=True)]

    def sample(self) -> str:
        """How good the answers to some held-out sources are now, and one of them."""
        answers = self.held_out.answers(self.trainer.model)
        scores, best = self.held_out.scores(answers), max(each.main for each in self.held_out.baselines.values())
        lines = (self.held_out.pairs.sources[0], f"-> {answers[0]}")
        shown = "\n".join(visible(line[:SHOWN]) for line in lines)
        return f"{scores.describe()}  (to be beaten: {next(iter(scores.values))} {best:.1f})\n{shown}"

    @functools.cached_property
    def held_out(self) -> HeldOut:
        return HeldOut(self.learner)

    @functools.cached_property
    def baselines(self) -> tuple[float, float]:
        vocab, end = self.trainer.model.config.vocab_size, self.trainer.data.special.eos
        targets = (np.concatenate([*part.targets, [end] * len(part.targets)]) for part in self.learner.parts)
        return math.log(vocab), unigram_entropy(*targets, vocab)

    def conclude(self, device: Device) -> None:
        model, _ = load(self.folder.directory, device)
        held_out, task = self.held_out, self.learner.task.name
        reached = held_out.scores(held_out.answers(model))
        print(reached.describe())
        for name, scores in held_out.baselines.items():
            print(compared(scores.describe(), name, beaten=scores.main < reached.main))
        here = shell_word(self.folder.directory)
        say(f"next    {program()} {task} --checkpoint {here} --text={shell_word(self.facts.prompt)}")
