"""Bad input: exit code 2, one line that says what is wrong and one that says what to do, and nothing written."""

import json
import os
import sys

import pytest
from safetensors.numpy import load_file, save_file

from minillm.backend import choose_device
from minillm.errors import InputError


@pytest.fixture
def refused_and_nothing_written(refused, tmp_path, snapshot):
    """As `refused`, and the disk is as it was."""

    def run(*argv):
        before = snapshot(tmp_path)
        said = refused(*argv)
        assert snapshot(tmp_path) == before
        return said

    return run


# The text -----------------------------------------------------------------------------------------------------------

TEXTS = {
    "missing": (None, "There is no file"),
    "a folder": (..., "is a folder"),
    "empty": (b"", "holds no text"),
    "blank": (b" \n\n", "holds no text"),
    "too short for the context": (b"The cat sat.", "too short for a context of 16 tokens"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "byte 8 is NUL"),
    "not UTF-8": (b"caf\xe9 au lait", "byte 3 is 0xe9"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_texts_that_cannot_be_read(refused_and_nothing_written, tiny, tmp_path, case):
    content, wrong = TEXTS[case]
    path = tmp_path / "text.txt"
    if content is ...:
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    assert wrong in refused_and_nothing_written(*tiny, "--text", path, "--out", "deep/run")[0]


SIZES = {
    (): "--size auto chooses a model for a time, and none is named.",
    ("--steps=5",): "--size auto chooses a model for a time, and none is named.",
    ("--minutes=1", "--layers=2"): "--size auto chooses the model, and --layers names it.",
    ("--minutes=1", "--preset=tiny"): "--size auto chooses the model, and --preset names it.",
    ("--minutes=1", "--objective=span"): "--size auto knows no size for span: it chooses that of a GPT.",
}


@pytest.mark.parametrize("named", SIZES, ids=str)
def test_a_size_that_cannot_be_chosen(refused_and_nothing_written, text_file, named):
    argv = ["pretrain", f"--text={text_file}", "--size=auto", "--out=run", *named]
    assert refused_and_nothing_written(*argv)[0] == SIZES[named]


# The numbers ---------------------------------------------------------------------------------------------------------

WHOLE = [
    "layers",
    "heads",
    "d-model",
    "context",
    "steps",
    "batch",
    "accumulate",
    "eval-every",
    "eval-batches",
    "stop-at",
]
SHARES = ["dropout", "lr-floor", "beta1", "beta2", "label-smoothing"]
REALS = ["lr", "minutes", "weight-decay", "clip", *SHARES]
NUMBERS = [
    *[(name, value) for name in WHOLE for value in ("0", "-1", "1.5", "inf", "nan", "1e3", "")],
    *[(name, value) for name in ("d-ff", "warmup", "seed", "merges") for value in ("-1", "0.5", "nan")],
    *[(name, value) for name in REALS for value in ("-1", "nan", "inf", "-inf", "x")],
    *[(name, "1") for name in SHARES if name != "lr-floor"],
    *[("lr", "0"), ("minutes", "0"), ("lr-floor", "1.1"), ("heads", "3"), ("heads", "32")],
    *[("minutes", "1e300"), ("minutes", "1e7")],
    *[(name, "10000000") for name in ("d-model", "layers", "context", "batch")],
    *[(name, "1000000000000000") for name in ("d-model", "d-ff", "layers", "context", "batch", "accumulate", "heads")],
    ("steps", "9" * 5000),
    *[(name, "9" * 400) for name in ("steps", "warmup", "d-ff", "seed", "layers")],
]


@pytest.mark.parametrize(("name", "value"), NUMBERS, ids=lambda x: x[:20])
def test_numbers_that_no_run_can_have(refused_and_nothing_written, tiny, name, value):
    argv = [word for word in tiny if not (name == "minutes" and word.startswith("--steps"))]
    wrong, _ = refused_and_nothing_written(*argv, f"--{name}={value}", "--out=deep/run")
    names = (name, name.replace("-", "_"), {"lr": "learning rate", "heads": "do not divide"}.get(name, name))
    too_large = ("memory", f"context of {int(value):,} tokens") if value.isdigit() and len(value) < 20 else ()
    assert any(word in wrong for word in (*names, *too_large)), wrong


def test_choices_that_do_not_exist(refused_and_nothing_written, tiny):
    for name in ("activation", "norm", "positions", "schedule"):
        assert f"There is no {name} 'x'." == refused_and_nothing_written(*tiny, f"--{name}=x", "--out=run")[0]
    assert refused_and_nothing_written(*tiny, "--activation=gleu", "--out=run")[1] == "Did you mean gelu?"
    assert refused_and_nothing_written(*tiny, "--objective=casual", "--out=run")[1] == "Did you mean causal?"
    assert "bpe tokenizer only" in refused_and_nothing_written(*tiny, "--merges=300", "--out=run")[0]
    odd = refused_and_nothing_written(*tiny, "--d-model=15", "--heads=1", "--positions=sinusoidal", "--out=run")
    assert "even d_model" in odd[0]


# The place -----------------------------------------------------------------------------------------------------------


def test_a_place_that_holds_a_run(refused_and_nothing_written, tiny, run_copy):
    wrong, remedy = refused_and_nothing_written(*tiny, "--out", run_copy)
    assert wrong == f"{run_copy} already holds a run."
    assert "--resume" in remedy and "--overwrite" in remedy


def test_a_text_that_the_run_would_write_over(refused_and_nothing_written, tiny, run_copy):
    wrong, _ = refused_and_nothing_written(*tiny, "--text", run_copy / "log.jsonl", "--out", run_copy, "--overwrite")
    assert wrong == f"{run_copy} holds the text."


def test_a_place_that_is_a_file(refused_and_nothing_written, tiny, tmp_path):
    (tmp_path / "file").touch()
    for flag in ([], ["--overwrite"]):
        assert "is a file, not a folder" in refused_and_nothing_written(*tiny, "--out", tmp_path / "file", *flag)[0]
        refused_and_nothing_written(*tiny, "--out", tmp_path / "file" / "below", *flag)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc takes no folders, not even from root")
def test_a_place_that_cannot_be_written(refused_and_nothing_written, tiny):
    assert "Cannot write /proc/run" in refused_and_nothing_written(*tiny, "--out=/proc/run")[0]


@pytest.mark.parametrize("after", range(8))  # two for a file: its content, and its name
def test_a_disk_that_is_full_before_the_run_begins(refused_and_nothing_written, tiny, full_disk, after):
    with full_disk(after):
        assert "No space left on device" in refused_and_nothing_written(*tiny, "--out=deep/run")[0]


def test_a_disk_that_fills_up_while_training(call, tiny, plain, full_disk):
    """The checkpoint of step 0 is kept, and the run goes on from it once there is room."""
    with full_disk(after=13):  # of six files content and name, and the names of the run that begins
        code, _, err = call(*tiny, "--out=run")
    wrong, remedy = err.splitlines()[-2:]
    assert code == 2 and "Cannot write run/model.safetensors: No space left" in wrong and "Free some space" in remedy
    assert call("pretrain", "--resume", "--out=run")[0] == 0


def test_a_gpu_where_there_is_none(refused_and_nothing_written, tiny, finished_run):
    try:
        choose_device("gpu")
    except InputError:
        pass
    else:
        pytest.skip("this machine has a GPU")
    for argv in ([*tiny, "--out=run"], ["generate", "--checkpoint", finished_run]):
        wrong, remedy = refused_and_nothing_written(*argv, "--device=gpu")
        assert wrong.startswith("No GPU can be used: ") and "--device cpu" in remedy


def test_a_machine_with_too_little_memory(refused_and_nothing_written, tiny, run_copy, monkeypatch):
    monkeypatch.setattr("minillm.training.memory.physical_memory", lambda: 100_000)
    for argv in (
        [*tiny, "--out=run"],
        [*tiny, "--out", run_copy, "--overwrite"],
        ["pretrain", "--resume", "--out", run_copy],
    ):
        assert "This needs at least 0.0 GB for the model" in refused_and_nothing_written(*argv)[0]


# Resuming ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "wrong"),
    [
        (["--d-model=32"], "This run has d_model 16, and --resume cannot change it to 32."),
        (["--layers=3"], "This run has layers 2"),
        (["--lr=0.5"], "This run has lr 0.008"),
        (["--seed=7"], "This run has seed 0"),
        (["--untied"], "This run has tie_head True"),
        (["--window=8"], "This run has window 0, and --resume cannot change it to 8."),
        (["--kv-heads=1"], "This run has kv_heads 2, and --resume cannot change it to 1."),
        (["--tokenizer=bpe"], "This run has tokenizer char, and --resume cannot change it to bpe."),
        (["--preset=full"], "This run has layers 2, and --resume cannot change it to 6."),
        (["--merges=7"], "This run has merges 0, and --resume cannot change it to 7."),
        (["--steps=5"], "This run has done 40 steps, and cannot end at 5."),
        (["--steps=0"], "--steps must be"),
        (["--eval-every=-5"], "--eval-every must be"),
        (["--stop-at=20"], "This run has done 40 steps, and cannot stop at 20."),
        (["--stop-at=-1"], "--stop-at must be at least 1, got -1."),
        (["--stop-at=soon"], "Argument --stop-at: invalid int value: 'soon'."),
    ],
    ids=str,
)
def test_resuming_with_what_cannot_change(refused_and_nothing_written, run_copy, argv, wrong):
    said = refused_and_nothing_written("pretrain", "--resume", "--out", run_copy, *argv)[0]
    assert said.startswith(wrong)


def test_the_option_to_leave_out_is_named_as_it_is_written(refused_and_nothing_written, run_copy):
    for flag in ("--untied", "--no-bias"):
        remedy = refused_and_nothing_written("pretrain", "--resume", "--out", run_copy, flag)[1]
        assert remedy.startswith(f"Leave {flag} out")


@pytest.mark.parametrize(
    "argv", [["pretrain", "--text="], ["pretrain", "--out="], ["generate", "--checkpoint="]], ids=str
)
def test_an_empty_name(refused_and_nothing_written, argv):
    wrong, _ = refused_and_nothing_written(*argv)
    assert wrong == f"{argv[1][:-1]} is empty."


@pytest.mark.parametrize(
    "argv",
    [
        ["web", "--out="],
        ["site", "--to="],
        ["one-file", "--out="],
        ["lesson", "01", "--out="],
        ["check", "01", "--folder="],
    ],
)
def test_an_empty_name_is_not_the_folder_that_one_is_in(refused_and_nothing_written, argv):
    assert refused_and_nothing_written(*argv) == ("The name of a file or folder is empty.", "Give it a value.")


def test_resuming_what_is_not_there(refused_and_nothing_written, run_copy, tmp_path):
    assert "which run" in refused_and_nothing_written("pretrain", "--resume")[0]
    (tmp_path / "file").touch()
    for place in (tmp_path / "nowhere", tmp_path, tmp_path / "file"):
        assert "holds no run to resume" in refused_and_nothing_written("pretrain", "--resume", "--out", place)[0]
    for name in ("trainer.json", "trainer.safetensors"):
        (run_copy / name).unlink()
        assert "no run to resume" in refused_and_nothing_written("pretrain", "--resume", "--out", run_copy)[0]


def test_resuming_on_another_text(refused_and_nothing_written, run_copy, text_file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text(encoding="utf-8") + " and", encoding="utf-8")
    said = refused_and_nothing_written("pretrain", "--resume", "--out", run_copy, "--text", other)
    assert "does not hold what this run began with" in said[0]


def change(name, **values):
    def damage(run):
        content = json.loads((run / name).read_text(encoding="utf-8"))
        (run / name).write_text(json.dumps(content | values), encoding="utf-8")

    return damage


def retype(run):
    arrays = load_file(run / "trainer.safetensors")
    save_file({name: array.astype("float16") for name, array in arrays.items()}, run / "trainer.safetensors")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("trainer.json", lambda run: (run / "trainer.json").write_text("{", encoding="utf-8")),
        ("trainer.json", change("trainer.json", options=None)),
        ("trainer.json", change("trainer.json", text={})),
        ("trainer.safetensors", lambda run: os.truncate(run / "trainer.safetensors", 5000)),
        ("trainer.safetensors", retype),
        ("trainer.safetensors", change("config.json", d_ff=32)),
        ("config.json", change("config.json", extra=1)),
        ("config.json", change("config.json", layers=2.0)),
        ("tokenizer.json", lambda run: (run / "tokenizer.json").write_text("{}", encoding="utf-8")),
        ("tokenizer.json", change("tokenizer.json", characters="abc")),
    ],
)
def test_resuming_a_damaged_run(refused_and_nothing_written, run_copy, file, damage):
    damage(run_copy)
    assert file in refused_and_nothing_written("pretrain", "--resume", "--out", run_copy)[0]


