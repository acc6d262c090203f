"""finetune: every way of learning, from beginning to end; frozen means frozen; stopped and resumed is never stopped."""

import io
import json
import re
import shlex
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from minillm.cli import main
from minillm.cli.terminal import program
from tests.cli.labelled import lines
from tests.cli.test_interruptions import Running, state
from tests.words import WORDS

WAYS = {
    "everything": [],
    "from random weights": ["--init=random", "--dropout=0.1"],
    "last block": ["--freeze=1", "--workers=1", "--dropout=0.1"],
    "adapters": ["--lora=2", "--batch=3", "--accumulate=2"],
}
QUICK = ["--batch=4", "--steps=8", "--eval-every=4", "--lr=0.02"]
FILES = ["config.json", "labels.json", "log.jsonl", "loss.png", "model.safetensors"]
FILES += ["tokenizer.json", "trainer.json", "trainer.safetensors"]


@pytest.fixture(params=["decoder", "encoder"])
def body(request) -> Path:
    return request.getfixturevalue("finished_run" if request.param == "decoder" else "masked_run")


@pytest.fixture
def run_to_damage(quick, plain, call, tmp_path) -> Path:
    assert call(*quick, "--freeze=1", "--out", tmp_path / "run", "--stop-at=1")[0] == 0
    return tmp_path / "run"


@pytest.fixture
def quick(finished_run, labelled) -> list:
    return ["finetune", "--checkpoint", finished_run, "--data", labelled, *QUICK]


def left(directory) -> dict:
    arrays = {name: array.tobytes() for name, array in load_file(directory / "trainer.safetensors").items()}
    return arrays | {name: (directory / name).read_bytes() for name in FILES[:5] if name != "loss.png"}


def test_a_run_from_beginning_to_end(call, curves, body, labelled, tmp_path):
    argv = ["finetune", "--checkpoint", body, "--data", labelled, "--epochs=12", "--lr=0.01", "--batch=8"]
    code, out, err = call(*argv, "--out", "my run")
    assert code == 0
    for told in ("device  cpu", "learning: everything", "54 texts to train on, 6 to validate", "blame 50.0 %, praise"):
        assert told in err
    for told in (
        "always blame: 50.0 % right; a bag of words: 100.0 %",
        "plan    81 steps",
        "held-out accuracy",
        "done ",
    ):
        assert told in err
    assert re.search(r"accuracy  100.0 % ± 0.0  \(6 of 6", out), out
    assert re.search(r"blame +3 +0\npraise +0 +3\n", out), out
    assert sorted(path.name for path in Path("my run").iterdir()) == FILES
    assert json.loads(Path("my run/labels.json").read_text(encoding="utf-8")) == ["blame", "praise"]
    (command,) = re.findall(r"-m minillm (classify .*)", err)
    assert main(shlex.split(command)) == 0


@pytest.mark.parametrize("way", WAYS)
def test_stopped_and_resumed_is_never_stopped(call, quick, plain, tmp_path, way):
    argv = [*quick, *WAYS[way]]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    code, out, err = call(*argv, "--out", tmp_path / "parts", "--stop-at=3")
    assert (code, out) == (0, "") and "Stopped after step 3" in err
    code, out, _ = call(*shlex.split(re.search(r"-m minillm (finetune --resume.*)", err)[1]))
    assert code == 0 and "accuracy" in out
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


