"""What trainer.json and its like say is checked where it is read: what no run can have written is refused, and what is missing is said."""

import json
import logging
import os
import shutil
from pathlib import Path

import pytest

from minillm.cli import main
from tests.questions import questions, write_questions
from tests.words import WORDS

QUICK = ["--batch=4", "--steps=2", "--eval-every=2"]
SIZES = ["--layers=1", "--heads=2", "--d-model=8", "--context=32", "--workers=1", *QUICK]


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> Path:
    """A folder with a text in documents, labelled texts, pairs, and questions."""
    folder = tmp_path_factory.mktemp("texts")
    lines = [" ".join(WORDS[i % 7 : i % 7 + 3]) + "\n" * (i % 5 == 0) for i in range(80)]
    (folder / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    labelled = [f"{WORDS[i % 9]} {WORDS[i % 7]}\t{'good' if i % 2 else 'bad'}\n" for i in range(30)]
    (folder / "labelled.tsv").write_text("".join(labelled), encoding="utf-8")
    (folder / "dev.tsv").write_text("".join(f"the {line}" for line in labelled[:9]), encoding="utf-8")
    pairs = [{"prompt": "the ", "chosen": "model"[: 1 + i % 4], "rejected": "a"} for i in range(12)]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
    write_questions(folder / "questions.json", questions(10))
    return folder


@pytest.fixture(scope="module")
def runs(texts, tmp_path_factory) -> Path:
    """A folder with a run of each command."""
    root = tmp_path_factory.mktemp("runs")
    pretrain = ["pretrain", f"--text={texts / 'text.txt'}", *SIZES]
    sampled = ["--reward=length:9", "--prompt-tokens=4", "--answer-tokens=4", "--group=2", *QUICK]
    checkpoint, masked = (f"--checkpoint={root / name}" for name in ("pretrain", "masked"))
    for name, argv in {
        "pretrain": pretrain,
        "masked": [*pretrain, "--objective=masked", "--merges=9"],
        "denoise": [*pretrain, "--objective=denoise", "--merges=9"],
        "preference": [*pretrain, "--preference=conditional", "--reward=length:9", "--threshold=-1"],
        "finetune": ["finetune", checkpoint, f"--data={texts / 'labelled.tsv'}", "--freeze=1", *QUICK],
        "translate": ["finetune", "--task=translate", f"--data={texts / 'labelled.tsv'}", "--merges=9", *SIZES],
        "developed": ["finetune", checkpoint, f"--data={texts / 'labelled.tsv'}", f"--dev={texts / 'dev.tsv'}", *QUICK],
        "answer": ["finetune", "--task=answer", masked, f"--data={texts / 'questions.json'}", *QUICK],
        "align": ["align", checkpoint, f"--pairs={texts / 'pairs.jsonl'}", *QUICK],
        "sampled": ["align", checkpoint, *sampled],
        "prompted": ["align", checkpoint, f"--prompts={texts / 'text.txt'}", *sampled],
    }.items():
        assert main([*argv, f"--out={root / name}"]) == 0
    return root


@pytest.fixture
def copied(runs, tmp_path):
    """copied(name) -> a copy of this run, to be damaged, and the arguments to go on with it."""

    def take(name) -> tuple[Path, list[str]]:
        run = Path(shutil.copytree(runs / name, tmp_path / name))
        commands = {
            "finetune": "finetune",
            "developed": "finetune",
            "translate": "finetune",
            "answer": "finetune",
            "align": "align",
            "sampled": "align",
        }
        command = commands.get(name, "align" if name == "prompted" else "pretrain")
        return run, [command, "--resume", "--steps=3", f"--out={run}"]

    return take


def edit(run, *path, value=..., file="trainer.json"):
    """Put a value at this place of a JSON file; ... takes it away."""
    content = json.loads((run / file).read_text(encoding="utf-8"))
    holder = content
    for name in path[:-1]:
        holder = holder[name]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    (run / file).write_text(json.dumps(content), encoding="utf-8")


PLACES = {
    "pretrain": ["text.name", "text.source", "text.sha256", "text.prompt", "text.chosen", "options.steps", "options.minutes"],
    "masked": ["text.chosen.objective", "text.chosen.context", "text.chosen.rate", "text.chosen.whole_words", "text.chosen.line_by_line"],
    "denoise": ["text.chosen.noise", "text.chosen.rate", "options.schedule", "options.eval_batches", "options.clip"],
    "preference": [f"text.chosen.{name}" for name in ("preference", "reward", "reward_sha256", "threshold", "spoil", "drop")],
    "finetune": [f"text.chosen.{name}" for name in ("objective", "freeze", "lora", "dev")],
    "translate": [f"text.chosen.{name}" for name in ("objective", "task", "checkpoint", "dev", "context")],
    "answer": [f"text.chosen.{name}" for name in ("objective", "checkpoint", "dev", "init", "dropout")],
    "align": [f"text.chosen.{name}" for name in ("objective", "method", "checkpoint", "beta", "label_smoothing")],
    "sampled": [
        f"text.chosen.{name}"
        for name in ("group", "updates", "answer_tokens", "prompt_tokens", "kl_weight", "kl_budget", "prompts", "reward", "reward_sha256")
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_a_value_of_another_type_is_refused(copied, refused, name):
    run, resume = copied(name)
    before = (run / "trainer.json").read_text(encoding="utf-8")
    for place in PLACES[name]:
        for value in ([], {}, 10**400, "a\0b"):
            edit(run, *place.split("."), value=value)
            refused(*resume)
            (run / "trainer.json").write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("pretrain", "text.name", "\ud800"),
        ("pretrain", "text.source", "\ud800"),
        ("pretrain", "text.prompt", ...),
        ("pretrain", "text.chosen.context", 31),
        ("masked", "text.chosen.rate", 2.0),
        ("denoise", "text.chosen.noise", "loud"),
        ("preference", "text.chosen.drop", -1),
        ("preference", "text.chosen.threshold", float("nan")),
        ("finetune", "text.chosen.freeze", "all"),
        ("translate", "text.chosen.task", "answer"),
        ("translate", "text.chosen.task", ...),
        ("translate", "text.chosen.context", 1),
        ("answer", "text.chosen.init", ...),
        ("align", "text.chosen.beta", ...),
        ("align", "text.chosen.beta", 0),
        ("align", "text.chosen.method", "grpo"),
        ("sampled", "text.chosen.group", 1),
        ("sampled", "text.chosen.updates", 0),
        ("sampled", "text.chosen.answer_tokens", -1),
        ("sampled", "text.chosen.kl_weight", float("inf")),
        ("sampled", "text.chosen.method", "dpo"),
        ("sampled", "text.chosen.reward", None),
    ],
    ids=str,
)
def test_a_value_that_no_option_can_have_is_refused(copied, refused, name, place, value):
    run, resume = copied(name)
    edit(run, *place.split("."), value=value)
    refused(*resume)


@pytest.mark.parametrize("path", [("options", "zzz"), ("text", "zzz"), ("text", "chosen", "zzz")], ids=".".join)
@pytest.mark.parametrize("name", ["pretrain", "align"])
def test_what_a_later_version_may_mean_by_an_unknown_name_is_not_guessed(copied, refused, name, path):
    run, resume = copied(name)
    edit(run, *path, value=1)
    wrong, _ = refused(*resume)
    assert "zzz" in wrong and "trainer.json" in wrong


def test_an_option_that_an_earlier_version_did_not_write_is_said_and_taken(copied, call, caplog):
    run, resume = copied("masked")
    edit(run, "options", "accumulate")
    edit(run, "text", "chosen", "whole_words")
    with caplog.at_level(logging.WARNING):
        assert call(*resume)[0] == 0
    told = [record.getMessage() for record in caplog.records]
    assert f"{run / 'trainer.json'} does not say accumulate: it is 1" in told
    assert "the run does not say whole_words: it is False" in told


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("pretrain", "masked"),
        ("masked", "pretrain"),
        ("denoise", "masked"),
        ("finetune", "pretrain"),
        ("translate", "masked"),
        ("answer", "masked"),
        ("align", "masked"),
    ],
)
def test_a_model_of_another_kind_than_the_run_trains(copied, refused, runs, name, other):
    run, resume = copied(name)
    for file in ("config.json", "model.safetensors", "trainer.safetensors", "tokenizer.json"):
        shutil.copy(runs / other / file, run / file)
    said = " ".join(refused(*resume))
    assert "train" in said


