"""--tensorboard: event files that TensorBoard's own reader finds the log, the samples and the attention maps in."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from minillm.training import Run
from minillm.training.run import EVENTS
from tests.questions import questions, write_questions
from tests.words import WORDS

SHORT = ["--steps=2", "--eval-every=2", "--batch=4", "--tensorboard"]


@pytest.fixture
def read():
    """read(folder) -> the scalars, each a list of (step, value) by its tag, and the steps of the samples and of the images."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def curves(folder: Path) -> tuple[dict, list, list]:
        found = accumulator.EventAccumulator(str(folder)).Reload()
        tags = found.Tags()
        scalars = {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in tags["scalars"]}
        samples, images = found.Tensors("sample"), found.Images("attention")
        assert all(image.encoded_image_string.startswith(b"\x89PNG") and image.width for image in images)
        assert all(event.tensor_proto.string_val[0].startswith(b"    ") for event in samples), "verbatim in Markdown"
        return scalars, [event.step for event in samples], [event.step for event in images]

    return curves


def logged(folder: Path, name: str) -> list:
    return [(entry["step"], pytest.approx(entry[name])) for entry in Run(folder).read_log() if name in entry]


def assert_as_logged(folder: Path, curves: dict) -> None:
    for tag, name in {
        "loss/train": "loss",
        "loss/validation": "validation",
        "learning_rate": "lr",
        "gradient_norm": "grad_norm",
    }.items():
        assert curves[tag] == logged(folder, name), tag


def test_the_curves_are_those_of_the_log(call, tiny, tmp_path, read):
    assert call(*tiny, "--tensorboard", "--out", tmp_path / "run")[0] == 0
    curves, samples, images = read(tmp_path / "run")
    assert_as_logged(tmp_path / "run", curves)
    assert samples == images == [0, 20, 40]
    assert [step for step, _ in curves["tokens_per_second"]] == [10, 20, 30, 40]
    assert all(speed > 0 for _, speed in curves["tokens_per_second"])


def test_a_run_that_was_killed_and_goes_on_has_no_step_twice(call, tiny, tmp_path, read, monkeypatch):
    image = {"encoded_image_string": b"\x89PNG", "width": 1, "height": 1}
    monkeypatch.setattr("minillm.cli.tensorboard.attention_image", lambda job: image)
    run, again = tmp_path / "run", ["pretrain", "--resume", "--tensorboard", "--out", tmp_path / "run"]
    assert call(*tiny, "--tensorboard", "--out", run, "--stop-at=20")[0] == 0
    shutil.copytree(run, tmp_path / "saved")
    assert call(*again, "--stop-at=35")[0] == 0
    shutil.copy(tmp_path / "saved/trainer.safetensors", run)  # as if it had been killed before it saved again
    assert call(*again)[0] == 0
    curves, samples, images = read(run)
    assert_as_logged(run, curves)
    assert samples == images == [0, 20, 40]


@pytest.mark.parametrize("kind", ["classify", "adapters", "translate", "answer", "pairs", "rewards"])
def test_every_training_command_has_it(kind, call, tmp_path, read, tiny, finished_run, masked_run, labelled):
    pairs, preferred = tmp_path / "pairs.tsv", tmp_path / "pairs.jsonl"
    pairs.write_text("".join(f"{i} cats\tthere are {i}\n" for i in range(30)), encoding="utf-8")
    lines = [json.dumps({"prompt": WORDS[0], "chosen": WORDS[1], "rejected": WORDS[2]}) for _ in range(20)]
    preferred.write_text("\n".join(lines), encoding="utf-8")
    squad = write_questions(tmp_path / "squad.json", questions(20))
    sizes = ["--layers=1", "--heads=2", "--d-model=16", "--merges=20"]
    lines_run = tmp_path / "lines"
    assert kind != "rewards" or call(*tiny, "--text", labelled, "--steps=1", "--out", lines_run)[0] == 0
    answers = ["--prompt-tokens=4", "--answer-tokens=8", "--group=2"]
    command = {
        "classify": ["finetune", "--checkpoint", finished_run, "--data", labelled],
        "adapters": ["finetune", "--checkpoint", finished_run, "--data", labelled, "--lora=2"],
        "translate": ["finetune", "--task=translate", "--data", pairs, *sizes],
        "answer": ["finetune", "--task=answer", "--checkpoint", masked_run, "--data", squad],
        "pairs": ["align", "--checkpoint", finished_run, "--pairs", preferred],
        "rewards": ["align", "--checkpoint", lines_run, "--reward=length:5", *answers],
    }[kind]
    code, _, err = call(*command, *SHORT, "--out", tmp_path / "run")
    assert code == 0, err
    curves, samples, images = read(tmp_path / "run")
    assert_as_logged(tmp_path / "run", curves)
    assert samples == images == [0, 2], err


def test_without_the_package_nothing_is_begun(refused, tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "tensorboard.summary.writer.record_writer", raising=False)
    wrong, remedy = refused(*tiny, "--tensorboard", "--out", tmp_path / "run")
    assert "not installed" in wrong and "pip install tensorboard" in remedy and "--tensorboard" in remedy
    assert not (tmp_path / "run").exists()


def test_where_nothing_trains_there_is_nothing_to_write(refused, finished_run, labelled, tmp_path):
    given = ["finetune", "--checkpoint", finished_run, "--data", labelled, "--freeze=body", "--tensorboard"]
    assert "--tensorboard" in refused(*given, "--out", tmp_path / "run")[0]


def test_a_run_that_is_replaced_leaves_no_curves_and_other_programs_keep_theirs(call, tiny, tmp_path):
    run = tmp_path / "run"
    assert call(*tiny, "--steps=1", "--out", run)[0] == 0
    old, other = run / EVENTS.replace("*", "1"), run / "events.out.tfevents.2.torch"
    for path in (old, other):
        path.write_bytes(b"")
    assert call(*tiny, "--steps=1", "--overwrite", "--out", run)[0] == 0
    assert other.exists() and not old.exists()
