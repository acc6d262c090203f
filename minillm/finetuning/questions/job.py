"""From questions about passages to a model that points at the answers: on a pretrained body, or on one with random weights."""

import dataclasses
from typing import NamedTuple

from minillm.errors import InputError, check_known
from minillm.finetuning.batches import padding_of
from minillm.finetuning.defaults import completed
from minillm.finetuning.held_out import scored_places
from minillm.finetuning.questions.data import QuestionData, QuestionParts, tokenize_question_split
from minillm.finetuning.questions.examples import Questions, QuestionSplit, split_questions
from minillm.finetuning.questions.scores import BLIND, LIKE, answer_scores, blind_answers, sentences_like
from minillm.generation.answering import check_reads, find_answers
from minillm.models import (
    Encoder,
    MaskedLM,
    Model,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    build,
    copy_parameters,
)
from minillm.objectives import QUESTION_ANSWERING
from minillm.text import Tokenizer
from minillm.training import Trainer, TrainOptions, check_memory, default_workers
from minillm.training.train import run_to_end

DEFAULTS = {"epochs": 4, "batch": 32, "lr": 2.5e-4, "dropout": 0.1}
SETTINGS = ("epochs", "dropout", *TrainOptions.names())


class QuestionLearner(NamedTuple):
    """What learns from questions, and all that belongs to it."""

    trainer: Trainer
    tokenizer: Tokenizer
    parts: QuestionParts
    split: QuestionSplit


def begin_questions(
    split: QuestionSplit, named: dict, pretrained: tuple[Model, Tokenizer], *, random: bool = False
) -> QuestionLearner:
    """A question answerer before its first step: a new head on a copy of a pretrained body, or with `random` on a body of the same sizes
    and random weights. A question answerer keeps its head.

    The settings are among what is `named`; InputError for one that can't be, and if it all needs more memory than there is.
    """
    model, tokenizer = pretrained
    body = encoder_of(model)
    check_reads(body.config.context, tokenizer)
    seed = TrainOptions(seed=named.get("seed", 0)).seed  # InputError for one that is none
    parts = tokenize_question_split(split, tokenizer, body.config.context)
    settings = completed(DEFAULTS, body.config, named | {"texts": len(parts.training.ids)})
    settings.setdefault("workers", default_workers(settings["batch"], body.vector.device))
    options = TrainOptions.from_settings(settings)
    if options.label_smoothing:
        raise InputError("There is no `label_smoothing` for the places of answers.", "Leave `label_smoothing` out.")
    config = QuestionAnsweringConfig(dataclasses.replace(body.config, dropout=settings["dropout"]))
    check_question_memory(config, options, parts)
    learns = build(config, seed=seed, device=body.vector.device)
    if not random:
        if isinstance(model, QuestionAnswering):
            copy_parameters(model, learns)
        else:
            copy_parameters(body, learns.body)
    return question_learner(learns, tokenizer, parts, split, options)


def encoder_of(model: Model) -> Encoder:
    """The part of a pretrained model that reads in both directions; InputError if it has none."""
    if isinstance(model, MaskedLM | SequenceClassifier | QuestionAnswering):
        model = model.body
    if not isinstance(model, Encoder):
        raise InputError(
            f"This is {model.config.name}: what points at answers reads the words on both sides of each.",
            "Use a model that was pretrained with `objective` masked, or a BERT.",
        )
    return model


def check_question_memory(config: QuestionAnsweringConfig, options: TrainOptions, parts: QuestionParts) -> None:
    """InputError if training needs more memory than there is. The head makes two numbers of a token."""
    check_memory(dataclasses.replace(config.body, vocab_size=2), options, parts.longest())


def question_learner(
    model: QuestionAnswering, tokenizer: Tokenizer, parts: QuestionParts, split: QuestionSplit, options: TrainOptions
) -> QuestionLearner:
    data = QuestionData(*parts, padding_of(tokenizer))
    return QuestionLearner(Trainer(model, data, options, QUESTION_ANSWERING), tokenizer, parts, split)


def resume_questions(
    model: QuestionAnswering, tokenizer: Tokenizer, split: QuestionSplit, options: TrainOptions
) -> QuestionLearner:
    """The same again, with a model whose weights are still to be loaded."""
    parts = tokenize_question_split(split, tokenizer, model.config.body.context)
    check_question_memory(model.config, options, parts)
    return question_learner(model, tokenizer, parts, split, options)


class HeldOutQuestions:
    """Some of the held-out questions, spread over all of them, what a model answers, and how good that is."""

    def __init__(self, learner: QuestionLearner):
        places = scored_places(len(learner.split.held_out.ids))
        self.questions, self._tokenizer = learner.split.held_out.chosen(places), learner.tokenizer
        self.like = answer_scores(sentences_like(self.questions), self.questions)

    def answers(self, model: QuestionAnswering) -> list[str]:
        asked, passages, missing = self.questions.questions, self.questions.passages, self.questions.may_be_missing
        return find_answers(model, self._tokenizer, asked, passages, may_be_missing=missing)

    def scores(self, answers: list[str]) -> dict[str, float]:
        return answer_scores(answers, self.questions)

    def beaten(self, model: QuestionAnswering) -> dict[str, dict[str, float]]:
        """What is to be beaten, by its name."""
        return {LIKE: self.like, BLIND: self.scores(blind_answers(model, self._tokenizer, self.questions))}


def learn_questions(
    questions: Questions,
    model: Model,
    tokenizer: Tokenizer,
    *,
    pretrained: bool = True,
    progress: bool = True,
    **settings,
) -> QuestionAnswering:
    """A question answerer on a copy of a pretrained body, with the weights of its lowest validation loss; `answer` asks it.

    The questions on a tenth of the passages are held out to validate on. `pretrained=False` starts from random weights instead. `settings`
    are epochs, dropout, and the fields of `TrainOptions`.
    """
    check_known(settings, SETTINGS)
    if len({len(column) for column in questions}) != 1:
        raise InputError(
            "The columns of the questions differ in length.",
            "Each question has an id, its words, a passage, a list of answers and one of their starts.",
        )
    seed = TrainOptions(seed=settings.get("seed", 0)).seed
    split = split_questions(questions, seed, "the list")
    learner = begin_questions(split, settings, (model, tokenizer), random=not pretrained)
    run_to_end(learner.trainer, best=True, progress=progress)
    return learner.trainer.model