def test_a_tokenizer_without_the_special_tokens_that_the_run_needs(copied, refused):
    for name, token in (("masked", "[MASK]"), ("preference", "<|good|>")):
        run, resume = copied(name)
        edit(run, "special_tokens", file="tokenizer.json", value=[f"x{i}" for i in range(4 if name == "masked" else 2)])
        assert "lacks the special token" in refused(*resume)[0] and token


@pytest.mark.parametrize("kind", [[], {}, None, 3, "rnn"], ids=str)
@pytest.mark.parametrize("name", ["pretrain", "finetune"])
def test_a_config_of_no_kind(copied, refused, name, kind):
    run, resume = copied(name)
    edit(run, *(["body", "kind"] if name == "finetune" else ["kind"]), file="config.json", value=kind)
    use = ["classify", "--text=the"] if name == "finetune" else ["generate"]
    for argv in (
        resume,
        [*use, f"--checkpoint={run}"],
        ["attention", "--text=the", "--out=x.png", f"--checkpoint={run}"],
    ):
        assert "config.json" in refused(*argv)[0]


# Where the data is -------------------------------------------------------------------------------------------------------


def test_a_text_outside_the_folder_is_told_before_it_is_read(copied, call, monkeypatch, texts, capsys):
    for name, source in (
        ("pretrain", "text.txt"),
        ("finetune", "labelled.tsv"),
        ("align", "pairs.jsonl"),
        ("prompted", "text.txt"),
    ):
        run, resume = copied(name)
        told = f"reads   {texts / source}, which {run / 'trainer.json'} names"
        assert told in call(*resume)[2].splitlines()

        def read(path, *args, told=told, **kwargs):
            assert told in capsys.readouterr().err
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", read)
            call(*resume)


