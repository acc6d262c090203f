"""A run's folder: stopped, failed or killed anywhere, it goes on as if nothing had happened."""

import dataclasses
import errno
import json
import os
import shutil
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from minillm.errors import InputError
from minillm.models import config_to_dict
from minillm.training import DivergedError, Progress, Run, load
from minillm.training import run as run_module
from minillm.training.checkpoint import WEIGHTS
from minillm.training.run import FILES, LOG, OPTIONS, STATE


@pytest.fixture
def begin(make_trainer, tokenizer, facts):
    """begin(directory, **options) -> the run's folder and its trainer, at step 0."""

    def start(directory, overwrite=False, **options):
        trainer, folder = make_trainer(**options), Run(directory)
        folder.create(trainer, tokenizer, trainer.options, facts, overwrite=overwrite)
        return folder, trainer

    return start


@pytest.fixture
def resume(make_trainer):
    """resume(directory, **options) -> the folder and a new trainer, where the run stopped."""

    def go_on(directory, **options):
        trainer, folder = make_trainer(**options), Run(directory)
        folder.load(trainer)
        return folder, trainer

    return go_on


def train(folder, trainer, stop=lambda: False, until=None):
    for progress in trainer.run(stop, until):
        folder.log(progress)
        if progress.validation is not None:
            folder.save(trainer, progress.best)
    if trainer.evaluated_step != trainer.steps_done:
        folder.save(trainer)


def left(directory) -> dict:
    """Everything that a run leaves, but for the time that it took."""
    with safe_open(directory / STATE, framework="numpy") as file:
        state = json.loads(file.metadata()["state"])
    del state["elapsed"]
    return {
        "state": state,
        "arrays": {name: array.tobytes() for name, array in load_file(directory / STATE).items()},
        "model": (directory / WEIGHTS).read_bytes(),
        "log": (directory / LOG).read_text(encoding="utf-8"),
    }


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


def test_a_folder_is_one_runs_while_it_is_locked(tmp_path, begin, make_trainer, tokenizer, facts):
    folder, trainer = begin(tmp_path / "run")
    train(folder, trainer, until=3)
    before = left(tmp_path / "run")
    other, trainer = Run(tmp_path / "run"), make_trainer()
    with folder.lock(resume=True):
        for resume in (True, False):
            with (
                pytest.raises(InputError, match=f"run is in use by process {os.getpid()}"),
                other.lock(resume=resume),
            ):
                raise AssertionError("it came in")
    assert left(tmp_path / "run") == before
    with other.lock():
        other.create(trainer, tokenizer, trainer.options, facts, overwrite=True)
    assert set(os.listdir(tmp_path / "run")) <= {"config.json", "tokenizer.json", OPTIONS, STATE, ".minillm-lock"}


def test_a_lock_leaves_nothing_behind_where_nothing_began(tmp_path):
    (tmp_path / "there").mkdir()
    for place in (tmp_path / "there", tmp_path / "new" / "deep"):
        with pytest.raises(KeyboardInterrupt), Run(place).lock():
            assert place.is_dir()
            raise KeyboardInterrupt
        with pytest.raises(InputError, match="holds no run to resume"), Run(place).lock(resume=True):
            raise AssertionError("it came in")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is a file, not a folder"), Run(tmp_path / "file").lock():
        raise AssertionError("it came in")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "there"]


@pytest.mark.parametrize("resume", [False, True])
def test_what_killed_processes_left_is_gone_once_the_folder_is_locked(tmp_path, begin, resume):
    folder, _ = begin(tmp_path / "run")
    for name in FILES:
        folder.path(f".{name}-{'0f' * 8}.part").write_bytes(b"half")
    folder.path(f".notes.txt-{'0f' * 8}.part").write_bytes(b"not a run's")
    with folder.lock(resume=resume):
        assert [path.name for path in folder.directory.glob("*.part")] == [f".notes.txt-{'0f' * 8}.part"]


def gone(folder):
    shutil.rmtree(folder.directory)


def moved(folder):
    folder.directory.rename(folder.directory.with_name("moved"))


def emptied(*names):
    return lambda folder: [folder.path(name).unlink() for name in names]


def damaged(*names):
    return lambda folder: [folder.path(name).write_text("{}", encoding="utf-8") for name in names]


def endless(folder):
    folder.path("config.json").unlink()
    folder.path("config.json").symlink_to("/dev/zero")


