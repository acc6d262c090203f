"""A run that was stopped, failed or killed anywhere goes on as if nothing had happened."""

import dataclasses
import errno
import os

import numpy as np
import pytest
from safetensors.numpy import load_file

from minillm.errors import InputError
from minillm.training import DivergedError, Run, load
from minillm.training import run as run_module
from minillm.training.checkpoint import WEIGHTS
from minillm.training.run import FILES, LOG, STATE
from tests.training.runs import left, train


@pytest.mark.parametrize(
    "options", [{}, {"dropout": 0.3}, {"accumulate": 2, "dropout": 0.1}, {"norm": "post"}], ids=str
)
@pytest.mark.parametrize("stops", [(20,), (17,), (1, 2, 39)], ids=str)
def test_a_run_that_stopped_is_the_run_that_never_did(tmp_path, begin, resume, options, stops):
    train(*begin(tmp_path / "whole", **options))
    train(*begin(tmp_path / "parts", **options), until=stops[0])
    for stop in (*stops[1:], None):
        train(*resume(tmp_path / "parts", **options), until=stop)
    assert left(tmp_path / "parts") == left(tmp_path / "whole")
    assert left(tmp_path / "whole")["state"]["step"] == 40


@pytest.mark.parametrize("batches", [0, 1, 30, 31, 60, 80])
def test_also_when_it_stopped_during_an_evaluation(tmp_path, begin, resume, batches):
    """`stop` is asked before every batch of an evaluation: it says yes once, at the batch of this number."""
    train(*begin(tmp_path / "whole", batch=1))
    left_to_ask = batches
    folder, trainer = begin(tmp_path / "parts", batch=1)

    def stop():
        nonlocal left_to_ask
        left_to_ask -= 1
        return left_to_ask < 0

    train(folder, trainer, stop)
    assert not trainer.finished()
    train(*resume(tmp_path / "parts", batch=1))
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def test_what_was_logged_after_the_last_save_is_not_logged_twice(tmp_path, begin, resume):
    """Stopped before its evaluation at step 20, resumed, and killed between logging that evaluation and saving it."""
    train(*begin(tmp_path / "whole"))
    folder, trainer = begin(tmp_path / "parts")
    train(folder, trainer, until=19)
    folder.log(trainer.step())
    folder.save(trainer)
    folder, trainer = resume(tmp_path / "parts")
    folder.log(next(trainer.run()))
    with open(folder.path(LOG), "a", encoding="utf-8") as file:
        file.write('{"step": 21, "lo')
    train(*resume(tmp_path / "parts"))
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


class Killed(BaseException):
    """The process ends here: nothing after it gets a chance to tidy up."""


def test_killed_at_every_write_the_run_still_ends_the_same(tmp_path, begin, resume, monkeypatch, tokenizer):
    """At each call that puts bytes or names on the disk, in turn: before it happens, and after."""
    options = {"steps": 8, "eval_every": 4}
    train(*begin(tmp_path / "whole", **options))
    calls, fatal = 0, None

    def count(call):
        def counted(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == fatal:
                raise Killed
            result = call(*args, **kwargs)
            calls += 1
            if calls == fatal:
                raise Killed
            return result

        return counted

    monkeypatch.setattr(os, "fsync", count(os.fsync))
    monkeypatch.setattr(os, "replace", count(os.replace))
    monkeypatch.setattr(Run, "log", count(Run.log))
    folder, trainer = begin(tmp_path / "count", **options)
    begun = calls
    train(folder, trainer)
    total = calls
    assert begun >= 16 and total > begun + 30
    for number in range(begun + 1, total + 1):
        directory = tmp_path / f"killed-{number}"
        calls, fatal = 0, number
        with pytest.raises(Killed):
            train(*begin(directory, **options))
        fatal = None
        assert np.isfinite(load_file(directory / STATE)["weights"]).all()
        if (directory / WEIGHTS).exists():
            load(directory)
        train(*resume(directory, **options))
        assert left(directory) == left(tmp_path / "whole"), f"killed at call {number}"


@pytest.mark.parametrize(("call", "calls_a_file"), [("fsync", 2), ("replace", 1)])
def test_a_write_that_fails_leaves_the_last_checkpoint_whole(tmp_path, begin, resume, monkeypatch, call, calls_a_file):
    options = {"steps": 8, "eval_every": 4}
    folder, trainer = begin(tmp_path / "run", **options)
    train(folder, trainer, until=4)
    before = left(tmp_path / "run")
    for number in range(1, 2 * calls_a_file + 1):  # the weights, then the state
        calls, real = 0, getattr(os, call)

        def failing(*args, number=number, real=real):
            nonlocal calls
            calls += 1
            if calls == number:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args)

        _, trainer = resume(tmp_path / "run", **options)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            with pytest.raises(InputError, match="No space left on device"):
                folder.save(trainer, best=True)
        assert left(tmp_path / "run") == before
        assert set(os.listdir(folder.directory)) <= set(FILES), "no half file is left"


def test_the_model_is_that_of_the_lowest_validation_loss(tmp_path, begin, make_trainer):
    folder, trainer = begin(tmp_path / "run", steps=30, lr=1e-2)
    train(folder, trainer, until=20)
    trainer.options = dataclasses.replace(trainer.options, lr=3.0)  # from here on it gets worse
    train(folder, trainer)
    losses = {entry["step"]: entry["validation"] for entry in folder.read_log() if "validation" in entry}
    best = min(losses, key=losses.get)
    assert 0 < best < 30 and losses[30] > losses[best] + 0.1, "or this test shows nothing"
    evaluator = make_trainer()
    evaluator.model.vector.data[...] = load(tmp_path / "run")[0].vector.data
    assert evaluator.evaluate() == pytest.approx(losses[best], abs=1e-6)
    evaluator.model.vector.data[...] = load_file(tmp_path / "run" / STATE)["weights"]
    assert evaluator.evaluate() == pytest.approx(losses[30], abs=1e-6)
    assert trainer.best_step == best


def test_a_run_left_before_its_first_evaluation_has_a_model_all_the_same(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    train(folder, trainer, stop=lambda: True)
    assert (load(tmp_path / "run")[0].vector.data == trainer.model.vector.data).all()


@pytest.mark.parametrize("what", ["weights", "first_moment", "second_moment"])
@pytest.mark.parametrize("best", [True, False])
def test_nothing_that_is_not_finite_is_ever_saved(tmp_path, begin, what, best):
    folder, trainer = begin(tmp_path / "run")
    train(folder, trainer, until=10)
    before = left(tmp_path / "run")
    run_module.state_arrays(trainer)[what][7] = np.inf
    with pytest.raises(DivergedError, match=what.replace("_", " ")):
        folder.save(trainer, best)
    assert left(tmp_path / "run") == before


# While others are at the folder --------------------------------------------------------------------------------------