# Using a checkpoint ---------------------------------------------------------------------------------------------------

USES = {"generate": ["generate"], "attention": ["attention", "--text=the", "--out=map.png"]}


def drop(name):
    return lambda run: (run / name).unlink()


def poison(run):
    arrays = load_file(run / "model.safetensors")
    arrays["embedding.weight"][0, 0] = float("nan")
    save_file(arrays, run / "model.safetensors")


DAMAGE = {
    "no config": ("config.json", drop("config.json")),
    "no weights": ("model.safetensors", drop("model.safetensors")),
    "no tokenizer": ("tokenizer.json", drop("tokenizer.json")),
    "weights cut short": ("model.safetensors", lambda run: os.truncate(run / "model.safetensors", 20_000)),
    "not finite": ("not finite", poison),
    "of another config": ("model.safetensors", change("config.json", context=8)),
    "config with heads that do not divide": ("config.json", change("config.json", heads=3)),
    "config with null": ("config.json", change("config.json", d_model=None)),
    "another tokenizer": ("tokenizer.json", change("tokenizer.json", characters="abcdefghijklmnopqrstuvwxyz ")),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint(refused_and_nothing_written, run_copy, use, damage):
    words, break_it = DAMAGE[damage]
    break_it(run_copy)
    assert words in refused_and_nothing_written(*USES[use], "--checkpoint", run_copy)[0]


@pytest.mark.parametrize("use", USES)
def test_no_checkpoint(refused_and_nothing_written, tmp_path, use):
    wrong, remedy = refused_and_nothing_written(*USES[use], "--checkpoint", tmp_path / "nowhere")
    assert wrong.startswith("There is no checkpoint") and "-m minillm pretrain" in remedy


@pytest.mark.parametrize(
    ("argv", "wrong"),
    [
        (["--prompt="], "--prompt is empty."),
        (["--prompt=the Zebra"], "The character 'Z' (U+005A) at position 4"),
        (["--prompt=我"], "The character '我'"),
        (["--top-k=0"], "top-k must be at least 1, got 0."),
        (["--top-k=-2"], "top-k must be at least 1, got -2."),
        (["--top-p=2"], "top-p must lie in (0, 1], got 2.0."),
        (["--top-p=0"], "top-p must lie"),
        (["--top-p=nan"], "top-p must lie"),
        (["--temperature", "-1"], "The temperature must be 0 or more, got -1.0."),
        (["--temperature=nan"], "The temperature must be 0 or more, got nan."),
        (["--temperature=inf"], "The temperature must be 0 or more, got inf."),
        (["--max-tokens=0"], "--max-tokens must be at least 1, got 0."),
        (["--seed=-1"], "--seed must be 0 or more, got -1."),
    ],
    ids=str,
)
def test_generating_with_what_means_nothing(refused_and_nothing_written, finished_run, argv, wrong):
    said = refused_and_nothing_written("generate", "--checkpoint", finished_run, *argv)[0]
    assert wrong in said


@pytest.mark.parametrize(
    ("argv", "makes"),
    [
        (["generate", "--prompt=a"], "pretrain"),
        (["classify", "--text=a"], "finetune"),
        (["translate", "--text=a"], "finetune --task translate"),
        (["summarise", "--text=a"], "finetune --task summarise"),
        (["answer", "--context=x", "--question=a"], "finetune --task answer"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else each,
)
def test_where_there_is_no_model_the_command_that_makes_one_is_named(refused, argv, makes):
    wrong, remedy = refused(*argv, "--checkpoint=nowhere")
    assert wrong == "There is no checkpoint nowhere." and f"-m minillm {makes} --" in remedy


@pytest.mark.parametrize(
    "option", ["steps=0", "eval-every=0", "lr-floor=2", "weight-decay=-1", "beta1=1", "eval-batches=0"]
)
def test_a_value_that_cannot_be_is_told_with_its_option(refused, tiny, option):
    wrong, _ = refused(*tiny, f"--{option}", "--out=run")
    assert wrong.startswith(f"--{option.split('=')[0]} must ")