@pytest.mark.parametrize("way", ["last block", "adapters"])
def test_interrupted_before_anything_was_learned(call, quick, plain, tmp_path, monkeypatch, way):
    argv = [*quick, *WAYS[way]]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr("minillm.cli.session.announce_plan", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        assert call(*argv, "--out", tmp_path / "parts")[0] == 130
    assert call("finetune", "--resume", "--out", tmp_path / "parts")[0] == 0
    assert left(tmp_path / "parts") == left(tmp_path / "whole")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_frozen_stays_bit_identical_and_what_learns_moves(call, body, labelled, plain, tmp_path, way):
    argv = ["finetune", "--checkpoint", body, "--data", labelled, *QUICK, *WAYS[way], "--lr=0.003"]
    assert call(*argv, "--out", tmp_path / "run")[0] == 0
    before, after = (load_file(folder / "model.safetensors") for folder in (body, tmp_path / "run"))
    before = {name.removeprefix("body."): array for name, array in before.items()}
    moved = {
        name
        for name, array in after.items()
        if name.startswith("body.") and not np.array_equal(array, before[name.removeprefix("body.")])
    }
    learning = {name for name in after if name.startswith("body.")}
    if way == "last block":
        learning = {name for name in learning if name.startswith(("body.blocks.1.", "body.norm."))}
    elif way == "adapters":
        learning = {name for name in learning if name.endswith(("attention.query.weight", "attention.value.weight"))}
    keys = {name for name in learning if name.endswith("key.bias")}  # their gradient is zero but for rounding
    assert moved - keys == learning - keys


def test_held_out_texts_of_their_own(call, quick, plain, tmp_path):
    dev = tmp_path / "dev.tsv"
    dev.write_text("text\tlabel\na token\tpraise\n\nthe token\tblame\nthe model\tblame\n", encoding="utf-8")
    code, out, err = call(*quick, "--dev", dev, "--out", tmp_path / "run", "--stop-at=2")
    assert code == 0 and "60 texts to train on, 3 to validate" in err
    code, out, _ = call("finetune", "--resume", "--out", tmp_path / "run")
    assert code == 0 and "of 3 held-out texts" in out
    dev.write_text("a token\tpraise\n", encoding="utf-8")
    assert "does not hold what this run began with" in call("finetune", "--resume", "--out", tmp_path / "run")[2]


def test_unknown_characters_and_long_texts_are_told_of_and_no_obstacle(call, quick, plain, tmp_path):
    data = tmp_path / "odd.tsv"
    data.write_text(
        "\n".join([*lines(20), "語語\tblame", "a é token\tpraise", f"{'the ' * 9}\tblame"]), encoding="utf-8"
    )
    code, _, err = call(*quick, "--data", data, "--out", tmp_path / "run")
    assert code == 0
    assert "3 characters that the model's tokenizer does not know left out" in err
    assert re.search(r"\d+ texts? of more than 16 tokens cut to that", err)


def test_many_classes_show_the_most_frequent_mistakes(call, quick, plain, tmp_path):
    data = tmp_path / "many.tsv"
    data.write_text("\n".join(f"a model {WORDS[i % 13]}\tclass {i % 13}" for i in range(260)), encoding="utf-8")
    code, out, _ = call(*quick, "--data", data, "--out", tmp_path / "run", "--freeze=1", "--steps=1")
    assert code == 0 and " taken for class " in out and len(out.splitlines()) <= 13


# What must not happen -------------------------------------------------------------------------------------------------

FORM = "Each line is a text, a tab, and its label."
FILES_THAT_CANNOT_BE = {
    "missing": (None, "There is no file"),
    "empty": (b"", "holds no text"),
    "not UTF-8": (b"caf\xe9\tgood\n", "is not UTF-8: byte 3"),
    "no tab": (b"a\tx\nb\ty\nno label\n", "Line 3 of {} has no tab."),
    "three columns": (b"a\tx\nb\ty\tz\n", "Line 2 of {} has 3 columns."),
    "empty label": (b"a\tx\n\nb\t \n", "Line 3 of {} has no label."),
    "empty text": (b"\tx\n", "Line 1 of {} has no text."),
    "one class": (b"a\tx\nb\tx\n" * 10, "has only one label, 'x'"),
    "a header alone": (b"text\tlabel\n", "{} has no labelled text."),
    "columns the other way round": (
        b"".join(b"x\ttext %d\n" % i for i in range(50)),
        "has 50 different labels in 50 lines",
    ),
    "too few": (b"a\tx\nb\ty\n", "has fewer than 10 texts of each class"),
}


@pytest.fixture
def refused_and_nothing_written(refused, tmp_path, snapshot):
    def run(*argv):
        before = snapshot(tmp_path)
        said = refused(*argv)
        assert snapshot(tmp_path) == before
        return said

    return run


@pytest.mark.parametrize("case", FILES_THAT_CANNOT_BE)
def test_files_that_cannot_be_learned_from(refused_and_nothing_written, quick, tmp_path, case):
    content, wrong = FILES_THAT_CANNOT_BE[case]
    path = tmp_path / "data.tsv"
    if content is not None:
        path.write_bytes(content)
    assert wrong.format(path) in refused_and_nothing_written(*quick, "--data", path, "--out=run")[0]


def test_columns_the_other_way_round(refused_and_nothing_written, quick, labelled, tmp_path):
    path = tmp_path / "data.tsv"
    path.write_text("".join(f"x\ttext {i}\n" for i in range(50)), encoding="utf-8")
    said = refused_and_nothing_written(*quick, "--data", path, "--dev", labelled, "--out=run")
    assert "50 different labels in 50 lines" in said[0] and "other way round" in said[1]


def test_a_label_that_training_never_saw(refused_and_nothing_written, quick, tmp_path):
    (tmp_path / "dev.tsv").write_text("a\tpraise\nb\tenvy\n", encoding="utf-8")
    wrong, remedy = refused_and_nothing_written(*quick, "--dev", tmp_path / "dev.tsv", "--out=run")
    assert "label 'envy', which no training text has" in wrong and "blame, praise" in remedy


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--freeze=3"], "asks for 3 frozen blocks, and the body has 2"),
        (["--freeze=head"], "--freeze is body, none or a number"),
        (["--freeze=-1"], "--freeze is body, none or a number"),
        (["--freeze=body", "--lora=2"], "leaves --freeze nothing to say"),
        (["--freeze=1", "--lora=2"], "leaves --freeze nothing to say"),
        (["--layer=1"], "--layer is for a frozen body"),
        (["--layer=top"], "--layer is the number of a layer or all, not 'top'"),
        (["--lora=0"], "--lora must be a rank from 1 to the model's width, 16"),
        (["--lora=17"], "--lora must be a rank from 1 to the model's width, 16"),
        (["--pooling=max"], "There is no pooling 'max'."),
        (["--init=zero"], "There is no init 'zero'."),
        (["--dropout=1"], "dropout must lie in [0, 1)"),
        (["--epochs=0"], "Argument --epochs: not allowed with"),
        (["--batch=0"], "--batch must be"),
        (["--eval-every=0"], "--eval-every must be"),
        (["--lr=nan"], "learning rate must be"),
        (["--seed=-1"], "--seed must be"),
        (["--stop-at=0"], "--stop-at must be"),
        (["--checkpoint=nowhere"], "There is no checkpoint nowhere"),
    ],
    ids=str,
)
def test_options_that_no_run_can_have(refused_and_nothing_written, quick, options, wrong):
    assert wrong in refused_and_nothing_written(*quick, "--out=run", *options)[0]


