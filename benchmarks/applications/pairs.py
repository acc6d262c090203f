"""What an encoder-decoder learns from pairs of texts, from nothing: translations or summaries, as with `finetune --task`.

The weights of the lowest loss on the held-out pairs are kept, and the test part is answered once, at the end: greedily, by beam search, and
by what needs no model.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.machine import machine
from minillm.finetuning.pairs import Pairs, PairSplit
from minillm.finetuning.pairs.evaluation import evaluate_pairs
from minillm.finetuning.pairs.job import begin_pairs
from minillm.finetuning.pairs.tasks import PairTask
from minillm.metrics import Measured
from minillm.metrics.evaluation import Evaluation
from minillm.models import ModelConfig
from minillm.training.train import run_to_end

BEAMS = 4
STEPS = 2600  # of the short run on Multi30k, here and beside PyTorch

Score = tuple[float, float, float]  # a value, and its interval of 95 %


@dataclass
class Learned:
    """What was learned from some pairs, what that took, and how good the answers of each way are."""

    where: str
    model: str
    pairs: int
    tested: int
    steps: int
    minutes: float  # of training, the evaluations on the held-out pairs included
    processor: float  # minutes that all cores together worked on it
    loss: float  # on the held-out pairs, at its lowest
    scores: dict[str, dict[str, Score]]  # by the way and the metric
    ahead: dict[str, dict[str, Score]]  # beams - each baseline, on the same texts
    seconds: dict[str, float]  # that the answers of a way took
    signatures: list[str]


def scores_of(measures: list[Measured]) -> dict[str, Score]:
    return {measured.name: (measured.value, measured.low, measured.high) for measured in measures}


def beside(evaluation: Evaluation, scores: dict[str, dict[str, Score]], ahead: dict[str, dict[str, Score]]) -> None:
    """Enter the baselines of an evaluation: what each reaches, and how far the model is ahead of it."""
    for name, found, lead in evaluation.baselines:
        scores.setdefault(name, {}).update(scores_of([found]))
        ahead.setdefault(name, {})[found.name] = (lead.difference, lead.low, lead.high)


def shown(score: Score) -> str:
    value, low, high = score
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def ahead(difference: Score) -> str:
    value, low, high = difference
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def described(config: ModelConfig) -> str:
    return f"{config.layers} + {config.layers} layers, {config.d_model} wide, {config.parameter_count():,} numbers"


def learned(split: PairSplit, test: Pairs, task: PairTask, settings: dict) -> Learned:
    learner = begin_pairs(split, task, settings)
    trainer, clock = learner.trainer, sum(os.times()[:4])  # of this process, and of its workers that have ended
    run_to_end(trainer, best=True, progress=True)
    result = Learned(
        where=machine("numpy"),
        model=described(trainer.model.config),
        pairs=len(learner.parts.training.sources),
        tested=len(test.lines),
        steps=trainer.steps_done,
        minutes=trainer.elapsed / 60,
        processor=(sum(os.times()[:4]) - clock) / 60,
        loss=trainer.best_loss,
        scores={},
        ahead={},
        seconds={},
        signatures=[],
    )
    for way, beams in (("greedy", 1), (f"{BEAMS} beams", BEAMS)):
        clock = time.perf_counter()
        answered = evaluate_pairs(trainer.model, learner.tokenizer, test, task, split.training, beams=beams)
        result.seconds[way] = time.perf_counter() - clock
        result.scores[way] = scores_of(answered.evaluation.measures)
        print(way, result.scores[way], file=sys.stderr, flush=True)
    beside(answered.evaluation, result.scores, result.ahead)
    result.signatures = [f"{each.name}|{each.signature}" for each in answered.evaluation.measures]
    return result


def table(result: Learned) -> Iterator[str]:
    metrics = [*result.scores["greedy"]]
    yield "| answers | " + " | ".join(metrics) + " | seconds |"
    yield "|---|" + "---:|" * (len(metrics) + 1)
    for way, scores in result.scores.items():
        seconds = f"{result.seconds[way]:.0f}" if way in result.seconds else ""
        yield f"| {way} | {' | '.join(map(shown, scores.values()))} | {seconds} |"
