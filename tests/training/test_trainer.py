import itertools
import math
import time
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE
from minillm.text import CausalBatch
from minillm.training import AdamW, DivergedError, Trainer, clip_grad_norm, learning_rate


def test_a_step_is_the_six_statements_of_the_docstring(make_trainer):
    trainer, plain = make_trainer(steps=20), make_trainer(steps=20)
    for _ in range(20):
        trainer.step()
    statements = [line.strip() for line in Trainer.__doc__.splitlines() if line.startswith(" " * 8)]
    assert len(statements) == 6
    model, data, options = plain.model, plain.data, plain.options
    optimizer = AdamW(model.vector, options.lr, betas=(options.beta1, options.beta2), weight_decay=options.weight_decay)
    names = {"model": model, "data": data, "options": options, "optimizer": optimizer, "np": np}
    names |= {each.__name__: each for each in (causal_lm, loss_backward, clip_grad_norm, learning_rate)}
    for step in range(20):
        exec("\n".join(statements), names | {"step": step})
    assert plain.model.vector.data.tobytes() == trainer.model.vector.data.tobytes()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignored", [0, 10, 16, 23])
def test_many_small_passes_equal_one_large_one(make_trainer, ignored, smoothing, monkeypatch):
    """Also with targets that are not scored spread unevenly: 16 of 24 leave the first two of three passes without any."""
    large = make_trainer(np.float64, batch=3, accumulate=1, label_smoothing=smoothing)
    small = make_trainer(np.float64, batch=1, accumulate=3, label_smoothing=smoothing)
    batch = large.data.batch(np.random.default_rng(0), 3)
    batch.targets.reshape(-1)[:ignored] = IGNORE
    losses = []
    for trainer in (large, small):
        monkeypatch.setattr(trainer.data, "batch", lambda rng, size: batch)
        losses.append(float(trainer.gradient(0)))
    assert losses[0] == pytest.approx(losses[1], abs=1e-12)
    assert np.abs(large.model.vector.grad).max() > 1e-3
    np.testing.assert_allclose(small.model.vector.grad, large.model.vector.grad, rtol=0, atol=1e-12)


def test_accumulating_trains_the_same_model(make_trainer):
    large, small = make_trainer(np.float64, batch=6), make_trainer(np.float64, batch=2, accumulate=3)
    for _ in range(5):
        large.step()
        small.step()
    np.testing.assert_allclose(small.model.vector.data, large.model.vector.data, rtol=0, atol=1e-9)


def test_dropout_differs_from_step_to_step_and_from_pass_to_pass(make_trainer, monkeypatch):
    trainer = make_trainer(dropout=0.5, batch=2, accumulate=2)
    same = CausalBatch(*(array.repeat(4, 0)[:4] for array in trainer.data.batch(np.random.default_rng(0), 1)))
    monkeypatch.setattr(trainer.data, "batch", lambda rng, size: same)
    seen = []

    def listening(*args, **options):
        loss, saved = causal_lm(*args, **options)
        seen.append(float(loss))
        return loss, saved

    trainer.objective = trainer.objective._replace(forward=listening)
    for step in (0, 1, 0):
        trainer.gradient(step)
    assert len(set(seen)) == 4, "steps 0 and 1 in two passes each, no two alike"
    assert seen[:2] == seen[4:], "the step number is the whole random state"


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_evaluation_is_the_loss_of_the_whole_split_in_one_go(make_trainer, batch):
    trainer = make_trainer(np.float64, batch=batch)
    ids, targets = next(trainer.data.validation_batches(10**6))
    assert np.count_nonzero(targets == IGNORE), "the last window is not full"
    whole, _ = causal_lm(trainer.model, ids, targets)
    assert trainer.evaluate() == pytest.approx(float(whole), abs=1e-12)


def test_a_judge_measures_and_does_not_train(make_trainer):
    plain, judged = make_trainer(np.float64), make_trainer(np.float64)
    judged.objective = judged.objective._replace(
        evaluate=lambda model, **batch: (7 + causal_lm(model, **batch)[0], None)
    )
    assert judged.evaluate() == pytest.approx(7 + plain.evaluate(), abs=1e-12)
    assert float(judged.gradient(0)) == float(plain.gradient(0))


def test_eval_batches_limits_the_evaluation(make_trainer):
    trainer = make_trainer(np.float64, eval_batches=2)
    first = [batch for batch, _ in zip(trainer.data.validation_batches(3), range(2), strict=False)]
    ids, targets = (np.concatenate(arrays) for arrays in zip(*first, strict=True))
    assert trainer.evaluate() == pytest.approx(float(causal_lm(trainer.model, ids, targets)[0]), abs=1e-12)
    assert make_trainer(np.float64, eval_batches=10**9).evaluate() == make_trainer(np.float64).evaluate()


def test_an_evaluation_uses_no_dropout_and_changes_nothing(make_trainer):
    trainer = make_trainer(dropout=0.5)
    before = trainer.model.vector.data.copy()
    assert trainer.evaluate() == trainer.evaluate() == make_trainer(dropout=0.0).evaluate()
    assert (trainer.model.vector.data == before).all()


