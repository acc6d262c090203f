"""finetune --task translate and summarise, and the commands that use what they made."""

import json
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from minillm.cli import main, session
from minillm.finetuning.pairs.model import COMMON
from minillm.training import TrainOptions
from tests.cli.test_interruptions import Running, state
from tests.finetuning.pairs.test_job import texts

SMALL = [
    "--layers=1",
    "--heads=2",
    "--d-model=16",
    "--merges=30",
    "--batch=4",
    "--steps=8",
    "--eval-every=4",
    "--lr=0.02",
]
KEPT = ["config.json", "model.safetensors", "log.jsonl", "tokenizer.json"]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_text("".join(f"{s}\t{t}\n" for s, t in zip(*texts(60), strict=True)), encoding="utf-8")
    return path


@pytest.fixture
def quick(pairs) -> list:
    return ["finetune", "--task=translate", "--data", pairs, *SMALL]


@pytest.fixture(scope="session")
def translator(pairs, tmp_path_factory) -> Path:
    """A run that has ended. Only to be read."""
    directory = tmp_path_factory.mktemp("runs") / "translator"
    assert main(["finetune", "--task=translate", "--data", str(pairs), *SMALL, "--out", str(directory)]) == 0
    return directory


def left(directory) -> dict:
    arrays = {name: array.tobytes() for name, array in load_file(directory / "trainer.safetensors").items()}
    return arrays | {name: (directory / name).read_bytes() for name in KEPT}


def test_a_run_from_beginning_to_end(call, curves, quick, tmp_path):
    code, out, err = call(*quick, "--out", "my run")
    assert code == 0
    for told in (
        "device  cpu",
        "model   a Transformer of 1 + 1 layer, 2 heads, 16 wide, vocabulary 289",
        "pairs to train on",
        "the source as it is",
        "the nearest pair's target",
        "plan    8 steps",
        "BLEU 0.0, chrF2",
        "(to be beaten: BLEU ",
        "done ",
    ):
        assert told in err
    assert len(re.findall(r"^BLEU .*, chrF2 .*, exact ", out, re.MULTILINE)) == 3, "the model, and two to be beaten"
    assert out.count("which the model does not beat)") == 2, "after eight steps"
    assert (Path("my run") / "loss.png").exists()
    (command,) = re.findall(r"-m minillm (translate .*)", err)
    code, out, _ = call(*shlex.split(command))
    assert code == 0 and out.count("\n") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_and_resumed_is_never_stopped(call, quick, plain, tmp_path, workers):
    argv = [*quick, f"--workers={workers}"]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    code, out, err = call(*argv, "--out", tmp_path / "parts", "--stop-at=3")
    assert (code, out) == (0, "") and "Stopped after step 3" in err
    code, out, _ = call(*shlex.split(re.search(r"-m minillm (finetune --resume.*)", err)[1]))
    assert code == 0 and "BLEU" in out
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_killed_and_resumed_is_never_killed(call, quick, plain, tmp_path):
    """At any moment: what was saved last is whole, and the rest is done again."""
    argv = [*quick, "--eval-every=2", "--workers=1", "--steps=40"]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    with Running([*argv, "--out", tmp_path / "parts"]) as running:
        running.wait_until_logged(tmp_path / "parts", '"step": 10,')
        running.signal(signal.SIGKILL)
        running.end()
    assert 2 <= state(tmp_path / "parts")["step"] < 40
    assert call("finetune", "--resume", "--out", tmp_path / "parts")[0] == 0
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def interrupted(*_):
    raise KeyboardInterrupt