HARM = {
    "gone": gone,
    "moved": moved,
    "no config": emptied("config.json"),
    "no options": emptied(OPTIONS),
    "no tokenizer": emptied("tokenizer.json"),
    "nothing": emptied("config.json", "tokenizer.json", OPTIONS, STATE, WEIGHTS, LOG),
    "another config": damaged("config.json"),
    "other options": damaged(OPTIONS),
    "endless": endless,
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a folder that is in use")
@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_what_has_gone_while_it_trained_is_written_again(tmp_path, begin, resume, harm, resumed):
    """All but the lines of the log."""
    train(*begin(tmp_path / "whole"))
    folder, trainer = begin(tmp_path / "run")
    train(folder, trainer, until=5)
    if resumed:
        options, facts = folder.read_options()
        folder, trainer = resume(tmp_path / "run")
        folder.write_options(options, facts)
    with folder.lock():
        train(folder, trainer, until=15)
        harm(folder)
        train(folder, trainer, until=17)
        assert folder.is_kept()
    assert load(tmp_path / "run")[0].config == trainer.model.config
    assert Run(tmp_path / "run").read_options()[0] == trainer.options
    train(*resume(tmp_path / "run"))
    run, whole = left(tmp_path / "run"), left(tmp_path / "whole")
    assert set(run.pop("log").splitlines()) <= set(whole.pop("log").splitlines())
    assert run == whole


def test_what_was_written_again_is_named(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    assert folder.save(trainer) == []
    folder.path("config.json").unlink()
    folder.path(OPTIONS).write_text("{}", encoding="utf-8")
    assert folder.save(trainer) == ["config.json", OPTIONS]
    assert folder.save(trainer) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a folder that is in use")
@pytest.mark.parametrize("call", ["save", "log"])
def test_nothing_is_written_into_the_folder_that_another_put_in_its_place(tmp_path, begin, call):
    folder, trainer = begin(tmp_path / "run")
    with folder.lock():
        train(folder, trainer, until=3)
        moved(folder)
        other, its_trainer = begin(tmp_path / "run", seed=1)
        with other.lock():
            train(other, its_trainer, until=2)
            before = left(tmp_path / "run")
            with pytest.raises(InputError, match="is in use by process"):
                folder.save(trainer) if call == "save" else folder.log(Progress(4, loss=1.0))
            assert not folder.is_kept()
            assert left(tmp_path / "run") == before


def test_a_file_in_the_place_of_the_folder_stays(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    moved(folder)
    folder.directory.write_text("mine", encoding="utf-8")
    for write in (lambda: folder.save(trainer), lambda: folder.log(Progress(4, loss=1.0))):
        with pytest.raises(InputError, match="Cannot write") as caught:
            write()
        assert "A file stands where a folder should" in caught.value.remedy
    assert folder.directory.read_text(encoding="utf-8") == "mine" and not folder.is_kept()


def test_a_log_that_cannot_be_written_says_what_to_do(tmp_path, begin):
    folder, _ = begin(tmp_path / "run")
    folder.path(LOG).mkdir()
    with pytest.raises(InputError, match=r"Cannot write .*log\.jsonl") as caught:
        folder.log(Progress(4, loss=1.0))
    assert "space" not in caught.value.remedy


# Creating ------------------------------------------------------------------------------------------------------------


def test_overwriting_removes_a_run_and_nothing_else(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    train(folder, trainer, until=1)
    folder.path("notes.txt").write_text("mine", encoding="utf-8")
    folder.path("model.safetensors.part").write_bytes(b"a download that is under way")
    begin(tmp_path / "run", overwrite=True)
    assert sorted(os.listdir(folder.directory)) == sorted(
        ["notes.txt", "model.safetensors.part", "config.json", "tokenizer.json", OPTIONS, STATE]
    )


def test_what_a_run_needs_is_not_replaced_by_it(tmp_path, begin):
    folder, _ = begin(tmp_path / "run")
    (tmp_path / "run" / "notes.txt").write_text("the user's own", encoding="utf-8")
    (tmp_path / "link.json").symlink_to(tmp_path / "run" / "config.json")
    folder.refuse_to_replace({"a": None, "b": "-", "c": "nowhere", "d": tmp_path / "run" / "notes.txt", "e": tmp_path})
    for needed in ("run", "run/../run", "run/trainer.json", "link.json"):
        with pytest.raises(InputError, match="run holds the text"):
            folder.refuse_to_replace({"the text": f"{tmp_path}/{needed}"})
    Run(tmp_path / "new").refuse_to_replace({"the text": tmp_path / "run" / "config.json"})


def test_any_file_that_a_run_would_write_over_is_refused(tmp_path, begin):
    for name in FILES:
        directory = tmp_path / name
        directory.mkdir()
        (directory / name).write_text("mine", encoding="utf-8")
        with pytest.raises(InputError, match=f"would write over .{name}") as caught:
            begin(directory)
        assert "`overwrite`" in caught.value.remedy and "`resume`" not in caught.value.remedy
        assert (directory / name).read_text(encoding="utf-8") == "mine"
    begin(tmp_path / "run")
    with pytest.raises(InputError, match="already holds a run") as caught:
        begin(tmp_path / "run")
    assert "`resume`" in caught.value.remedy


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_run_that_cannot_begin_leaves_nothing_behind(tmp_path, begin, monkeypatch, number, error):
    calls, replace = 0, os.replace

    def failing(*args):
        nonlocal calls
        calls += 1
        if calls == number:
            raise error
        return replace(*args)

    monkeypatch.setattr(os, "replace", failing)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes.txt").touch()
    for place in (tmp_path / "new" / "deep" / "run", tmp_path / "there"):
        calls = 0
        with pytest.raises((InputError, KeyboardInterrupt)):
            begin(place)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["notes.txt", "there"]


# Reading back --------------------------------------------------------------------------------------------------------


def change_json(path, **changes):
    content = json.loads(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        part, key = name.split("__")
        content[part][key] = value
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.write_text("{", encoding="utf-8"),
        lambda p: p.write_text("[]", encoding="utf-8"),
        lambda p: p.write_text("{}", encoding="utf-8"),
        lambda p: p.write_text('{"options": [], "text": {}}', encoding="utf-8"),
        lambda p: p.write_text('{"options": 5, "text": 5}', encoding="utf-8"),
        lambda p: p.write_bytes(b"\xff\xfe"),
        lambda p: change_json(p, options__extra=1),
        lambda p: change_json(p, options__steps=40.0),
        lambda p: change_json(p, options__steps=-1),
        lambda p: change_json(p, options__lr="fast"),
        lambda p: change_json(p, options__lr=float("nan")),
        lambda p: change_json(p, options__minutes="5"),
        lambda p: change_json(p, text__source=5),
        lambda p: change_json(p, text__sha256=None),
    ],
)
def test_damaged_options_are_refused(tmp_path, begin, damage):
    folder, _ = begin(tmp_path / "run")
    damage(folder.path(OPTIONS))
    with pytest.raises(InputError, match=r"trainer\.json") as caught:
        folder.read_options()
    assert "\n" not in caught.value.wrong + caught.value.remedy


def test_options_come_back(tmp_path, begin, facts):
    folder, trainer = begin(tmp_path / "run", lr=0.1 + 0.2, eval_batches=3, minutes=1)
    assert folder.read_options() == (trainer.options, facts)


def set_state(path, **changes):
    with safe_open(path, framework="numpy") as file:
        state = json.loads(file.metadata()["state"])
    run_module.save_tensors(path, load_file(path), {"state": json.dumps(state | changes)})


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: os.truncate(p, os.path.getsize(p) - 1),
        lambda p: p.write_bytes(b""),
        lambda p: run_module.save_tensors(p, load_file(p)),
        lambda p: run_module.save_tensors(p, load_file(p), {"state": "[]"}),
        lambda p: run_module.save_tensors(p, load_file(p), {"state": "{"}),
        lambda p: set_state(p, step=-1),
        lambda p: set_state(p, step=None),
        lambda p: set_state(p, step=float("inf")),
        lambda p: set_state(p, elapsed=float("nan")),
        lambda p: set_state(p, best_loss="low"),
        lambda p: run_module.save_tensors(p, {n: a[:-1] for n, a in load_file(p).items()}, {"state": "{}"}),
    ],
)
def test_a_damaged_state_is_refused_and_the_trainer_left_as_it_was(tmp_path, begin, make_trainer, damage):
    folder, _ = begin(tmp_path / "run")
    damage(folder.path(STATE))
    trainer = make_trainer()
    before = trainer.model.vector.data.copy()
    with pytest.raises(InputError, match=r"trainer\.safetensors"):
        folder.load(trainer)
    assert (trainer.model.vector.data == before).all() and trainer.steps_done == 0


def test_a_tokenizer_of_another_vocabulary_is_refused(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    folder.save(trainer, best=True)
    folder.path("tokenizer.json").write_text('{"type": "char", "characters": "abc"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"tokenizer\.json knows 3 tokens, and the model 1\d"):
        load(tmp_path / "run")


def test_a_config_larger_than_the_state_is_refused_before_memory_is_asked_for(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    config = config_to_dict(trainer.model.config) | {"layers": 10**12}
    folder.path("config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(InputError, match=r"trainer\.safetensors is damaged or cut short"):
        folder.config()


def test_a_log_of_damaged_lines_is_read_as_far_as_it_goes(tmp_path, begin):
    folder, _ = begin(tmp_path / "run")
    folder.path(LOG).write_bytes(b'{"step": 1, "loss": 2.0}\n\xff\xfe\n[]\n{"step": "x"}\n{"loss": 1}\n{"step": 2, "lo')
    assert folder.read_log() == [{"step": 1, "loss": 2.0}]
