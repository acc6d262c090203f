"""The trainer: batches in, updates out, nothing lost on the way."""

import contextlib
import hashlib
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array, to_host
from minillm.errors import InputError
from minillm.layers import refuse_int8
from minillm.models import Model
from minillm.objectives import CAUSAL, Data, Objective
from minillm.training.captured import CapturedSteps
from minillm.training.gradient_sum import OverlappedSum, overlapped_sum, sum_gradient
from minillm.training.optimizers import OPTIMIZERS, clip_grad_norm
from minillm.training.options import TrainOptions
from minillm.training.ranks import OneRank, check_same
from minillm.training.schedules import learning_rate
from minillm.training.workers import Alone


@dataclass(frozen=True)
class Progress:
    """What one step has to tell. `loss` and `grad_norm` come every `log_every` steps, `validation` at evaluations."""

    step: int
    lr: float | None = None
    loss: float | None = None
    grad_norm: float | None = None
    validation: float | None = None
    best: bool = False  # this validation loss is the lowest so far
    reward: float | None = None  # of a policy that learns from rewards: the mean over the step's answers
    frac_reward_zero_std: float | None = (
        None  # ... and the share of its groups in which all answers have the same reward
    )


class DivergedError(InputError):
    """What is no longer a finite number, such as the loss, by the end of a step; before the first one no learning rate is to blame."""

    def __init__(self, what: str, value: float, step: int, lr: float):
        if step:
            super().__init__(
                f"The {what} became {value} by step {step}: training diverged at learning rate {lr:g}.",
                f"Try a smaller one, such as `lr` {min(lr / 10, 1e-3):.0e}.",
            )
        else:
            super().__init__(
                f"The {what} is {value} before the first step: the weights that training begins with, or a setting, are too large.",
                "Use another checkpoint, or the usual settings.",
            )
        self.what, self.step = what, step


class Stopped(Exception):
    """A step was given up, and undone, since the trainer was asked to stop."""


def check_named(batch: NamedTuple) -> NamedTuple:
    """The batch; InputError unless its arrays have names."""
    if not hasattr(batch, "_asdict"):
        raise InputError(
            f"A batch must be a NamedTuple, whose arrays an objective takes by name, and this is a {type(batch).__name__}.",
            "Let the data return one, such as minillm.text.CausalBatch(inputs, targets).",
        )
    return batch


class MicroBatch(NamedTuple):
    """A worker's part of one forward pass: some rows of a batch, by name, since another process may not know the class of the batch."""

    arrays: dict[str, np.ndarray]
    weight: float  # its part of the scored targets
    seed: tuple[int, ...]  # of what dropout drops


def measure_batches(model: Model, objective: Objective, shares: list[MicroBatch]) -> np.ndarray:
    """One worker's part of what an objective measures of a whole batch."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.concatenate([objective.measure(model, **share.arrays) for share in shares])


def forward_backward(
    model: Model,
    objective: Objective,
    shares: list[MicroBatch],
    label_smoothing: float,
    measured: np.ndarray | None = None,
) -> Array:
    """One worker's part of a step: the gradient of its shares, left in the model, and their loss."""
    model.vector.zero_grad()
    constants = {} if measured is None else {"measured": measured}
    total = 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is caught by the trainer, by its value
        for arrays, weight, seed in shares:
            rng = model.vector.device.generator(*seed) if model.config.dropout else None
            loss, saved = objective.forward(model, **arrays, rng=rng, label_smoothing=label_smoothing, **constants)
            objective.backward(model, weight, saved)
            total = total + weight * loss
    return total


def batch_loss(model: Model, objective: Objective, arrays: dict[str, np.ndarray]) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        return (objective.evaluate or objective.forward)(model, **arrays)[0]


def workers_for(model: Model, count: int):
    """This process alone, or several that share the work."""
    if count == 1:
        return Alone(model)
    from minillm.training.parallel import Workers  # not at the top: not every Python can start processes

    return Workers(model, count)


