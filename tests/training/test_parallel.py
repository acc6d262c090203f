"""Threads that share a batch: the same gradient as one alone, the same numbers every time."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE
from minillm.training import TrainOptions, default_threads
from minillm.training.parallel import Workers


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_many_threads_have_the_gradient_of_one(make_trainer, threads, accumulate, monkeypatch):
    """Sequences that don't divide evenly, and targets that are scored unevenly."""
    gradients, losses = [], []
    for count in (1, threads):
        trainer = make_trainer(dtype=np.float64, batch=5, accumulate=accumulate, threads=count)
        batch = trainer.corpus.batch

        def with_holes(rng, size, batch=batch):
            ids, targets = batch(rng, size)
            targets[0, 1:], targets[-1, :3] = IGNORE, IGNORE
            return ids, targets

        monkeypatch.setattr(trainer.corpus, "batch", with_holes)
        for _ in range(2):  # the second time, what the first left behind must be gone
            losses.append(float(trainer.gradient(7)))
        gradients.append(trainer.model.vector.grad.copy())
    np.testing.assert_allclose(losses, losses[0], rtol=1e-12)
    assert np.linalg.norm(gradients[1] - gradients[0]) < 1e-12 * np.linalg.norm(gradients[0])


def test_evaluation_is_the_same_for_any_number_of_threads(make_trainer):
    for eval_batches in (None, 1, 3):
        one, three = (make_trainer(batch=3, threads=n, eval_batches=eval_batches).evaluate() for n in (1, 3))
        assert three == pytest.approx(one, rel=1e-6)


def test_a_run_repeats_bit_for_bit_and_dropout_differs_between_threads(make_trainer):
    runs = [make_trainer(batch=4, threads=2, dropout=0.3, steps=6) for _ in range(2)]
    for trainer in runs:
        assert len(list(trainer.run())) > 6
    np.testing.assert_array_equal(runs[0].model.vector.data, runs[1].model.vector.data)
    alone = make_trainer(batch=4, dropout=0.3)
    assert float(alone.gradient(0)) != float(make_trainer(batch=4, threads=2, dropout=0.3).gradient(0))


def small_model() -> GPT:
    return GPT(GPTConfig(vocab_size=7, context=5, layers=1, heads=1, d_model=4), seed=3)


def test_replicas_share_weights_and_nothing_else():
    model = small_model()
    model.blocks[0].freeze()
    twin = model.replica()
    assert twin.vector.data is model.vector.data
    for name, parameter in model.vector.named.items():
        other = twin.vector.named[name]
        assert np.shares_memory(other.data, model.vector.data)
        assert not np.shares_memory(other.grad, model.vector.grad)
        assert np.shares_memory(other.grad, twin.vector.grad)
        assert other.trainable == parameter.trainable


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_matrix_products_keep_to_one_core_while_threads_share_and_only_then():
    before = blas_threads()
    assert Workers(small_model(), 2).run(lambda i, model: blas_threads()) == [{1}, {1}]
    assert Workers(small_model(), 1).run(lambda i, model: blas_threads()) == [before]
    assert blas_threads() == before


def test_workers_inherit_numpys_error_settings_and_hand_errors_on():
    workers = Workers(small_model(), 2)
    with np.errstate(over="raise"):
        assert [settings["over"] for settings in workers.run(lambda i, model: np.geterr())] == ["raise", "raise"]
    with pytest.raises(ZeroDivisionError):
        workers.run(lambda i, model: 1 / (i - 1))


def test_how_many_threads(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(8), raising=False)
    assert default_threads(12) == 8 and default_threads(3) == 3
    assert default_threads(12, Device("gpu", CPU.xp, "")) == 1
    with pytest.raises(InputError, match="5 threads cannot share a batch of 4"):
        TrainOptions(batch=4, threads=5)