def test_what_a_run_tells_and_when(make_trainer):
    told = list(make_trainer(steps=12, eval_every=5, log_every=4).run())
    assert [p.step for p in told if p.validation is not None] == [0, 5, 10, 12]
    assert [p.step for p in told if p.loss is not None] == [1, 4, 8, 12]
    assert [p.step for p in told if p.validation is None] == list(range(1, 13))
    for p in told:
        if p.lr is not None:
            assert p.lr == learning_rate(p.step - 1, 12, peak=1e-3, warmup=4, floor=1e-4)


def test_training_learns(make_trainer):
    trainer = make_trainer(steps=150, lr=1e-2, eval_every=150)
    first, last = [p.validation for p in trainer.run() if p.validation is not None]
    assert first == pytest.approx(math.log(trainer.model.config.vocab_size), abs=0.05)
    assert last < first - 0.5


def test_a_run_may_be_left_at_a_step_and_its_due_evaluation_is_made(make_trainer):
    trainer = make_trainer(steps=12, eval_every=5)
    assert [p.step for p in trainer.run(until=5) if p.validation is not None] == [0, 5]
    assert [p.step for p in trainer.run(until=5)] == []
    assert [p.step for p in trainer.run(until=7)] == [6, 7]
    assert [p.step for p in trainer.run() if p.validation is not None] == [10, 12]


def test_stop_is_heard_between_the_batches_of_an_evaluation(make_trainer):
    trainer = make_trainer(batch=1)
    asked = itertools.count()
    assert trainer.evaluate(lambda: next(asked) == 2) is None
    assert next(asked) == 3
    assert list(trainer.run(lambda: True)) == []
    assert trainer.evaluated_step == -1


def test_minutes_end_close_to_the_time_asked_for(make_trainer):
    trainer = make_trainer(minutes=0.6 / 60, eval_every=10**6, batch=12)
    start = time.perf_counter()
    told = list(trainer.run())
    assert 0.55 < time.perf_counter() - start < 3
    assert trainer.finished() and told[-1].validation is not None
    rates = [p.lr for p in told if p.lr is not None]
    assert len(rates) > 20 and rates[-1] < 0.3 * max(rates), "the schedule has come down by the end"


def test_the_plan_is_made_from_the_pace_so_far(make_trainer, monkeypatch):
    trainer = make_trainer(minutes=1.0)
    monkeypatch.setattr(trainer, "seconds_per_step", lambda: 0.5)
    assert trainer.planned_steps() == 120
    trainer.steps_done, trainer.elapsed = 10, 20.0  # it turned out to be 2 seconds a step
    assert trainer.planned_steps() == 10 + 20
    trainer.elapsed = 61.0
    assert trainer.planned_steps() == 10


def test_a_run_by_the_clock_ends_when_the_time_is_over(make_trainer):
    trainer = make_trainer(minutes=2.0)
    for elapsed, over in ((0.0, False), (119.9, False), (120.0, True), (121.0, True)):
        trainer.elapsed = elapsed
        assert trainer.finished() == over


def test_a_clip_of_zero_does_not_clip(make_trainer):
    free, wide = make_trainer(clip=0.0), make_trainer(clip=1e9)
    for trainer in (free, wide):
        trainer.step()
    np.testing.assert_array_equal(free.model.vector.grad, wide.model.vector.grad)
    assert free.model.vector.grad.any()