class Trainer:
    """Trains a model: batches from `data`, what is minimised from `objective`.

    A step is these six statements (with one worker, and without dropout); all else here shares the work out, plans it and tells of it:

        batch = data.batch(np.random.default_rng((options.seed, step)), options.batch)
        model.vector.zero_grad()
        loss, saved = causal_lm(model, batch.inputs, batch.targets)
        loss_backward(model, 1.0, saved)
        clip_grad_norm(model.vector, options.clip)
        optimizer.step(learning_rate(step, options.steps, peak=options.lr, warmup=options.warmup, floor=options.lr_floor * options.lr))

    Everything random in step number t is drawn from (seed, t): which text is read and what dropout drops. So the step number is the whole
    random state, and a run that stopped and went on is the run that never stopped.
    """

    updates = 1  # of the weights, in a step
    ranks = OneRank()
    overlapped: OverlappedSum | None = None  # where the ranks sum the gradient while they compute it

    def __init__(self, model: Model, data: Data, options: TrainOptions, objective: Objective = CAUSAL):
        refuse_int8(model)
        self.model, self.data, self.options, self.objective = model, data, options, objective
        self.optimizer = OPTIMIZERS[options.optimizer](
            model.vector, options.lr, betas=(options.beta1, options.beta2), weight_decay=options.weight_decay
        )
        self.workers = workers_for(model, options.workers)

        def own_gradient(shares: list[MicroBatch]) -> Array:
            """Of these shares alone, and their loss. It doesn't know the trainer, whose workers end when nobody holds it any more."""
            return forward_backward(model, objective, shares, options.label_smoothing)

        clip, precision = options.clip or math.inf, options.matmul_precision
        self.captured = CapturedSteps(model, self.optimizer, objective, own_gradient, clip, precision)
        self.steps_done = 0
        self.elapsed = 0.0  # seconds of training, evaluation included, over all sittings
        self.best_loss = math.inf
        self.best_step = 0
        self.evaluated_step = -1
        self._seconds_per_step: float | None = None

    def join(self, ranks: OneRank) -> None:
        """Share every batch with the trainers of the other ranks, which do the same steps. At most one worker a sequence.

        All begin with the weights of the first rank. InputError if there are more ranks than sequences, or if a rank would do other steps.
        """
        if ranks.size > 1:
            check_same(ranks, self._all_that_a_step_depends_on())
        workers = min(self.options.workers, self.options.batch // ranks.size)
        if not workers:
            raise InputError(
                f"{ranks.size} ranks cannot share a batch of {self.options.batch}.",
                "Start at most one rank a sequence.",
            )
        if workers < self.workers.count:
            self.workers = workers_for(self.model, workers)
        self.ranks, vector = ranks, self.model.vector
        if ranks.size > 1:
            vector.data[...] = vector.device.xp.asarray(ranks.first(to_host(vector.data)))
        self.overlapped = overlapped_sum(vector, ranks, workers)

    def _all_that_a_step_depends_on(self) -> dict[str, Any]:
        """But for the weights. Of a batch its whole numbers: others may come from a model, and their last digits from the processor."""
        vector = self.model.vector
        arrays = [np.ascontiguousarray(array) for array in self.batch(0) if array.dtype.kind in "biu"]
        return {
            "the device": vector.device.name,
            "the model": type(self.model).__name__,
            **{f"`{name}`": value for name, value in vars(self.model.config).items()},
            **{f"`{name}`": value for name, value in self.options.to_dict().items()},
            "the numbers to train": sum(run.stop - run.start for run, _ in vector.trainable_slices()),
            "the first batch": hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest(),
        }

    def planned_steps(self) -> int:
        """How many steps the run will have: as asked for, or as many as the time left allows at the pace so far."""
        if self.options.minutes is None:
            return self.options.steps
        pace = self.elapsed / self.steps_done if self.steps_done else self.seconds_per_step()
        return self.steps_done + math.ceil(max(0, 60 * self.options.minutes - self.elapsed) / pace)

    def finished(self) -> bool:
        if self.options.minutes is None:
            return self.steps_done >= self.options.steps
        return self.elapsed >= 60 * self.options.minutes

    def gradient(self, step: int) -> Array:
        """Fill the gradient for one update, and return the loss, a scalar on the device. From nothing scored, both are zero."""
        return self._gradient(self._shares(self.batch(step), step))

    def batch(self, step: int) -> NamedTuple:
        """What all ranks and workers together read in this step."""
        size = self.options.batch * self.options.accumulate
        return check_named(self.data.batch(np.random.default_rng((self.options.seed, step)), size))

    def _shares(self, batch: NamedTuple, step: int) -> list[list[MicroBatch]]:
        """The batch in `accumulate` passes, shared among the workers of all ranks: what each of this rank's reads.

        Each share is weighted by its part of the scored targets, so that many small ones equal one large one.
        """
        options, ranks, workers = self.options, self.ranks, self.workers.count
        together, scored = ranks.size * workers, max(self.objective.count(batch), 1)
        length, count = len(batch[0]), options.accumulate * together
        if length < count:
            raise InputError(
                f"The data gave a batch of {length:,}, which {count:,} shares can't have: {options.accumulate:,} passes of {together:,}.",
                "Let it return as many sequences as it is asked for.",
            )
        shares: list[list[MicroBatch]] = [[] for _ in range(workers)]
        for part in range(options.accumulate):
            for own, worker in enumerate(range(ranks.rank * workers, (ranks.rank + 1) * workers)):
                first, last = (i * length // count for i in (part * together + worker, part * together + worker + 1))
                rows = batch._make(array[first:last] for array in batch)
                weight, seed = self.objective.count(rows) / scored, (options.seed, step, part, worker)
                shares[own].append(MicroBatch(rows._asdict(), weight, seed))
        return shares

    def _gradient(self, shares: list[list[MicroBatch]]) -> Array:
        ranks, measured = self.ranks, None
        if self.objective.measure:
            own_rows = self.workers.run(measure_batches, [(self.objective, share) for share in shares])
            measured = np.concatenate(ranks.gather(np.concatenate(own_rows)))
        with self.overlapped or contextlib.nullcontext():
            losses = self.workers.run(
                forward_backward, [(self.objective, share, self.options.label_smoothing, measured) for share in shares]
            )
        self.workers.add_gradients()
        if self.overlapped is None:
            sum_gradient(self.model.vector, ranks)
        elif ranks.any(self.overlapped.late):
            return self._gradient(shares)
        return ranks.sum(sum(losses[1:], start=losses[0]))

    def step(self, stop: Callable[[], bool] = lambda: False) -> Progress:
        """One update. On a GPU nothing is read back, except the loss and the gradient's length on the steps that are logged."""
        options = self.options
        lr = learning_rate(  # before the gradient: to plan a run by the clock, steps may have to be timed
            self.steps_done,
            self.planned_steps(),
            peak=options.lr,
            warmup=options.warmup,
            floor=options.lr_floor * options.lr,
            schedule=options.schedule,
        )
        # What overflows is caught below, by its value.
        with np.errstate(over="ignore", invalid="ignore"), self.captured.products():
            found = self.update(self.steps_done, lr, stop)
        self.steps_done += 1
        if found is None or (self.steps_done % options.log_every and self.steps_done != 1):
            return Progress(self.steps_done, lr)
        loss, norm = (float(x) for x in to_host(self.model.vector.device.xp.stack(found)))
        self.check_finite("loss", loss)
        self.check_finite("gradient's length", norm)
        return Progress(self.steps_done, lr, loss, norm)

    def update(self, step: int, lr: float, stop: Callable[[], bool]) -> tuple[Array, Array] | None:
        """Change the weights, and return the loss and the gradient's length, scalars on the device.

        A subclass that changes them more than once asks `stop` in between, and raises Stopped with everything as it was before.
        None if nothing in the batch is scored: then not even momentum and weight decay move the weights.
        """
        batch = self.batch(step)
        if not self.objective.count(batch):
            self.optimizer.steps += 1  # which follow from the step's number
            return None
        shares = self._shares(batch, step)
        if len(shares) == 1 and (found := self.captured.step(shares[0], lr, self.ranks)):
            return found
        loss = self._gradient(shares)
        norm = clip_grad_norm(self.model.vector, self.options.clip or math.inf)
        self.optimizer.step(lr, self.workers)
        return loss, norm

    def check_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise DivergedError(what, value, self.steps_done, self.options.lr)

    def evaluate(self, stop: Callable[[], bool] = lambda: False) -> float | None:
        """Mean loss over the validation split (or its first `eval_batches` batches), in nats per token.

        None if stopped midway, or if there is nothing to validate on.
        """
        ranks, workers = self.ranks, self.workers.count
        batches = itertools.islice(self.data.validation_batches(self.options.batch), self.options.eval_batches)
        total, scored = 0.0, 0
        while together := list(map(check_named, itertools.islice(batches, ranks.size * workers))):
            if stop():
                return None
            own = together[ranks.rank * workers : (ranks.rank + 1) * workers]
            losses = self.workers.run(batch_loss, [(self.objective, batch._asdict()) for batch in own]) if own else []
            for batch, loss in zip(own, losses, strict=True):
                count = self.objective.count(batch)
                total, scored = total + count * loss.astype(np.float64), scored + count
        total, scored = ranks.sum(np.array([float(total), scored]))
        return float(total / scored) if scored else None

    def seconds_per_step(self, repeats: int = 3) -> float:
        """What a step costs on this machine, measured once on real batches; the weights stay as they are, the gradients don't."""
        if self._seconds_per_step is None:
            with np.errstate(over="ignore", invalid="ignore"), self.captured.products():
                self._seconds_per_step = self.ranks.first(self._time_steps(repeats))
        return self._seconds_per_step

    def _time_steps(self, repeats: int) -> float:
        device, rehearsal = self.model.vector.device, type(self.optimizer)(self.model.vector)
        self.gradient(0)  # the first pass warms caches up
        device.synchronize()
        start = time.perf_counter()
        for step in range(repeats):
            self.gradient(step)
            rehearsal.step(lr=0.0, workers=self.workers)  # moves nothing
        device.synchronize()
        return (time.perf_counter() - start) / repeats

    def planned_seconds(self, steps: int, batches: float) -> float:
        """How long so many more steps will take on this machine, with their evaluations of so many batches.

        A batch without its backward pass is two fifths of a step; the sample and the checkpoint of an evaluation, a second.
        """
        step = self.seconds_per_step()
        return steps * step + (steps // self.options.eval_every + 2) * (1 + 0.4 * step * batches)

    def evaluation_due(self) -> bool:
        """Before the first step, every `eval_every` steps, and at the end; once each."""
        return self.evaluated_step != self.steps_done and (
            self.steps_done % self.options.eval_every == 0 or self.finished()
        )

    def run(self, stop: Callable[[], bool] = lambda: False, until: int | None = None) -> Iterator[Progress]:
        """Train to the end, or to step `until`, or until `stop()` says so; tells of every step and every evaluation.

        `stop` is asked between two steps, between two updates of one step (which is then undone), and between two batches of an evaluation
        (which is then left for later). An evaluation that is due at step `until` is still made. Where any rank is asked to stop, all do.
        """
        with self.workers:
            yield from self._run(lambda: self.ranks.any(stop()), until)

    def _seconds_since(self, clock: float) -> float:
        """Where the clock decides, all ranks go by that of the first one."""
        seconds = time.perf_counter() - clock
        return seconds if self.options.minutes is None else self.ranks.first(seconds)

    def _run(self, stop: Callable[[], bool], until: int | None) -> Iterator[Progress]:
        clock = time.perf_counter() - self.elapsed
        while True:
            if self.evaluation_due():
                loss = self.evaluate(stop)
                self.elapsed = self._seconds_since(clock)
                if loss is not None:
                    yield self._evaluated(loss)
            if self.finished() or stop() or (until is not None and self.steps_done >= until):
                return
            try:
                progress = self.step(stop)
            except Stopped:
                return
            self.elapsed = self._seconds_since(clock)
            yield progress

    def may_be_best(self) -> bool:
        """Whether the weights count as the best so far if their validation loss is the lowest."""
        return True

    def _evaluated(self, loss: float) -> Progress:
        self.check_finite("validation loss", loss)
        self.evaluated_step = self.steps_done
        best = self.may_be_best() and loss < self.best_loss
        if best:
            self.best_loss, self.best_step = loss, self.steps_done
        return Progress(self.steps_done, validation=loss, best=best)
