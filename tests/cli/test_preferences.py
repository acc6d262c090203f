"""Pretraining with preferences through the command line: six objectives, stopped and resumed, used, and asked for nonsense."""

import json
from pathlib import Path

import numpy as np
import pytest

from minillm.models import GPT
from minillm.text.control_tokens import BAD, GOOD
from minillm.training import load

PREFERENCES = ("mle", "filtering", "conditional", "unlikelihood", "rwr", "awr")
SMALL = ["--preset=tiny", "--layers=1", "--d-model=16", "--context=16", "--batch=4", "--steps=6", "--eval-every=3"]


@pytest.fixture(scope="module")
def poems(tmp_path_factory) -> Path:
    """Sixty documents of four lines; the word bad comes in a third of the lines, in some documents more often."""
    rng = np.random.default_rng(0)
    lines = [[f"line {i} {'bad' if rng.random() < i % 3 / 3 else 'fine'}" for _ in range(4)] for i in range(60)]
    path = tmp_path_factory.mktemp("text") / "poems.txt"
    path.write_text("\n\n".join("\n".join(document) for document in lines) + "\n", encoding="utf-8")
    path.with_name("words.txt").write_text("bad\nworse\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def arguments(poems) -> list[str]:
    return ["pretrain", *SMALL, f"--text={poems}", f"--reward=words:{poems.with_name('words.txt')}"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory, arguments) -> dict[str, Path]:
    """A finished run of each objective."""
    from minillm.cli import main

    folder = tmp_path_factory.mktemp("runs")
    for name in PREFERENCES:
        assert main([*arguments, f"--preference={name}", f"--out={folder / name}"]) == 0
    return {name: folder / name for name in PREFERENCES}


@pytest.mark.parametrize("name", PREFERENCES)
def test_what_is_left_is_a_gpt_that_writes(name, runs, call):
    model, tokenizer = load(runs[name])
    assert type(model) is GPT
    assert (GOOD in tokenizer.special_tokens and BAD in tokenizer.special_tokens) == (name == "conditional")
    code, out, _ = call("generate", "--checkpoint", runs[name], "--prompt", "line", "--max-tokens", 9)
    assert code == 0 and out.startswith("line")


@pytest.mark.parametrize("name", PREFERENCES)
def test_stopped_and_resumed_is_never_stopped(name, runs, arguments, call, tmp_path):
    assert call(*arguments, f"--preference={name}", "--stop-at=2", "--out", tmp_path / "run")[0] == 0
    assert call("pretrain", "--resume", "--out", tmp_path / "run")[0] == 0
    for file in ("model.safetensors", "log.jsonl"):
        assert (tmp_path / "run" / file).read_bytes() == (runs[name] / file).read_bytes(), file


def test_they_learn_different_things_from_the_same_start(runs):
    weights = {name: load(run)[0].vector.data for name, run in runs.items() if name != "conditional"}
    for one, other in zip(list(weights)[:-1], list(weights)[1:], strict=True):
        assert not np.array_equal(weights[one], weights[other]), (one, other)
    logs = [json.loads((run / "log.jsonl").read_text(encoding="utf-8").splitlines()[0]) for run in runs.values()]
    losses = [entry["validation"] for entry in logs if "validation" in entry]
    assert len(losses) == 6 and len(set(losses[:2] + losses[3:])) == 1, "the same start, judged by the same good lines"


def test_a_run_says_how_much_is_bad(runs, arguments, call, tmp_path):
    _, _, err = call(*arguments, "--preference=filtering", "--stop-at=1", "--out", tmp_path / "run")
    assert "lines to train on, " in err and "% of them bad (reward below 0)" in err and "filtering keeps " in err


def test_the_standard_library_is_read_where_no_text_is_named(call, tmp_path, monkeypatch):
    monkeypatch.setattr("minillm.pretraining.preferences.python_library", lambda: ["a = 1\n" * 50] * 40)
    _, _, err = call("pretrain", *SMALL, "--preference=mle", "--out", tmp_path / "run", "--spoil=0.4")
    assert "Python's standard library" in err and "breaks" not in err
    bad = float(err.split("lines to train on, ")[1].split("%")[0])
    assert 25 < bad < 55
    facts = json.loads((tmp_path / "run" / "trainer.json").read_text(encoding="utf-8"))
    assert facts["text"]["chosen"]["spoil"] == 0.4
    assert call("pretrain", "--resume", "--steps=7", "--out", tmp_path / "run")[0] == 0


class TestBadInput:
    CASES = (
        (["--preference=mle", "--objective=masked"], "The preference mle guesses the next token"),
        (["--preference=ppo"], "ppo"),
        (["--reward=style"], "--reward means nothing to the objective causal"),
        (["--preference=mle", "--drop=0.1"], "--drop means nothing to the preference mle"),
        (["--preference=rwr", "--alpha=0.1"], "--alpha means nothing to the preference rwr"),
        (["--preference=mle", "--reward=kindness"], "There is no reward 'kindness'"),
        (["--preference=mle", "--spoil=0.1"], "--spoil puts faults into Python's own library"),
        (["--preference=conditional", "--drop=1"], "--drop must lie in [0, 1), got 1.0"),
        (["--preference=unlikelihood", "--alpha=-1"], "--alpha must lie in [0, 1], got -1.0"),
        (["--preference=rwr", "--beta=0"], "--beta must lie in (0, ∞), got 0.0"),
        (["--preference=awr", "--label-smoothing=0.1"], "smooths no labels"),
        (["--preference=mle", "--threshold=0.5"], "has a reward of 0.5 or more"),
        (["--preference=filtering", "--reward=personal"], "have the same reward"),
    )

    @pytest.mark.parametrize(
        ("options", "wrong"), CASES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
    )
    def test_options(self, options, wrong, refused, poems, snapshot, tmp_path):
        before = snapshot(tmp_path)
        assert wrong in refused("pretrain", *SMALL, f"--text={poems}", *options, "--out", tmp_path / "run")[0]
        assert snapshot(tmp_path) == before

    def test_too_much_spoiled(self, refused, tmp_path):
        wrong, _ = refused("pretrain", *SMALL, "--preference=mle", "--spoil=0.6", "--out", tmp_path / "run")
        assert wrong == "--spoil must lie in [0, 0.5], got 0.6."

    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            ("return [float('nan')] * len(lines)", "gave nan for text 1, 'line 0"),
            ("return [0.0]", "gave 1 scores for"),
            ("return 1 / 0", "failed with ZeroDivisionError"),
        ],
    )
    def test_a_function_of_the_users_own(self, body, wrong, refused, poems, tmp_path):
        (tmp_path / "mine.py").write_text(f"def score(lines):\n    {body}\n", encoding="utf-8")
        options = ["--preference=rwr", f"--reward={tmp_path / 'mine.py'}:score", "--out", tmp_path / "run"]
        assert wrong in refused("pretrain", *SMALL, f"--text={poems}", *options)[0]

    def test_the_name_of_a_control_token_in_the_text(self, call, poems, tmp_path):
        text = poems.read_text(encoding="utf-8").splitlines()
        text[6] += " <|good|>"
        (tmp_path / "text.txt").write_text("\n".join(text), encoding="utf-8")
        given = [
            "--text",
            tmp_path / "text.txt",
            "--preference=conditional",
            f"--reward=words:{poems.with_name('words.txt')}",
        ]
        assert call("pretrain", *SMALL, *given, "--out", tmp_path / "run")[0] == 0

    def test_one_document(self, refused, tmp_path):
        (tmp_path / "text.txt").write_text("a line\n" * 99, encoding="utf-8")
        given = ["--text", tmp_path / "text.txt", "--preference=mle", "--reward=length:6", "--out", tmp_path / "run"]
        assert "a single document" in refused("pretrain", *SMALL, *given)[0]