def test_epochs_that_no_run_can_have(refused_and_nothing_written, finished_run, labelled):
    argv = ["finetune", "--checkpoint", finished_run, "--data", labelled, "--out=run"]
    for value in ("0", "-1", "nan", "inf", "1e300"):
        assert "--epochs must be above 0" in refused_and_nothing_written(*argv, f"--epochs={value}")[0]


def test_a_run_needs_a_model_and_texts(refused, quick, labelled):
    assert refused("finetune", "--data", labelled, "--out=run")[0] == "--checkpoint is missing."
    assert refused("finetune", "--checkpoint=x", "--out=run")[0] == "--data is missing."


def test_a_remedy_is_a_command_that_can_be_copied_where_python_is_not_on_the_path(refused, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert refused("finetune", "--checkpoint=x", "--out=run")[1] == f"See {program()} finetune --help"


def test_held_out_texts_that_are_none(refused_and_nothing_written, quick, tmp_path):
    (tmp_path / "dev.tsv").write_text("text\tlabel\n", encoding="utf-8")
    wrong, _ = refused_and_nothing_written(*quick, "--dev", tmp_path / "dev.tsv", "--out=run")
    assert wrong == f"{tmp_path / 'dev.tsv'} has no labelled text."


def test_models_that_cannot_be_a_body(refused, call, quick, plain, text_file, labelled, tmp_path):
    assert call(*quick, "--steps=1", "--out", tmp_path / "classifier")[0] == 0
    small = ["--preset=tiny", "--d-model=16", "--context=16", "--batch=4", "--steps=1", "--merges=20"]
    assert call("pretrain", "--objective=span", *small, "--text", text_file, "--out", tmp_path / "span")[0] == 0
    wrong, _ = refused("finetune", "--checkpoint", tmp_path / "span", "--data", labelled, "--out", tmp_path / "run")
    assert "cannot be fine-tuned to classify" in wrong
    for command in ("generate", "fill --text x"):
        refused(*command.split(), "--checkpoint", tmp_path / "classifier")
    assert call("attention", "--text=a", "--out=x.png", "--checkpoint", tmp_path / "classifier")[0] == 0


def test_nothing_is_overwritten_unless_asked_and_never_the_model_to_begin_with(
    call, quick, plain, run_copy, refused, tiny
):
    for flags in ([], ["--overwrite"]):
        assert (
            "holds the model to begin with" in refused(*quick, "--checkpoint", run_copy, "--out", run_copy, *flags)[0]
        )
    assert "already holds a run" in refused(*quick, "--out", run_copy)[0]
    data = run_copy / "log.jsonl"
    wrong, _ = refused(*quick, "--data", data, "--out", run_copy, "--overwrite")
    assert wrong == f"{run_copy} holds the texts." and data.exists()
    assert call(*quick, "--steps=1", "--out", run_copy, "--overwrite")[0] == 0
    assert (run_copy / "labels.json").exists()
    assert "pretrain did not begin" in refused("pretrain", "--resume", "--out", run_copy)[0]
    assert call(*tiny, "--steps=1", "--overwrite", "--out", run_copy)[0] == 0
    assert not (run_copy / "labels.json").exists()
    assert "finetune did not begin" in refused("finetune", "--resume", "--out", run_copy)[0]


def test_resume_alters_nothing_but_the_end(call, refused, quick, plain, labelled, tmp_path):
    run = tmp_path / "run"
    assert call(*quick, "--lora=2", "--out", run)[0] == 0
    assert call(*quick, "--lora=2", "--out", run, "--resume", "--steps=10")[0] == 0
    assert state(run)["step"] == 10
    for option in (
        "--lora=3",
        "--freeze=1",
        "--pooling=last",
        "--init=random",
        "--lr=1",
        "--dropout=0.3",
        "--seed=4",
    ):
        assert "--resume cannot change it" in refused("finetune", "--resume", "--out", run, option)[0]
    assert "cannot end at 9" in refused("finetune", "--resume", "--out", run, "--steps=9")[0]
    assert "not in epochs" in refused("finetune", "--resume", "--out", run, "--epochs=9")[0]
    (tmp_path / "other.tsv").write_text(labelled.read_text(encoding="utf-8") + "a\tpraise\n", encoding="utf-8")
    argv = ["finetune", "--resume", "--out", run, "--data", tmp_path / "other.tsv"]
    assert "does not hold what this run began with" in refused(*argv)[0]
    (run / "labels.json").write_text('["one"]', encoding="utf-8")
    assert "does not name the 2 classes" in refused("finetune", "--resume", "--out", run)[0]


@pytest.mark.parametrize(
    "damage",
    [{"freeze": ...}, {"freeze": "head"}, {"freeze": True}, {"lora": "2"}, {"dev": 3}],
    ids=str,
)
def test_resuming_a_run_that_has_forgotten_how_it_learns(refused, run_to_damage, damage):
    path = run_to_damage / "trainer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    chosen = content["text"]["chosen"] | damage
    content["text"]["chosen"] = {name: value for name, value in chosen.items() if value is not ...}
    path.write_text(json.dumps(content), encoding="utf-8")
    wrong, _ = refused("finetune", "--resume", "--out", run_to_damage)
    assert wrong.startswith(f"{path} is no description of a run of finetune: ")


def test_a_last_layer_that_an_earlier_version_trained_is_read_and_not_gone_on_with(call, refused, run_to_damage):
    path = run_to_damage / "trainer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["text"]["chosen"]["freeze"] = "body"
    path.write_text(json.dumps(content), encoding="utf-8")
    wrong, remedy = refused("finetune", "--resume", "--out", run_to_damage)
    assert wrong.startswith(f"{run_to_damage} holds a last layer that an earlier version trained") and "Fit" in remedy
    assert call("classify", "--checkpoint", run_to_damage, "--text=a token")[0] == 0


def test_texts_from_standard_input(call, refused, quick, plain, labelled, tmp_path, monkeypatch):
    def pipe(content: bytes):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))

    argv = [*quick, "--data=-", "--out", tmp_path / "run"]
    pipe(b"a\tpraise\nthe\n")
    assert refused(*argv)[0] == "Line 2 of standard input has no tab."
    pipe(labelled.read_bytes())
    code, _, err = call(*argv, "--stop-at=2")
    assert code == 0 and "data    standard input: 54 texts" in err
    pipe(labelled.read_bytes())
    assert call("finetune", "--resume", "--out", tmp_path / "run", "--stop-at=3")[0] == 0
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    wrong, remedy = refused("finetune", "--resume", "--out", tmp_path / "run")
    assert "from standard input" in wrong and "--data FILE" in remedy
    assert call("finetune", "--resume", "--out", tmp_path / "run", "--data", labelled)[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_ctrl_c_stops_saved_and_the_command_to_go_on_works(call, quick, plain, tmp_path):
    run = tmp_path / "my run"
    long = ["--freeze=1", "--steps=1000000", "--eval-every=1000000"]
    with Running([*quick, *long, "--out", run]) as running:
        running.wait_until_logged(run, '"step": 20,')
        running.signal(signal.SIGINT)
        code, out, err = running.end()
    assert (code, out) == (130, "") and "Traceback" not in err
    step = state(run)["step"]
    assert f"Stopped after step {step:,}, saved" in err
    argv = shlex.split(re.search(r"-m minillm (finetune --resume .*)", err)[1])
    assert call(*argv, "--stop-at", step + 2)[0] == 0
    assert state(run)["step"] == step + 2
    assert call("classify", "--checkpoint", run, "--text=a token")[0] == 0
