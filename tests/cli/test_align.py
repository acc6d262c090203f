"""Alignment through the command line: each method begins, stops, goes on bit for bit, and is used; and what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from minillm.models import GPT, SequenceClassifier
from minillm.training import load_run
from tests.words import WORDS

OFFLINE = ("dpo", "robust", "hinge", "ipo", "kto", "orpo", "simpo")
QUICK = ["--batch=4", "--steps=6", "--eval-every=3"]
SHORT = ["--prompt-tokens=4", "--answer-tokens=8"]
SAMPLED = ["--batch=8", "--group=4", "--steps=4", "--eval-every=2", *SHORT]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    records = []
    while len(records) < 40:
        chosen, rejected = rng.choice(WORDS, 2)
        if chosen != rejected and max(len(chosen), len(rejected)) < 10:
            records.append({"prompt": f"{WORDS[0][:3]} ", "chosen": str(chosen), "rejected": str(rejected)})
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def lines_run(tmp_path_factory) -> Path:
    """A GPT that was pretrained on lines."""
    from minillm.cli import main

    folder = tmp_path_factory.mktemp("lines")
    (folder / "text.txt").write_text(
        "\n".join(" ".join(WORDS[i % 7 : i % 7 + 3]) for i in range(300)), encoding="utf-8"
    )
    sizes = ["--layers=1", "--heads=2", "--d-model=16", "--context=24", "--batch=4", "--steps=20", "--eval-every=20"]
    assert main(["pretrain", f"--text={folder / 'text.txt'}", *sizes, f"--out={folder / 'run'}"]) == 0
    return folder / "run"


def weights(run):
    return {name: load_file(run / name) for name in ("model.safetensors", "trainer.safetensors")}


def assert_same(one, other):
    for file, tensors in weights(one).items():
        for name, array in weights(other)[file].items():
            np.testing.assert_array_equal(tensors[name], array, err_msg=f"{file}: {name}")
    assert (one / "log.jsonl").read_bytes() == (other / "log.jsonl").read_bytes()


@pytest.mark.parametrize("method", OFFLINE)
def test_pairs(method, finished_run, pairs, call, tmp_path):
    given = ["align", "--checkpoint", finished_run, "--pairs", pairs, "--method", method, *QUICK]
    code, out, err = call(*given, "--out", tmp_path / "whole")
    assert code == 0 and "held-out pairs: " in out and "margin" in out, err
    assert ("ln 2 = 0.693" in err) == (method in ("dpo", "robust"))
    assert type(load_run(tmp_path / "whole")[0]) is GPT
    assert call(*given, "--out", tmp_path / "halves", "--stop-at=2")[0] == 0
    assert call("align", "--resume", "--out", tmp_path / "halves")[0] == 0
    assert_same(tmp_path / "whole", tmp_path / "halves")


def test_dpo_begins_at_ln_2(finished_run, pairs, call, tmp_path):
    _, _, err = call("align", "--checkpoint", finished_run, "--pairs", pairs, *QUICK, "--out", tmp_path / "run")
    assert re.search(r"step +0 .*validation loss 0\.693", err) and "50.0 % right, margin +0.000" in err
    first = json.loads((tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["validation"] == pytest.approx(np.log(2), abs=1e-6)


def test_the_conservative_form_is_another(finished_run, pairs, call, tmp_path):
    given = ["align", "--checkpoint", finished_run, "--pairs", pairs, *QUICK]
    call(*given, "--out", tmp_path / "plain")
    call(*given, "--label-smoothing=0.3", "--out", tmp_path / "conservative")
    losses = [(tmp_path / run / "log.jsonl").read_text(encoding="utf-8") for run in ("plain", "conservative")]
    assert losses[0] != losses[1]


def test_a_reward_model_and_learning_from_it(lines_run, pairs, call, refused, tmp_path):
    given = ["--checkpoint", lines_run, "--pairs", pairs, "--method=reward", *QUICK]
    code, out, err = call("align", *given, "--out", tmp_path / "reward")
    assert code == 0 and re.fullmatch(r"held-out pairs: \d+\.\d % right\n", out), err
    model, _ = load_run(tmp_path / "reward")
    assert isinstance(model, SequenceClassifier) and model.config.classes == 1
    assert "knows no classes" in refused("classify", "--checkpoint", tmp_path / "reward", "--text=a")[0]
    assert call("align", *given, "--stop-at=2", "--out", tmp_path / "halves")[0] == 0
    assert call("align", "--resume", "--out", tmp_path / "halves")[0] == 0
    assert_same(tmp_path / "reward", tmp_path / "halves")
    given = ["--checkpoint", lines_run, "--reward", tmp_path / "reward", "--method=reinforce", *SAMPLED]
    code, out, err = call("align", *given, "--out", tmp_path / "policy")
    assert code == 0 and "answers to held-out prompts: reward" in out, err


@pytest.mark.parametrize("method", ["reinforce", "ppo", "grpo"])
def test_answers_of_its_own(method, lines_run, call, tmp_path):
    given = ["align", "--checkpoint", lines_run, "--reward=length:4", "--method", method, *SAMPLED]
    code, out, err = call(*given, "--out", tmp_path / "whole")
    assert code == 0 and re.search(r"reward -0\.\d+, KL \d+\.\d+ nats an answer of \d+ tokens", out), err
    assert type(load_run(tmp_path / "whole")[0]) is GPT
    assert call(*given, "--out", tmp_path / "halves", "--stop-at=1")[0] == 0
    assert call("align", "--resume", "--out", tmp_path / "halves")[0] == 0
    assert_same(tmp_path / "whole", tmp_path / "halves")
    code, written, _ = call("generate", "--checkpoint", tmp_path / "whole", "--max-tokens=4")
    assert code == 0 and written


def test_a_budget(lines_run, call, tmp_path):
    given = ["--checkpoint", lines_run, "--reward=length:2", "--kl-budget=0.01", "--lr=0.05", *SAMPLED, "--steps=40"]
    code, _, err = call("align", *given, "--out", tmp_path / "run")
    assert code == 0 and "the KL is above the budget of 0.01 nats" in err
    assert (
        json.loads((tmp_path / "run" / "trainer.json").read_text(encoding="utf-8"))["text"]["chosen"]["kl_budget"]
        == 0.01
    )


REFUSED = (
    ([], "There is nothing to learn from."),
    (["--pairs=PAIRS", "--reward=style"], "--pairs has the answers"),
    (["--pairs=PAIRS", "--method=grpo"], "The method grpo learns from a reward."),
    (["--reward=style", "--method=dpo"], "The method dpo learns from pairs."),
    (["--pairs=PAIRS", "--prompts=x"], "--prompts means nothing to the method dpo."),
    (["--pairs=PAIRS", "--kl-weight=1"], "--kl-weight means nothing to the method dpo."),
    (["--pairs=PAIRS", "--beta=0"], "--beta must be finite and above 0, got 0.0."),
    (["--pairs=PAIRS", "--label-smoothing=0.5"], "--label-smoothing must lie in [0, 0.5), got 0.5."),
    (["--pairs=PAIRS", "--method=simpo", "--gamma=-1"], "--gamma must be finite and 0 or more, got -1.0."),
    (["--pairs=nowhere.jsonl"], "There is no file nowhere.jsonl."),
    (["--reward=style", "--batch=10"], "A batch of 10 answers does not fall into groups of 8."),
    (["--reward=style", "--workers=2"], "The method grpo works in one process"),
    (["--reward=style", "--answer-tokens=40"], "are more than the 24 tokens that the model sees at once."),
    (["--reward=charm", *SHORT], "There is no reward 'charm'."),
    (["--reward=LINES", *SHORT], "which gives no reward."),
)


@pytest.mark.parametrize(("options", "wrong"), REFUSED, ids=[" ".join(options) for options, _ in REFUSED])
def test_options(options, wrong, refused, pairs, lines_run, snapshot, tmp_path):
    before = snapshot(tmp_path)
    given = [option.replace("PAIRS", str(pairs)).replace("LINES", str(lines_run)) for option in options]
    assert wrong in refused("align", "--checkpoint", lines_run, *given, "--out", tmp_path / "run")[0]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{", "Line 3 of "),
        ('{"prompt": "a", "chosen": "b"}', "has no 'rejected'"),
        ('{"prompt": "a", "chosen": "b", "rejected": "b"}', "has the same answer twice"),
        ('{"prompt": "", "chosen": "%s", "rejected": " "}' % (WORDS[0][0] * 60), "Pair 3 has"),
        ('{"prompt": "a", "chosen": "☃", "rejected": "b"}', "Pair 3: The character '☃'"),
    ],
)
def test_a_bad_pair_is_named(line, wrong, refused, pairs, lines_run, tmp_path):
    lines = pairs.read_text(encoding="utf-8").splitlines()
    lines[2] = line
    (tmp_path / "bad.jsonl").write_text("\n".join(lines), encoding="utf-8")
    said, _ = refused("align", "--checkpoint", lines_run, "--pairs", tmp_path / "bad.jsonl", "--out", tmp_path / "run")
    assert wrong in said and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("body", "wrong"), [("[float('nan')] * len(texts)", "gave nan for text 1"), ("[0]", "gave 1 scores")]
)
def test_a_reward_of_the_users_own_that_goes_wrong(body, wrong, refused, lines_run, tmp_path):
    (tmp_path / "mine.py").write_text(f"def score(texts):\n    return {body}\n", encoding="utf-8")
    given = ["--checkpoint", lines_run, f"--reward={tmp_path / 'mine.py'}:score", *SAMPLED]
    assert wrong in refused("align", *given, "--out", tmp_path / "run")[0] and not (tmp_path / "run").exists()


def test_other_pairs_on_resume(finished_run, pairs, call, refused, tmp_path):
    call("align", "--checkpoint", finished_run, "--pairs", pairs, *QUICK, "--stop-at=2", "--out", tmp_path / "run")
    lines = pairs.read_text(encoding="utf-8").splitlines()
    (tmp_path / "other.jsonl").write_text("\n".join(lines[:-1]), encoding="utf-8")
    given = ["--pairs", tmp_path / "other.jsonl", "--out", tmp_path / "run"]
    assert "does not hold what this run began with" in refused("align", "--resume", *given)[0]


def test_what_is_no_gpt_and_what_is_no_run_of_align(finished_run, pairs, refused, tmp_path):
    assert "that align did not begin" in refused("align", "--resume", "--out", finished_run)[0]