def test_a_run_that_was_stopped_before_its_first_evaluation_goes_on(call, quick, plain, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(session, "announce_plan", interrupted)
        assert call(*quick, "--out", tmp_path / "parts")[0] == 130
    assert not (tmp_path / "parts/model.safetensors").exists()
    assert call("finetune", "--resume", "--out", tmp_path / "parts")[0] == 0
    assert call(*quick, "--out", tmp_path / "whole")[0] == 0
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


def test_it_summarises_as_well(call, quick, tmp_path, pipe):
    code, out, err = call(*quick, "--task=summarise", "--out", tmp_path / "run")
    assert code == 0 and "the first sentence" in err and re.search(r"^ROUGE-L .*, ROUGE-1 .*, ROUGE-2 ", out)
    (command,) = re.findall(r"-m minillm (summarise .*)", err)
    assert call(*shlex.split(command))[0] == 0
    pipe("a red dog\n\nthe cat\n")
    code, out, _ = call("summarise", "--checkpoint", tmp_path / "run", "--beams=2", "--max-tokens=4")
    assert code == 0 and out.count("\n") == 3 and out.split("\n")[1] == ""


@pytest.mark.parametrize("objective", ["denoise", "span"])
def test_it_goes_on_from_a_run_that_repaired_texts(call, refused, quick, plain, text_file, tmp_path, objective):
    small = ["--preset=tiny", "--d-model=16", "--context=16", "--batch=4", "--steps=1", "--merges=20"]
    assert call("pretrain", f"--objective={objective}", *small, "--text", text_file, "--out", tmp_path / "body")[0] == 0
    argv = ["finetune", "--task=translate", *quick[2:4], "--checkpoint", tmp_path / "body", "--batch=4", "--steps=3"]
    code, _, err = call(*argv, "--out", tmp_path / "run")
    assert code == 0 and f"as {tmp_path / 'body'} has it" in err
    assert (tmp_path / "run/tokenizer.json").read_bytes() == (tmp_path / "body/tokenizer.json").read_bytes()
    assert json.loads((tmp_path / "run/config.json").read_text(encoding="utf-8"))["dropout"] == 0.1
    assert call("finetune", "--resume", "--out", tmp_path / "run", "--steps=5")[0] == 0
    wrong, _ = refused(*argv, "--out", tmp_path / "other", "--layers=2")
    assert wrong.startswith("--layers is for a model from nothing")


def test_held_out_pairs_of_their_own(call, refused, quick, plain, tmp_path):
    dev = tmp_path / "dev.tsv"
    dev.write_text("red\trot\n\nred cat\tKatze rot\n", encoding="utf-8")
    code, _, err = call(*quick, "--dev", dev, "--out", tmp_path / "run", "--stop-at=2")
    assert code == 0 and "60 pairs to train on, 2 to validate" in err
    assert call("finetune", "--resume", "--out", tmp_path / "run")[0] == 0
    dev.write_text("red\tROT\n", encoding="utf-8")
    assert "does not hold what this run began with" in refused("finetune", "--resume", "--out", tmp_path / "run")[0]


def test_pairs_that_nothing_is_learned_from_are_told_of_with_their_line(call, quick, plain, pairs, tmp_path):
    odd, long = tmp_path / "odd.tsv", "red " * 30
    odd.write_text("same\tsame\n" + pairs.read_text(encoding="utf-8") + f"{long}\trot\n", encoding="utf-8")
    argv = [*quick, "--data", odd, "--context=20", "--dev", pairs, "--stop-at=1"]
    code, _, err = call(*argv, "--out", tmp_path / "run")
    assert code == 0
    assert "1 pair of two equal sides left out, the first in line 1" in err
    assert "1 pair with a side of more than 20 tokens left out, the first in line 62" in err
    code, _, err = call(*argv, "--task=summarise", "--out", tmp_path / "short")
    assert code == 0 and "1 source of more than 20 tokens cut to that, the first in line 62" in err


def test_each_line_is_answered_in_a_line(call, translator, pipe):
    lines = ["red dog", "", "old cat", "</s>", "red dog"]
    pipe("\r\n".join(lines) + "\r\n")
    code, out, err = call("translate", "--checkpoint", translator)
    answers = out.split("\n")
    assert (code, err, len(answers)) == (0, "", 6) and answers[1] == answers[5] == "" and answers[0] == answers[4]
    for text, answer in zip(lines, answers, strict=False):
        if text:
            assert call("translate", "--checkpoint", translator, "--text", text)[1] == answer + "\n"


def test_it_is_drawn_where_the_translation_looks(call, refused, translator, tmp_path, monkeypatch):
    for name in ("map.png", "map.html"):
        code, out, err = call("translate", "--checkpoint", translator, "--text=red dog", "--attention", tmp_path / name)
        assert code == 0 and out and f"{tmp_path / name}: cross, 1 layer × 2 heads" in err
        assert (tmp_path / name).stat().st_size > 1000
    monkeypatch.setenv("LANGUAGE", "zh")
    assert call("translate", "--checkpoint", translator, "--text=red dog", "--attention", tmp_path / "map.html")[0] == 0
    assert "<title>“red dog”：交叉注意力，1 层 × 2 个头</title>" in (tmp_path / "map.html").read_text(encoding="utf-8")
    (tmp_path / "mine.png").write_bytes(b"a picture of mine")
    monkeypatch.setenv("LANGUAGE", "en")
    refused("translate", "--checkpoint", translator, "--text=red", "--attention", tmp_path / "mine.png")
    assert (tmp_path / "mine.png").read_bytes() == b"a picture of mine"
    assert "--attention" in refused("translate", "--checkpoint", translator, "--attention", "x.png")[0]


# What must not happen -------------------------------------------------------------------------------------------------

FILES_THAT_CANNOT_BE = {
    "empty": ("", "holds no text"),
    "no tab": ("a\tx\nb\ty\nno target\n", "Line 3 of {} has no tab."),
    "three columns": ("a\tx\nb\ty\tz\n", "Line 2 of {} has 3 columns."),
    "empty source": ("a\tx\n\n \ty\n", "Line 3 of {} has no source."),
    "empty target": ("a\tx\nb\t \n", "Line 2 of {} has no target."),
    "a header alone": ("source\ttarget\n", "{} has no pair."),
    "too few": ("a\tx\nb\ty\n", "{} has 2 different sources, too few"),
    "one": ("a\tx\n", "{} has 1 different source, too few"),
    "equal sides": ("".join(f"{i}\t{i}\n" for i in range(50)), "No pair can be learned from: of 45, 45 have two equal"),
}


@pytest.mark.parametrize("case", FILES_THAT_CANNOT_BE)
def test_files_that_cannot_be_learned_from(refused, quick, tmp_path, snapshot, case):
    content, wrong = FILES_THAT_CANNOT_BE[case]
    path = tmp_path / "bad.tsv"
    path.write_text(content, encoding="utf-8")
    before = snapshot(tmp_path)
    said = refused(*quick, "--data", path, "--merges=0", "--out=run")
    assert wrong.format(path) in said[0]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--lora=2"], "--lora is for --task classify only"),
        (["--freeze=body"], "--freeze is for --task classify only"),
        (["--task=classify"], "is for --task translate and --task summarise only"),
        (["--task=translat"], "There is no task 'translat'"),
        (["--heads=3"], "3 heads do not divide"),
        (["--merges=-1"], "-1 merges"),
        (["--context=1"], "--context must be at least 2"),
        (["--layers=1000000", "--d-model=99996"], "This needs at least"),
        (["--checkpoint=nowhere"], "There is no checkpoint nowhere"),
    ],
    ids=str,
)
def test_options_that_no_run_can_have(refused, quick, tmp_path, snapshot, options, wrong):
    before = snapshot(tmp_path)
    said = refused(*quick, "--out=run", *options)
    assert wrong in said[0] and snapshot(tmp_path) == before


