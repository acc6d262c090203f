"""Processes that share a batch: the same gradient as one alone, the same numbers every time."""

import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE
from minillm.training import TrainOptions, default_workers
from minillm.training.parallel import Workers


@pytest.mark.parametrize("workers", [2, 3, 5])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_many_workers_have_the_gradient_of_one(make_trainer, workers, accumulate, monkeypatch):
    """Sequences that don't divide evenly, and targets that are scored unevenly."""
    gradients, losses = [], []
    for count in (1, workers):
        trainer = make_trainer(dtype=np.float64, batch=5, accumulate=accumulate, workers=count)
        batch = trainer.data.batch

        def with_holes(rng, size, batch=batch):
            ids, targets = batch(rng, size)
            targets[0, 1:], targets[-1, :3] = IGNORE, IGNORE
            return ids, targets

        monkeypatch.setattr(trainer.data, "batch", with_holes)
        for _ in range(2):  # the second time, what the first left behind must be gone
            losses.append(float(trainer.gradient(7)))
        gradients.append(trainer.model.vector.grad.copy())
    np.testing.assert_allclose(losses, losses[0], rtol=1e-12)
    assert np.linalg.norm(gradients[1] - gradients[0]) < 1e-12 * np.linalg.norm(gradients[0])


def test_evaluation_is_the_same_for_any_number_of_workers(make_trainer):
    for eval_batches in (None, 1, 3):
        one, three = (make_trainer(batch=3, workers=n, eval_batches=eval_batches).evaluate() for n in (1, 3))
        assert three == pytest.approx(one, rel=1e-6)


def test_a_run_repeats_bit_for_bit_and_dropout_differs_between_workers(make_trainer):
    runs = [make_trainer(batch=4, workers=2, dropout=0.3, steps=6) for _ in range(2)]
    for trainer in runs:
        assert len(list(trainer.run())) > 6
    np.testing.assert_array_equal(runs[0].model.vector.data, runs[1].model.vector.data)
    alone = make_trainer(batch=4, dropout=0.3)
    assert float(alone.gradient(0)) != float(make_trainer(batch=4, workers=2, dropout=0.3).gradient(0))


def small_model() -> GPT:
    return GPT(GPTConfig(vocab_size=7, context=5, layers=1, heads=1, d_model=4), seed=3)


def blas_threads(model=None) -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_matrix_products_keep_to_one_core_while_several_work_and_only_then():
    before = blas_threads()
    assert Workers(small_model(), 2).run(blas_threads, [(), ()]) == [{1}, {1}]
    assert Workers(small_model(), 1).run(blas_threads, [()]) == [before]
    assert blas_threads() == before


def first_weight_plus(model, number):
    return float(model.vector.data[0] + number)


def fill_gradient(model, number):
    model.vector.grad[:] = number
    assert all((parameter.grad == number).all() for parameter in model.parameters())


def test_weights_are_shared_and_gradients_are_not():
    model = small_model()
    with Workers(model, 3) as workers:
        for weight in (0.5, -2.0):  # the others see what changes here
            model.parameters()[0].data[...] = weight
            assert workers.run(first_weight_plus, [(0,), (10,), (20,)]) == [weight, 10 + weight, 20 + weight]
        workers.run(fill_gradient, [(1,), (2,), (4,)])
        assert (model.vector.grad == 1).all()
        workers.add_gradients()
        assert (model.vector.grad == 7).all()
        assert workers.run(first_weight_plus, [(1,)]) == [-1.0]  # fewer jobs than workers


def describe(model, _=0):
    frozen = [name for name, parameter in model.vector.named.items() if not parameter.trainable]
    tied = model.head.weight is model.embedding.weight
    views = all(np.shares_memory(p.data, model.vector.data) for p in model.parameters())
    return frozen, tied, views, model.config, model.vector.data.dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_model_arrives_whole(dtype):
    model = GPT(GPTConfig(vocab_size=7, context=5, layers=2, heads=1, d_model=4), dtype=dtype)
    model.blocks[0].freeze()
    before = model.vector.data.copy()
    with Workers(model, 2) as workers:
        here, there = workers.run(describe, [(), (1,)])
    assert here == there
    assert here[0] and here[1] and here[2]
    np.testing.assert_array_equal(model.vector.data, before)


def raise_in_worker(model, number):
    if number:
        raise ValueError(f"number {number}")


def die(model, number):
    if number:
        os._exit(1)


def test_an_error_in_a_worker_is_raised_here_and_work_goes_on():
    with Workers(small_model(), 2) as workers:
        for _ in range(2):
            with pytest.raises(ValueError, match="number 1"):
                workers.run(raise_in_worker, [(0,), (1,)])
        with pytest.raises(ValueError, match="number 2"):
            workers.run(raise_in_worker, [(2,), (0,)])
        assert workers.run(raise_in_worker, [(0,), (0,)]) == [None, None]


def test_a_dead_worker_is_reported_and_replaced():
    with Workers(small_model(), 2) as workers:
        with pytest.raises(InputError, match="has died"):
            workers.run(die, [(0,), (1,)])
        assert workers.run(raise_in_worker, [(0,), (0,)]) == [None, None]


def test_two_sets_of_workers_on_one_model_both_see_its_weights():
    model = small_model()
    with Workers(model, 2) as first, Workers(model, 2) as second:
        for workers in (first, second, first):
            model.vector.data[0] += 1
            here, there = workers.run(first_weight_plus, [(0,), (0,)])
            assert here == there


SCRIPT = """
import numpy as np
from minillm.models import GPT, GPTConfig
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions
print("once")
corpus = Corpus(np.arange(2000) % 7, 8)
trainer = Trainer(GPT(GPTConfig(7, context=8, d_model=8, layers=1)), corpus, TrainOptions(workers=2, batch=4))
print(np.isfinite(float(trainer.gradient(0))))
"""


def test_a_script_needs_no_guard_is_run_once_and_ends_with_its_workers(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, path],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        env=environment,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\nTrue\n", "")


def test_how_many_workers(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(8), raising=False)
    assert default_workers(12) == 8 and default_workers(3) == 3
    assert default_workers(12, Device("gpu", CPU.xp, "")) == 1
    with pytest.raises(InputError, match="5 workers cannot share a batch of 4"):
        TrainOptions(batch=4, workers=5)