class Clock:
    """Each step of the trainer takes two seconds, and each evaluation seven."""

    def __init__(self, trainer, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr("minillm.training.trainer.time.perf_counter", lambda: self.now)
        for name, seconds in (("gradient", 2), ("update", 2), ("evaluate", 7)):
            monkeypatch.setattr(trainer, name, self.taking(seconds, getattr(trainer, name)))

    def taking(self, seconds, function):
        def slow(*args, **options):
            self.now += seconds
            return function(*args, **options)

        return slow


def test_a_step_is_timed_by_the_mean_of_three_after_a_first_one(make_trainer, monkeypatch):
    """The first pass warms caches up and starts workers; a step is a pass and an update."""
    trainer = make_trainer()
    clock = Clock(trainer, monkeypatch)
    monkeypatch.setattr(AdamW, "step", clock.taking(1, AdamW.step))
    trainer.gradient, usual = clock.taking(50, lambda step: setattr(trainer, "gradient", usual)), trainer.gradient
    assert trainer.seconds_per_step() == 3


def test_the_time_of_all_sittings_adds_up(make_trainer, monkeypatch):
    trainer = make_trainer(eval_every=5)
    clock = Clock(trainer, monkeypatch)
    list(trainer.run(until=3))
    assert trainer.elapsed == 7 + 3 * 2
    clock.now += 10**6  # a night's sleep does not count
    list(trainer.run(until=5))
    assert trainer.elapsed == 7 + 3 * 2 + 2 * 2 + 7


def test_planning_by_the_clock_does_not_disturb_the_first_step(make_trainer):
    """Measuring the pace runs other batches: their gradients must not be what the first step applies."""
    by_clock, by_count = make_trainer(minutes=60.0), make_trainer(steps=10**9)
    by_clock.step()
    by_count.step()
    assert (by_clock.model.vector.data == by_count.model.vector.data).all()


def test_the_pace_is_measured_once(make_trainer, monkeypatch):
    trainer = make_trainer()
    assert trainer.seconds_per_step() > 0
    monkeypatch.setattr(Trainer, "gradient", None)
    assert trainer.seconds_per_step() > 0


def test_from_nothing_scored_nothing_is_learned(make_trainer, monkeypatch):
    """Momentum and weight decay alone would move the weights."""
    trainer = make_trainer(log_every=1)
    trainer.step()
    weights, moments = trainer.model.vector.data.copy(), trainer.optimizer.first_moment.copy()
    batch = trainer.data.batch

    def nothing(rng, size):
        inputs, targets = batch(rng, size)
        return CausalBatch(inputs, np.full_like(targets, IGNORE))

    monkeypatch.setattr(trainer.data, "batch", nothing)
    assert float(trainer.gradient(1)) == 0 and not trainer.model.vector.grad.any()
    told = trainer.step()
    assert (told.step, told.loss, told.grad_norm) == (2, None, None)
    np.testing.assert_array_equal(trainer.model.vector.data, weights)
    np.testing.assert_array_equal(trainer.optimizer.first_moment, moments)
    assert trainer.optimizer.steps == trainer.steps_done == 2, "a run that goes on from here counts them together"


class Swapped(NamedTuple):
    """As a `CausalBatch`, in another order."""

    targets: np.ndarray
    inputs: np.ndarray


def test_the_arrays_of_a_batch_are_taken_by_name(make_trainer, monkeypatch):
    trainer, other = make_trainer(accumulate=2, eval_batches=1), make_trainer(accumulate=2, eval_batches=1)
    data = trainer.data
    swapped = SimpleNamespace(
        batch=lambda rng, size: Swapped(**data.batch(rng, size)._asdict()),
        validation_batches=lambda size: (Swapped(**batch._asdict()) for batch in data.validation_batches(size)),
    )
    other.data = swapped
    assert float(trainer.gradient(0)) == float(other.gradient(0)) and trainer.evaluate() == other.evaluate()


def test_a_batch_without_names_is_refused(make_trainer, monkeypatch):
    trainer = make_trainer()
    batch = tuple(trainer.data.batch(np.random.default_rng(0), 3))
    monkeypatch.setattr(trainer.data, "batch", lambda rng, size: batch)
    monkeypatch.setattr(trainer.data, "validation_batches", lambda size: iter([batch]))
    for ask in (trainer.step, trainer.evaluate):
        with pytest.raises(InputError, match=r"must be a NamedTuple, .* and this is a tuple") as refused:
            ask()
        assert "CausalBatch(inputs, targets)" in refused.value.remedy


def test_a_share_of_a_batch_is_of_its_type(make_trainer):
    trainer, seen = make_trainer(batch=4, accumulate=2), []
    count = trainer.objective.count
    trainer.objective = trainer.objective._replace(count=lambda batch: seen.append(batch) or count(batch))
    trainer.gradient(0)
    assert [(type(batch), len(batch.inputs)) for batch in seen] == [
        (CausalBatch, 8),
        (CausalBatch, 4),
        (CausalBatch, 4),
    ]


@pytest.mark.parametrize("ignored", [True, False], ids=["nothing scored", "no batch"])
def test_without_validation_there_is_no_validation_loss(make_trainer, monkeypatch, ignored):
    trainer = make_trainer(steps=12, eval_every=5, log_every=4)
    batch = trainer.data.batch(np.random.default_rng(0), 3)
    batches = [batch._replace(targets=np.full_like(batch.targets, IGNORE))] if ignored else []
    monkeypatch.setattr(trainer.data, "validation_batches", lambda size: iter(batches))
    assert trainer.evaluate() is None
    told = list(trainer.run())
    assert [p.step for p in told] == list(range(1, 13)) and all(p.validation is None for p in told)
    assert trainer.finished() and (trainer.best_loss, trainer.best_step) == (math.inf, 0)


def test_divergence_is_found_in_loss_gradient_and_validation(make_trainer):
    for poison in (math.nan, math.inf):
        trainer = make_trainer(log_every=1)
        trainer.model.head.weight.data[0, 0] = poison
        with pytest.raises(DivergedError, match=r"loss became nan by step 1: .* rate 0.001") as caught:
            trainer.step()
        assert caught.value.remedy == "Try a smaller one, such as `lr` 1e-04."
        trainer.steps_done = 0
        with pytest.raises(DivergedError, match="validation loss is nan before the first step"):
            next(trainer.run())


def test_an_infinite_gradient_is_found_before_it_is_logged(make_trainer, monkeypatch):
    trainer = make_trainer(log_every=1)
    backward = GPT.backward

    def explode(self, dlogits, saved):
        backward(self, dlogits, saved)
        self.vector.grad[0] = 1e30  # its square is more than float32 can hold

    monkeypatch.setattr(GPT, "backward", explode)
    with pytest.raises(DivergedError, match="gradient's length became inf by step 1"):
        trainer.step()
