"""A run's folder is its own: locked while it trains, whole again where others took something away, and never another's."""

import errno
import os
import shutil
import sys

import pytest

from minillm.errors import InputError
from minillm.training import Progress, Run, load
from minillm.training.checkpoint import WEIGHTS
from minillm.training.run import FILES, LOG, OPTIONS, STATE
from tests.training.runs import contents, left, train


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
        assert folder.holds_run()
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
            assert not folder.holds_run()
            assert left(tmp_path / "run") == before


def test_a_file_in_the_place_of_the_folder_stays(tmp_path, begin):
    folder, trainer = begin(tmp_path / "run")
    moved(folder)
    folder.directory.write_text("mine", encoding="utf-8")
    for write in (lambda: folder.save(trainer), lambda: folder.log(Progress(4, loss=1.0))):
        with pytest.raises(InputError, match="Cannot write") as caught:
            write()
        assert "A file stands where a folder should" in caught.value.remedy
    assert folder.directory.read_text(encoding="utf-8") == "mine" and not folder.holds_run()


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


def test_an_earlier_run_is_there_until_all_of_the_new_one_is_written(tmp_path, begin, full_disk):
    folder, trainer = begin(tmp_path / "run")
    train(folder, trainer, until=1)
    before = contents(tmp_path)
    for after in range(8):  # two for each of four files
        with full_disk(after), pytest.raises(InputError, match="No space left"):
            begin(tmp_path / "run", overwrite=True, batch=2)
        assert contents(tmp_path) == before


def test_what_a_killed_process_has_written_of_a_run_is_removed_by_the_next(tmp_path, begin):
    begin(tmp_path / "run")
    left_behind = tmp_path / "run" / ".new-0123456789abcdef.part"
    left_behind.mkdir()
    (left_behind / "config.json").touch()
    with Run(tmp_path / "run").lock(resume=True):
        assert not left_behind.exists()


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
