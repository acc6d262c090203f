"""The same Transformer in PyTorch, trained beside ours: from the same weights, on the same batches, at the same learning rates.

They take turns on one core, and each turn's time is the processor's, so that other work disturbs both alike. What dropout drops differs:
each library draws it in its own way.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.applications.pairs import STEPS, Score, ahead, described, scores_of, shown
from benchmarks.machine import machine
from benchmarks.torch_families import TorchSequenceToSequence
from minillm.finetuning.pairs import Pairs, PairSplit
from minillm.finetuning.pairs.evaluation import evaluate_pairs
from minillm.finetuning.pairs.job import Learner, begin_pairs
from minillm.finetuning.pairs.tasks import TRANSLATE
from minillm.metrics.evaluation import count_answers
from minillm.training import Trainer
from minillm.training.schedules import learning_rate

TURN = 10  # steps of one side before the other takes its turn


@dataclass
class Beside:
    """What both sides learned, and how long their steps took."""

    where: str
    model: str
    held_out: int  # pairs, for the losses
    steps: int
    batch: int
    seconds: tuple[list[float], list[float]]  # of the processor for each turn: ours, PyTorch's
    losses: list[tuple[int, float, float]]  # after so many steps, on the held-out pairs: ours, PyTorch's
    scores: tuple[dict[str, Score], dict[str, Score]]  # on the test part, greedily
    ahead: dict[str, Score]  # ours - PyTorch's, on the same texts


class TorchTrainer:
    """PyTorch's side of a trainer's run: a copy of its model, its batches and its options."""

    def __init__(self, trainer: Trainer, context: int):
        self.trainer, options = trainer, trainer.options
        torch.manual_seed(options.seed)
        self.model = TorchSequenceToSequence(trainer.model.config, context)
        self.model.load(trainer.model)
        matrices = [p for p in self.model.parameters() if p.ndim >= 2]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, betas=(options.beta1, options.beta2), fused=True)

    def step(self, step: int) -> None:
        options = self.trainer.options
        batch = self.trainer.data.batch(np.random.default_rng((options.seed, step)), options.batch)
        loss = self.model.loss(*map(torch.from_numpy, batch), label_smoothing=options.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), options.clip)
        schedule = {"warmup": options.warmup, "floor": options.lr_floor * options.lr, "schedule": options.schedule}
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(step, options.steps, peak=options.lr, **schedule)
        self.optimizer.step()


def measured(split: PairSplit, test: Pairs) -> Beside:
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return beside(begin_pairs(split, TRANSLATE, {"steps": STEPS, "workers": 1}), test)


def beside(learner: Learner, test: Pairs) -> Beside:
    trainer = learner.trainer
    options, weights = trainer.options, trainer.model.vector.data
    theirs, seconds, losses = TorchTrainer(trainer, learner.parts.longest()), ([], []), []
    while True:
        done = trainer.steps_done
        if done % options.eval_every == 0 or trainer.finished():
            ours, kept = trainer.evaluate(), weights.copy()
            theirs.model.save(trainer.model)
            losses.append((done, ours, trainer.evaluate()))
            weights[...] = kept
            print(*losses[-1], *map(sum, seconds), file=sys.stderr, flush=True)
        if trainer.finished():
            break
        turn = range(done, min(done + TURN, options.steps, done + options.eval_every - done % options.eval_every))
        for side, step in enumerate((lambda _: trainer.step(), theirs.step)):
            clock = time.process_time()
            for number in turn:
                step(number)
            seconds[side].append((time.process_time() - clock) / len(turn))
    answered = [evaluate_pairs(trainer.model, learner.tokenizer, test)]
    theirs.model.save(trainer.model)
    answered.append(evaluate_pairs(trainer.model, learner.tokenizer, test))
    leads = {}
    for metric in TRANSLATE.metrics(False):
        found = count_answers(metric, answered[0].answers, test.targets, {"PyTorch": answered[1].answers})
        leads[metric.name] = tuple(found.baselines()[0].ahead)[:3]
    return Beside(
        machine("numpy", "torch"),
        described(trainer.model.config),
        len(learner.parts.held_out.sources),
        trainer.steps_done,
        options.batch,
        seconds,
        losses,
        tuple(scores_of(each.evaluation.measures) for each in answered),
        leads,
    )


def lines(found: Beside) -> Iterator[str]:
    ours, theirs = (np.array(side) for side in found.seconds)
    ratios = np.quantile(ours / theirs, (0.1, 0.5, 0.9))
    yield f"On {found.where}, one core: {found.steps:,} steps of {found.batch} pairs each, in turns of {TURN} steps, by a"
    yield f"Transformer of {found.model}. Both began with the same weights and read the same batches; only what dropout"
    yield "drops differs. Seconds are the processor's, of all steps; the weights are those after the last step.\n"
    yield "| | minillm | PyTorch | minillm's beside PyTorch's |"
    yield "|---|---:|---:|---:|"
    cells = (f"{1e3 * np.mean(side):.0f}" for side in (ours, theirs))
    yield (
        f"| ms a step | {' | '.join(cells)} | **{ours.sum() / theirs.sum():.2f}** (of single turns, nine in ten at "
        f"most {ratios[2]:.2f}) |"
    )
    for step, *both in found.losses[1:]:
        values = " | ".join(f"{loss:.3f}" for loss in both)
        yield f"| loss on {found.held_out:,} others, step {step:,} | {values} | {both[0] - both[1]:+.3f} |"
    for name, lead in found.ahead.items():
        cells = (shown(side[name]) for side in found.scores)
        yield f"| {name} of the test part, greedily | {' | '.join(cells)} | {ahead(lead)} |"