def test_a_text_that_the_user_names_or_that_lies_in_the_folder_is_not_told(copied, call, texts):
    run, resume = copied("pretrain")
    assert "reads   " not in call(*resume, f"--text={texts / 'text.txt'}")[2]
    shutil.copy(texts / "text.txt", run / "text.txt")
    edit(run, "text", "source", value=str(run / "text.txt"))
    code, _, err = call(*resume)
    assert code == 0 and "reads   " not in err


MOVED = {
    "pretrain": ("text", ["text", "source"], "text.txt"),
    "masked": ("text", ["text", "source"], "text.txt"),
    "finetune": ("data", ["text", "source"], "labelled.tsv"),
    "translate": ("data", ["text", "source"], "labelled.tsv"),
    "answer": ("data", ["text", "source"], "questions.json"),
    "developed": ("dev", ["text", "chosen", "dev"], "dev.tsv"),
    "align": ("pairs", ["text", "source"], "pairs.jsonl"),
    "prompted": ("prompts", ["text", "chosen", "prompts"], "text.txt"),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_text_that_has_moved_is_asked_for_by_its_option_and_found_there(copied, call, refused, tmp_path, texts, name):
    option, path, file = MOVED[name]
    run, resume = copied(name)
    edit(run, *path, value=str(tmp_path / "lost.txt"))
    wrong, remedy = refused(*resume)
    assert wrong == f"{run / 'trainer.json'} names the text {tmp_path / 'lost.txt'}, which is not there any more."
    assert remedy.startswith(f"Give it again: --{option} FILE")
    other = tmp_path / "other.txt"
    other.write_text(
        (texts / file).read_text(encoding="utf-8").replace("the", "a model").replace("went", "goes"), encoding="utf-8"
    )
    refused(*resume, f"--{option}={other}")
    code, _, err = call(*resume, f"--{option}={texts / file}")
    assert code == 0, err


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices have no names here")
@pytest.mark.parametrize("name", ["pretrain", "finetune", "align", "prompted"])
def test_a_pipe_or_a_device_that_the_folder_names_is_not_read(copied, refused, tmp_path, name):
    run, resume = copied(name)
    os.mkfifo(tmp_path / "pipe")
    for source in (str(tmp_path / "pipe"), "/dev/null"):
        edit(run, *(["text", "chosen", "prompts"] if name == "prompted" else ["text", "source"]), value=source)
        wrong, remedy = refused(*resume)
        assert wrong == f"{run / 'trainer.json'} names the text {source}, which is no file."
        assert remedy.startswith("Give it again: --")


def test_a_text_without_its_folder_is_not_looked_for_here(copied, refused, texts):
    run, resume = copied("pretrain")
    shutil.copy(texts / "text.txt", "text.txt")
    edit(run, "text", "source", value="text.txt")
    assert "does not say in which folder" in refused(*resume)[0]


def test_no_other_text_becomes_the_prompts_of_a_new_run(copied, refused, tmp_path, texts):
    """A folder that somebody sent may name a private file as what its model was pretrained on."""
    model, _ = copied("pretrain")
    private = tmp_path / "private.txt"
    private.write_text((texts / "text.txt").read_text(encoding="utf-8") + "a\n", encoding="utf-8")
    edit(model, "text", "source", value=str(private))
    argv = [
        "align",
        f"--checkpoint={model}",
        "--reward=length:9",
        "--prompt-tokens=4",
        "--answer-tokens=4",
        "--group=2",
        *QUICK,
    ]
    wrong, remedy = refused(*argv, "--out=new")
    assert wrong == f"{texts / 'text.txt'} is not the text that {model} was pretrained on." and "--prompts" in remedy
    assert not Path("new").exists()