def test_models_of_the_wrong_kind(refused, finished_run, masked_run, translator, quick, tmp_path):
    for run, name in ((finished_run, "a GPT"), (masked_run, "an encoder")):
        for command in ("translate", "summarise"):
            wrong, remedy = refused(command, "--checkpoint", run, "--text=a")
            assert f"This is {name}" in wrong and "finetune --task" in remedy
        argv = ["finetune", "--task=translate", *quick[2:4], "--checkpoint", run, "--out", tmp_path / "run"]
        assert f"This is {name}" in refused(*argv)[0]
    for option in (["--beams=0"], ["--max-tokens=0"], ["--length-penalty=2"], ["--beams=2", "--length-penalty=99"]):
        refused("translate", "--checkpoint", translator, "--text=a", *option)


def test_help_tells_which_defaults_of_training_are_others_for_pairs(capsys):
    with pytest.raises(SystemExit):
        main(["finetune", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    usual = TrainOptions()
    for name in ("beta2", "label_smoothing"):
        assert f"(default {getattr(usual, name):g}; to translate or summarise {COMMON[name]})" in said


def test_resume_alters_nothing_but_the_end(call, refused, quick, plain, pairs, tmp_path):
    run = tmp_path / "run"
    assert call(*quick, "--out", run, "--stop-at=2")[0] == 0
    for option in ("--task=summarise", "--layers=2", "--merges=31", "--context=60", "--lr=1", "--dropout=0.3"):
        assert "--resume cannot change it" in refused("finetune", "--resume", "--out", run, option)[0]
    assert "for --task classify only" in refused("finetune", "--resume", "--out", run, "--lora=2")[0]
    assert "not in epochs" in refused("finetune", "--resume", "--out", run, "--epochs=9")[0]
    assert "This run has no checkpoint" in refused("finetune", "--resume", "--out", run, "--checkpoint=tales")[0]
    assert call("finetune", "--resume", "--task=translate", "--out", run, "--steps=10")[0] == 0
    assert state(run)["step"] == 10
    assert "pretrain did not begin" in refused("pretrain", "--resume", "--out", run)[0]


def test_nothing_is_overwritten_unless_asked(call, refused, quick, plain, tmp_path):
    run = tmp_path / "run"
    assert call(*quick, "--out", run, "--steps=1")[0] == 0
    assert "already holds a run" in refused(*quick, "--out", run)[0]
    wrong, _ = refused(*quick, "--checkpoint", run, "--out", run, "--overwrite")
    assert wrong == f"{run} holds the model to begin with."
    assert call(*quick, "--out", run, "--steps=1", "--overwrite")[0] == 0
