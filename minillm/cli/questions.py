"""`finetune --task answer`: an encoder learns to point at the answers to questions about passages."""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from minillm.backend import Device
from minillm.cli.examples import ExamplesJob, compared, facts_of, read_again
from minillm.cli.job import named_options
from minillm.cli.run_options import check_data, checkpoint_of
from minillm.cli.terminal import program, say, shell_word, visible
from minillm.finetuning.evaluation import in_words
from minillm.finetuning.questions import (
    BLIND,
    LIKE,
    QUESTIONS,
    HeldOutQuestions,
    QuestionChoices,
    QuestionLearner,
    begin_questions,
    read_question_split,
    resume_questions,
)
from minillm.models import ModelConfig
from minillm.text import Tokenizer
from minillm.training import Run, SavedRun, Trainer, TrainOptions, load
from minillm.training.record import Facts, absolute, origin
from minillm.units import count

SHOWN = 300  # characters of an example


@dataclass
class QuestionsJob(ExamplesJob):
    per: ClassVar[str] = "end of an answer"
    choices: ClassVar[str] = "T"

    folder: Run
    trainer: Trainer
    tokenizer: Tokenizer
    learner: QuestionLearner
    facts: Facts

    @classmethod
    def start(cls, folder: Run, args, device: Device) -> "QuestionsJob":
        checkpoint = checkpoint_of(args, example="reader")
        check_data(args)
        seed = TrainOptions(seed=args.seed or 0).seed  # InputError for one that is none
        split = read_question_split(args.data, args.dev, seed)
        init = args.init or "pretrained"
        learner = begin_questions(split, named_options(args), load(checkpoint, device), random=init == "random")
        choices = QuestionChoices(
            objective=QUESTIONS,
            checkpoint=origin(checkpoint),
            dev=absolute(args.dev),
            init=init,
            dropout=learner.trainer.model.config.dropout,
        )
        facts = facts_of(args, split, choices)
        return cls(folder, learner.trainer, learner.tokenizer, learner, facts)

    @classmethod
    def began(cls, settings: dict) -> bool:
        return settings.get("objective") == QUESTIONS

    @classmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        QuestionChoices.check(settings, config, tokenizer)

    @classmethod
    def resume(cls, folder: Run, args, saved: SavedRun, device: Device) -> "QuestionsJob":
        named = named_options(args)
        options = saved.altered(named, task="answer")
        split = read_again(args, saved, read_question_split, options.seed)
        learner = resume_questions(saved.model(device), saved.tokenizer, split, options)
        return cls(folder, learner.trainer, learner.tokenizer, learner, saved.facts)

    def describe(self) -> Iterator[str]:
        config, settings = self.trainer.model.config, self.facts.settings
        before = "random weights" if settings["init"] == "random" else f"the body as {settings['checkpoint']} has it"
        yield (
            f"model   {config.name} of {count(config.body.layers, 'layer')}, {config.body.d_model} wide, context {config.body.context}: "
            f"{config.parameter_count():,} parameters, {before}"
        )
        sides = [f"{len(part.ids):,} questions on {len({*part.passages}):,} passages" for part in self.learner.split]
        yield f"data    {self.facts.name}: {sides[0]} to train on, {sides[1]} to validate"
        for what, rows in zip(("", "held-out: "), self.learner.parts, strict=True):
            yield from (f"        {what}{line}" for line in rows.described())
        chance, _ = self.baselines
        yield f"        validation loss of a blind guess, of a token in its window: {chance:.2f}"
        asked = count(len(self.held_out.questions.ids), "held-out question")
        yield f"        to be beaten, on {asked}: {in_words(self.held_out.like)}  ({LIKE})"

    def lengths(self) -> list[int]:
        return [len(row) for row in self.learner.parts.training.ids]

    def sample(self) -> str:
        """How good the answers to some held-out questions are now, beside those without a question; and one of them."""
        model = self.trainer.model
        answers, blind = self.held_out.answers(model), self.held_out.beaten(model)[BLIND]
        shown = visible(f"{self.held_out.questions.questions[0][:SHOWN]} -> {answers[0][:SHOWN]}")
        return f"{in_words(self.held_out.scores(answers))}; {in_words(blind)} without the question\n{shown}"

    @functools.cached_property
    def held_out(self) -> HeldOutQuestions:
        return HeldOutQuestions(self.learner)

    @functools.cached_property
    def baselines(self) -> tuple[float, None]:
        lengths = [len(row) for row in self.learner.parts.held_out.ids]
        return sum(map(math.log, lengths)) / len(lengths), None

    def conclude(self, device: Device) -> None:
        model, _ = load(self.folder.directory, device)
        reached = self.held_out.scores(self.held_out.answers(model))
        print(in_words(reached))
        for name, scores in self.held_out.beaten(model).items():
            print(compared(in_words(scores), name, beaten=scores["F1"] < reached["F1"]))
        here, question = shell_word(self.folder.directory), shell_word(self.facts.prompt)
        say(f"next    {program()} answer --checkpoint {here} --context - --question={question}")
