"""What pretrained encoders learn from some hundred questions of XQuAD, as with `finetune --task answer`.

The articles are dealt into folds. The questions on each fold are answered by a model that learned from other articles, so that each
question counts once. The weights of the lowest loss are kept, on articles of the others that are held out.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.applications.data import ArticleQuestions
from benchmarks.applications.pairs import Score, ahead, beside, scores_of, shown
from benchmarks.machine import machine
from minillm.finetuning.questions import BLIND, LIKE, QuestionSplit, begin_questions
from minillm.finetuning.questions.scores import answer_metrics, blind_answers, sentences_like
from minillm.generation.answering import find_answers
from minillm.metrics.evaluation import count_answers, evaluation_of
from minillm.training import load
from minillm.training.train import run_to_end

FOLDS, HELD_OUT = 4, 6  # folds of articles, and how many articles of the others are held out
SETTINGS = {"steps": 200, "batch": 8, "lr": 2e-4, "dropout": 0.0}


@dataclass
class Answerer:
    """How good the answers of one body are, after it learned to point at them."""

    where: str
    name: str
    numbers: int  # of the model
    processor: float  # minutes that all cores together worked on a fold, on average
    scores: dict[str, dict[str, Score]]  # by the way and the metric
    ahead: dict[str, dict[str, Score]]  # the model - what is to be beaten, on the same questions


def folds(articles: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each fold the places of the questions to learn from, of the held-out ones, and of those to answer."""
    different = np.random.default_rng(0).permutation([*dict.fromkeys(articles)])
    for dealt in np.split(different, FOLDS):
        others = [article for article in different if article not in dealt]
        parts = others[HELD_OUT:], others[:HELD_OUT], dealt
        yield tuple(np.flatnonzero(np.isin(articles, part)) for part in parts)


def answered(data: ArticleQuestions, checkpoint: str | Path) -> Answerer:
    questions, articles = data
    model, tokenizer = load(checkpoint, body=True)
    answers, blind = [""] * len(articles), [""] * len(articles)
    clock = sum(os.times()[:4])
    for fold, (training, held_out, asked) in enumerate(folds(articles)):
        split = QuestionSplit(questions.chosen(training), questions.chosen(held_out))
        learner = begin_questions(split, SETTINGS | {"seed": fold}, (model, tokenizer))
        run_to_end(learner.trainer, best=True, progress=True)
        answerer, test = learner.trainer.model, questions.chosen(asked)
        found = find_answers(answerer, tokenizer, test.questions, test.passages)
        for place, answer, without in zip(asked, found, blind_answers(answerer, tokenizer, test), strict=True):
            answers[place], blind[place] = answer, without
        print(f"{checkpoint}, fold {fold} of {FOLDS}: {len(training)} questions", file=sys.stderr, flush=True)
    minutes = (sum(os.times()[:4]) - clock) / 60 / FOLDS
    simple = {LIKE: sentences_like(questions), BLIND: blind}
    counts = [count_answers(metric, answers, questions.answers, simple) for metric in answer_metrics(questions)]
    evaluation = evaluation_of("question", counts, [])
    name = Path(checkpoint).name
    result = Answerer(machine("numpy"), name, answerer.config.parameter_count(), minutes, {}, {})
    result.scores[name] = scores_of(evaluation.measures)
    beside(evaluation, result.scores, result.ahead)
    return result


def lines(result: Answerer) -> Iterator[str]:
    """A section of the page."""
    yield f"`{result.name}` with a new head, {result.numbers:,} numbers in all, on {result.where}: {SETTINGS['steps']} steps of"
    yield f"{SETTINGS['batch']} questions in each of {FOLDS} folds, {result.processor:.1f} minutes of the processor a fold.\n"
    metrics = [*result.scores[result.name]]
    yield "| answers | " + " | ".join(metrics) + " |"
    yield "|---|" + "---:|" * len(metrics)
    for way, scores in result.scores.items():
        yield f"| {way} | {' | '.join(map(shown, scores.values()))} |"
    yield ""
    for baseline, scores in result.ahead.items():
        yield f"- ahead of {baseline}: " + ", ".join(f"{metric} {ahead(each)}" for metric, each in scores.items())
