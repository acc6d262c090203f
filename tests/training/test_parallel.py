"""Processes that share a batch: the same gradient as one alone, the same numbers every time."""

import errno
import multiprocessing
import multiprocessing.heap
import os
import signal
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE
from minillm.training import DeadWorkerError, TrainOptions, default_workers, parallel
from minillm.training.parallel import Workers
from minillm.training.workers import Alone


@pytest.mark.parametrize("workers", [2, 3, 5])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_many_workers_have_the_gradient_of_one(make_trainer, workers, accumulate, monkeypatch):
    """Sequences that don't divide evenly, and targets that are scored unevenly."""
    gradients, losses = [], []
    for count in (1, workers):
        trainer = make_trainer(dtype=np.float64, batch=5, accumulate=accumulate, workers=count)
        draw = trainer.data.batch

        def with_holes(rng, size, draw=draw):
            batch = draw(rng, size)
            batch.targets[0, 1:], batch.targets[-1, :3] = IGNORE, IGNORE
            return batch

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


def test_workers_need_not_know_the_class_of_a_batch(make_trainer, monkeypatch):
    """A program, or a notebook, may have one of its own."""

    class Own(NamedTuple):
        inputs: np.ndarray
        targets: np.ndarray

    trainer = make_trainer(batch=4, workers=2)
    draw = trainer.data.batch
    monkeypatch.setattr(trainer.data, "batch", lambda *drawn: Own(*draw(*drawn)))
    monkeypatch.setattr(
        trainer.data, "validation_batches", lambda size: iter([Own(*draw(np.random.default_rng(0), size))])
    )
    assert trainer.step().loss > 0 and trainer.evaluate() > 0


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


def test_matrix_products_keep_to_one_core_while_several_work_and_only_then(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")  # of the workers: the tests themselves keep to one thread
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        assert Workers(small_model(), 2).run(blas_threads, [(), ()]) == [{1}, {1}]
        assert Alone(small_model()).run(blas_threads, [()]) == [before] != [{1}]
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


def kill_workers():
    for process in multiprocessing.active_children():
        process.kill()
        process.join()


def die_once(model, number, path):
    """The worker whose number isn't 0 dies, in the midst of its work, if no other one has."""
    model.vector.grad[:] = 7
    if number and not os.path.exists(path):
        open(path, "wb").close()
        os._exit(1)
    model.vector.grad[:] = number
    return number


@pytest.mark.parametrize("who", [1, 2])
def test_the_work_of_a_worker_that_died_is_done_again_by_all(tmp_path, caplog, who):
    with Workers(small_model(), 3) as workers:
        numbers = [4 if i == who else 0 for i in range(3)]
        assert workers.run(die_once, [(number, str(tmp_path / "died")) for number in numbers]) == numbers
        workers.add_gradients()
        assert (workers.model.vector.grad == 4).all()
    assert (tmp_path / "died").exists() and "has died" in caplog.text and "done again" in caplog.text
    assert not multiprocessing.active_children()


def test_workers_end_with_their_trainer(make_trainer):
    """At once, and not when Python next looks for circles of objects that only hold each other."""
    make_trainer(batch=4, workers=2).gradient(0)
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_a_stopped_worker_keeps_nobody_waiting(monkeypatch):
    monkeypatch.setattr(parallel, "PATIENCE", 0.1)
    with Workers(small_model(), 3) as workers:
        workers.run(die, [(0,), (0,), (0,)])
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGSTOP)
    assert not multiprocessing.active_children()


@pytest.fixture
def kill_at(monkeypatch):
    """kill_at(trainer, *numbers): its workers die before they are given work for these times."""

    def arrange(trainer, *numbers):
        calls, run = 0, trainer.workers._run

        def deadly(*args):
            nonlocal calls
            calls += 1
            if calls in numbers:
                if not multiprocessing.active_children():
                    trainer.workers._start()
                kill_workers()
            return run(*args)

        monkeypatch.setattr(trainer.workers, "_run", deadly)

    return arrange


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "accumulate": 2}, {"optimizer": "muon"}], ids=str)
@pytest.mark.parametrize("number", [2, 3, 5], ids=["evaluation", "first step", "a later step"])
def test_a_run_whose_worker_died_is_bit_for_bit_the_run_whose_workers_lived(make_trainer, kill_at, options, number):
    told, weights = [], []
    for numbers in ((), (number,)):
        trainer = make_trainer(batch=4, workers=2, steps=6, eval_every=3, log_every=1, eval_batches=4, **options)
        kill_at(trainer, *numbers)
        told.append(list(trainer.run()))
        weights.append(trainer.model.vector.data.copy())
    assert told[0] == told[1]
    np.testing.assert_array_equal(weights[0], weights[1])


def test_after_a_second_death_the_trainer_is_as_its_last_step_left_it(make_trainer, kill_at):
    """Whether the new worker dies at the same work or later; Muon's share two works in each step."""
    for optimizer, numbers in (("adamw", (4, 5)), ("adamw", (3, 6)), ("muon", (5, 6))):
        options = {"batch": 4, "workers": 2, "steps": 8, "eval_every": 100, "eval_batches": 2, "optimizer": optimizer}
        trainer, whole = (make_trainer(**options) for _ in range(2))
        list(whole.run(until=0))
        kill_at(trainer, *numbers)
        with pytest.raises(DeadWorkerError, match="second time") as caught:
            list(trainer.run())
        assert "`workers` 1" in caught.value.remedy
        assert 0 < trainer.steps_done < 8
        list(whole.run(until=trainer.steps_done))
        np.testing.assert_array_equal(trainer.model.vector.data, whole.model.vector.data)
        np.testing.assert_array_equal(trainer.optimizer.first_moment, whole.optimizer.first_moment)
        assert not multiprocessing.active_children()


# Where no other process can be had -----------------------------------------------------------------------------------


def no_shared_memory(monkeypatch):
    def refuse(size):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(multiprocessing.heap.BufferWrapper, "__init__", lambda self, size: refuse(size))


def no_files_left(monkeypatch):
    def refuse(*args):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(parallel.SPAWN, "Pipe", refuse)


def no_second_process(monkeypatch):
    """The first one can be had still: it must go again."""
    start, started = parallel.SPAWN.Process.start, []

    def refuse(process):
        if started:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(process)
        start(process)

    monkeypatch.setattr(parallel.SPAWN.Process, "start", refuse)


@pytest.mark.parametrize("refuse", [no_shared_memory, no_files_left, no_second_process])
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "accumulate": 2}, {"optimizer": "muon"}], ids=str)
def test_one_process_does_the_work_of_three_bit_for_bit_and_says_so(make_trainer, monkeypatch, caplog, refuse, options):
    told, weights = [], []
    for alone in (False, True):
        trainer = make_trainer(batch=4, workers=3, steps=4, eval_every=2, eval_batches=4, log_every=1, **options)
        with monkeypatch.context() as patch:
            if alone:
                refuse(patch)
            told.append([])
            for progress in trainer.run():
                told[-1].append(progress)
                assert len(multiprocessing.active_children()) == (0 if alone else 2), "none waits for nothing"
        weights.append(trainer.model.vector.data.copy())
    assert told[0] == told[1]
    np.testing.assert_array_equal(weights[0], weights[1])
    (record,) = caplog.records
    assert "No other process can share the work" in record.message and "one does it all" in record.message


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
