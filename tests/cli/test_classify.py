"""classify: the label of a text, with what the model believes of all of them."""

import io
import json
import sys

import numpy as np
import pytest

from minillm.cli import main
from minillm.finetuning import load_classifier
from minillm.models import ClassifierConfig, EncoderConfig, SequenceClassifier
from minillm.models.huggingface import save_pretrained


@pytest.fixture(scope="module")
def classifier_run(finished_run, labelled, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "classifier"
    argv = ["finetune", f"--checkpoint={finished_run}", f"--data={labelled}", f"--out={directory}"]
    assert main([*argv, "--steps=60", "--lr=0.02", "--batch=8"]) == 0
    return directory


def read(line: str) -> tuple[str, dict[str, float]]:
    label, *rest = line.split("\t")
    return label, {name: float(p) for name, p in (part.rsplit(" ", 1) for part in rest)}


def test_a_text(call, classifier_run):
    for text, expected in (("a token learns", "praise"), ("the token learns", "blame")):
        code, out, err = call("classify", "--checkpoint", classifier_run, "--text", text)
        assert (code, err) == (0, "")
        label, probabilities = read(out.rstrip("\n"))
        assert label == expected == next(iter(probabilities)), "the likeliest first"
        assert set(probabilities) == {"praise", "blame"} and abs(sum(probabilities.values()) - 1) < 2e-3
        model, tokenizer = load_classifier(classifier_run)
        classes = model.labels
        logits, _ = model.forward(tokenizer.encode(text)[None])
        odds = np.exp(logits[0, 0] - logits[0, 1])
        assert probabilities[classes[0]] == pytest.approx(odds / (1 + odds), abs=1e-3)


def test_lines_of_standard_input(call, classifier_run, monkeypatch):
    content = f"a token learns\nthe token\r\n\né the {'token ' * 9}\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    code, out, err = call("classify", "--checkpoint", classifier_run, "--text", "-")
    assert code == 0
    assert [read(line)[0] for line in out.splitlines()][:2] == ["praise", "blame"]
    assert len(out.splitlines()) == 4, "a line for each, even for an empty one"
    assert "1 text of more than 16 tokens cut" in err and "1 character that" in err


def test_what_cannot_be_classified(refused, classifier_run, finished_run, tmp_path):
    assert "knows no classes" in refused("classify", "--checkpoint", finished_run, "--text=a")[0]
    assert "no character of the text" in refused("classify", "--checkpoint", classifier_run, "--text=語")[0]
    assert "is empty" in refused("classify", "--checkpoint", classifier_run, "--text=")[0]
    assert "There is no checkpoint" in refused("classify", "--checkpoint=nowhere", "--text=a")[0]


@pytest.mark.parametrize("content", [None, b"{", b'["one"]', b'{"a": 1}', b"[1, 2]", b"\xff"])
def test_labels_that_are_missing_or_damaged(refused, classifier_run, tmp_path, content):
    for path in classifier_run.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "labels.json").unlink()
    if content is not None:
        (tmp_path / "labels.json").write_bytes(content)
    assert "labels.json" in refused("classify", "--checkpoint", tmp_path, "--text=a")[0]


def test_a_classifier_from_hugging_face(call, tmp_path):
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "token"]
    body = EncoderConfig(len(vocab) + 1, context=8, layers=1, heads=2, d_model=4)  # a padded vocabulary
    save_pretrained(SequenceClassifier(ClassifierConfig(body, pooler=True)), tmp_path, labels=["no", "yes"])
    (tmp_path / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["model_type"] == "bert"
    code, out, _ = call("classify", "--checkpoint", tmp_path, "--text=a token of what it can do in many words")
    assert code == 0 and set(read(out.rstrip("\n"))[1]) == {"no", "yes"}
