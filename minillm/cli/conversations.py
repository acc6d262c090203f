"""`finetune --task chat`: a GPT learns to answer from conversations."""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minillm.backend import Device
from minillm.cli.examples import ExamplesJob, compared, facts_of, read_again
from minillm.cli.job import named_options
from minillm.cli.run_options import check_data, checkpoint_of
from minillm.cli.terminal import program, say, shell_word, visible
from minillm.finetuning.chat import (
    CHAT,
    ChatChoices,
    ChatLearner,
    HeldOutTurns,
    begin_chat,
    read_conversation_split,
    resume_chat,
)
from minillm.finetuning.evaluation import in_words
from minillm.models import ModelConfig
from minillm.text import Tokenizer, unigram_entropy
from minillm.training import Run, SavedRun, Trainer, TrainOptions, load
from minillm.training.record import Facts, absolute, origin
from minillm.units import count

SHOWN = 300  # characters of an example


@dataclass
class ChatJob(ExamplesJob):
    folder: Run
    trainer: Trainer
    tokenizer: Tokenizer
    learner: ChatLearner
    facts: Facts

    @classmethod
    def start(cls, folder: Run, args, device: Device) -> "ChatJob":
        checkpoint = checkpoint_of(args, example="tales")
        check_data(args)
        seed = TrainOptions(seed=args.seed or 0).seed  # InputError for one that is none
        split = read_conversation_split(args.data, args.dev, seed)
        learner = begin_chat(split, named_options(args), load(checkpoint, device))
        choices = ChatChoices(
            objective=CHAT,
            checkpoint=origin(checkpoint),
            dev=absolute(args.dev),
            dropout=learner.trainer.model.config.dropout,
        )
        return cls(folder, learner.trainer, learner.tokenizer, learner, facts_of(args, split, choices))

    @classmethod
    def began(cls, settings: dict) -> bool:
        return settings.get("objective") == CHAT

    @classmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        ChatChoices.check(settings, config, tokenizer)

    @classmethod
    def resume(cls, folder: Run, args, saved: SavedRun, device: Device) -> "ChatJob":
        options = saved.altered(named_options(args), task="chat")
        split = read_again(args, saved, read_conversation_split, options.seed)
        learner = resume_chat(saved.model(device), saved.tokenizer, split, options)
        return cls(folder, learner.trainer, learner.tokenizer, learner, saved.facts)

    def describe(self) -> Iterator[str]:
        config, parts, settings = self.trainer.model.config, self.learner.parts, self.facts.settings
        yield (
            f"model   {config.name} of {count(config.layers, 'layer')}, {config.d_model} wide, context {config.context}, vocabulary "
            f"{config.vocab_size:,}: {config.parameter_count():,} parameters, as {settings['checkpoint']} has it"
        )
        yield (
            f"data    {self.facts.name}: {len(parts.training.rows):,} conversations to train on, {len(parts.held_out.rows):,} to validate; "
            f"learned are {parts.training.scored():,} of {sum(self.lengths()):,} tokens, those of the answers"
        )
        for what, rows in zip(("", "held-out "), parts, strict=True):
            yield from (f"        {what}{line}" for line in rows.left_out(config.context))
        yield self.describe_baselines(config.vocab_size)
        yield f"        to be beaten, on {count(len(self.held_out.turns), 'held-out answer')}:"
        for name, scores in self.held_out.baselines.items():
            yield f"        {in_words(scores)}  ({name})"

    def lengths(self) -> list[int]:
        return [len(row.ids) for row in self.learner.parts.training.rows]

    def sample(self) -> str:
        """How good the answers to some held-out questions are now, and one of them."""
        answers = self.held_out.answers(self.trainer.model)
        best = max(scores["exact"] for scores in self.held_out.baselines.values())
        shown = visible(f"{self.held_out.turns[0].question[:SHOWN]} -> {answers[0][:SHOWN]}")
        return f"{in_words(self.held_out.scores(answers))}  (to be beaten: exact {best:.1f})\n{shown}"

    @functools.cached_property
    def held_out(self) -> HeldOutTurns:
        return HeldOutTurns(self.learner)

    @functools.cached_property
    def baselines(self) -> tuple[float, float]:
        vocab = self.trainer.model.config.vocab_size
        answers = (np.concatenate([row.ids[row.written] for row in part.rows]) for part in self.learner.parts)
        return math.log(vocab), unigram_entropy(*answers, vocab)

    def conclude(self, device: Device) -> None:
        model, _ = load(self.folder.directory, device)
        reached = self.held_out.scores(self.held_out.answers(model))
        print(in_words(reached))
        for name, scores in self.held_out.baselines.items():
            print(compared(in_words(scores), name, beaten=scores["exact"] < reached["exact"]))
        say(f"next    {program()} chat --checkpoint {shell_word(self.folder.directory)}")
