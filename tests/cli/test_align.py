"""Alignment through the command line: each method begins, stops, goes on bit for bit, and is used; and what is refused."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from minillm.models import GPT, SequenceClassifier
from minillm.training import load
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
    assert type(load(tmp_path / "whole")[0]) is GPT
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
    model, _ = load(tmp_path / "reward")
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
    assert type(load(tmp_path / "whole")[0]) is GPT
    assert call(*given, "--out", tmp_path / "halves", "--stop-at=1")[0] == 0
    assert call("align", "--resume", "--out", tmp_path / "halves")[0] == 0
    assert_same(tmp_path / "whole", tmp_path / "halves")
    code, written, _ = call("generate", "--checkpoint", tmp_path / "whole", "--max-tokens=4")
    assert code == 0 and written


def test_prompts_and_answers_fit_a_short_context(lines_run, call, tmp_path):
    given = ["--checkpoint", lines_run, "--reward=length:4", "--batch=8", "--group=4", "--steps=1"]
    assert call("align", *given, "--out", tmp_path / "run")[0] == 0
    chosen = json.loads((tmp_path / "run" / "trainer.json").read_text(encoding="utf-8"))["text"]["chosen"]
    assert (chosen["prompt_tokens"], chosen["answer_tokens"]) == (8, 16)  # of 24


def test_groups_without_spread_are_counted_and_explained(lines_run, call, tmp_path):
    (tmp_path / "same.py").write_text("def same(texts):\n    return [0.5] * len(texts)\n", encoding="utf-8")
    given = ["--checkpoint", lines_run, f"--reward={tmp_path / 'same.py'}:same", "--method=grpo", *SAMPLED]
    code, _, err = call("align", *given, "--out", tmp_path / "run")
    assert code == 0
    assert re.search(
        r"(\d+) of \1 groups of answers to learn from had one and the same reward, and taught nothing", err
    )
    code, out, _ = call("explain", tmp_path / "run")
    assert code == 0 and "cause   the reward does not tell the model's answers apart" in out
    assert "mean reward at the end: 0.500" in out


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
    (["--reward=style", "--batch=1000000000000", *SHORT], "GB for a batch, and this machine has"),
    (["--pairs=PAIRS", "--batch=1000000000000"], "GB for a batch and 0.0 GB for the pairs, and this machine has"),
    (["--pairs=PAIRS", "--method=kto", "--batch=1000000000000"], "GB for a batch and 0.0 GB for the pairs, and"),
    (["--pairs=PAIRS", "--method=reward", "--batch=1000000000000"], "GB for a batch and 0.0 GB for the pairs, and"),
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
        ("{", "is no JSON"),
        ('{"prompt": "a", "chosen": "b"}', "has no 'rejected'"),
        ('{"prompt": "a", "chosen": "b", "rejected": "b"}', "has the same answer twice"),
        (
            '{"prompt": "", "chosen": "%s", "rejected": " "}' % (WORDS[0][0] * 60),
            "has 60 tokens to read, and the model sees 24",
        ),
        ('{"prompt": "\\ud800", "chosen": "a", "rejected": "b"}', "half of a surrogate pair"),
        ('{"prompt": "a", "chosen": "☃", "rejected": "b"}', "The character '☃'"),
    ],
)
def test_a_bad_pair_is_named(line, wrong, refused, pairs, lines_run, tmp_path):
    lines = pairs.read_text(encoding="utf-8").splitlines()
    lines[2] = line
    (tmp_path / "bad.jsonl").write_text("\n".join(lines), encoding="utf-8")
    said, _ = refused("align", "--checkpoint", lines_run, "--pairs", tmp_path / "bad.jsonl", "--out", tmp_path / "run")
    assert said.startswith("Line 3 of ") and wrong in said and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("body", "wrong"), [("[float('nan')] * len(texts)", "gave nan for text 1"), ("[0]", "gave 1 scores")]
)
def test_a_reward_of_the_users_own_that_goes_wrong(body, wrong, refused, lines_run, tmp_path):
    (tmp_path / "mine.py").write_text(f"def score(texts):\n    return {body}\n", encoding="utf-8")
    given = ["--checkpoint", lines_run, f"--reward={tmp_path / 'mine.py'}:score", *SAMPLED]
    assert wrong in refused("align", *given, "--out", tmp_path / "run")[0] and not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def other_run(tiny, tmp_path_factory) -> Path:
    """A GPT of the same sizes as `finished_run`, with other weights."""
    from minillm.cli import main

    directory = tmp_path_factory.mktemp("other") / "run"
    assert main([*tiny, "--seed=1", f"--out={directory}"]) == 0
    return directory


@pytest.fixture(scope="module")
def other_pairs(pairs, tmp_path_factory) -> Path:
    """As many pairs as in `pairs`, the other way round and in another order."""
    records = [json.loads(line) for line in pairs.read_text(encoding="utf-8").splitlines()][::-1]
    path = tmp_path_factory.mktemp("other") / "pairs.jsonl"
    swapped = [record | {"chosen": record["rejected"], "rejected": record["chosen"]} for record in records]
    path.write_text("\n".join(map(json.dumps, swapped)), encoding="utf-8")
    return path


@pytest.mark.parametrize("method", [*OFFLINE, "reward"])
def test_what_lies_in_a_folder_has_no_say_in_the_run_that_replaces_it(
    method, finished_run, other_run, pairs, other_pairs, call, tmp_path
):
    given = ["align", "--method", method, *QUICK, "--workers=1"]
    call(*given, "--checkpoint", other_run, "--pairs", other_pairs, "--out", tmp_path / "again")
    for folder in ("fresh", "again"):
        new = [*given, "--checkpoint", finished_run, "--pairs", pairs, "--overwrite", "--out", tmp_path / folder]
        assert call(*new)[0] == 0
    assert_same(tmp_path / "fresh", tmp_path / "again")
    kept = {path.name for path in (tmp_path / "fresh").iterdir()}
    assert {path.name for path in (tmp_path / "again").iterdir()} == kept
    assert ("reference.safetensors" in kept) == (method != "reward")
    assert call("align", "--resume", "--steps=8", "--out", tmp_path / "again")[0] == 0
    assert (
        call(*given, "--checkpoint", finished_run, "--pairs", pairs, "--overwrite", "--out", tmp_path / "again")[0] == 0
    )
    assert_same(tmp_path / "fresh", tmp_path / "again")


def test_a_run_of_answers_of_its_own_that_replaces_another(finished_run, lines_run, call, tmp_path):
    given = ["align", "--checkpoint", lines_run, "--reward=length:4", *SAMPLED]
    call(*given, "--method=ppo", "--seed=5", "--out", tmp_path / "again")
    call("align", "--resume", "--steps=5", "--out", tmp_path / "again")  # its weights are no longer the reference's
    for folder in ("fresh", "again"):
        assert call(*given, "--overwrite", "--out", tmp_path / folder)[0] == 0
    assert_same(tmp_path / "fresh", tmp_path / "again")
    kept = [(tmp_path / folder / "reference.safetensors").read_bytes() for folder in ("fresh", "again")]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("needed", ["checkpoint", "reward", "pairs", "prompts", "words"])
def test_what_a_run_needs_is_never_what_it_replaces(needed, lines_run, pairs, call, refused, snapshot, tmp_path):
    out = Path(shutil.copytree(lines_run, tmp_path / "run"))
    (tmp_path / "link").symlink_to(out)
    given = {"checkpoint": lines_run, "reward": "length:4"}
    if needed == "reward":
        call(
            "align", "--checkpoint", lines_run, "--pairs", pairs, "--method=reward", *QUICK, "--overwrite", "--out", out
        )
    if needed == "pairs":
        given = {"checkpoint": lines_run}
        shutil.copy(pairs, out / "log.jsonl")  # a name that the new run would write over
    places = {"checkpoint": "link", "reward": "link", "pairs": "link/log.jsonl", "prompts": "link/config.json"}
    given |= {"reward": f"words:{out / 'log.jsonl'}"} if needed == "words" else {needed: tmp_path / places[needed]}
    before = snapshot(out)
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    wrong, remedy = refused("align", *options, *SHORT, "--overwrite", "--out", out)
    assert wrong.startswith(f"{out} holds the ") and remedy == "Choose another --out."
    assert snapshot(out) == before


def test_pairs_of_the_users_own_in_the_folder_stay(finished_run, pairs, call, tmp_path):
    (tmp_path / "run").mkdir()
    shutil.copy(pairs, tmp_path / "run" / "pairs.jsonl")
    given = ["--checkpoint", finished_run, "--pairs", tmp_path / "run" / "pairs.jsonl", *QUICK]
    for _ in range(2):
        assert call("align", *given, "--overwrite", "--out", tmp_path / "run")[0] == 0
    assert (tmp_path / "run" / "pairs.jsonl").read_bytes() == pairs.read_bytes()


@pytest.mark.parametrize(
    ("method", "damage", "wrong"),
    [
        ("dpo", "other pairs", "the fingerprint of its pairs is another"),
        ("dpo", "other model", "the fingerprint of its model is another"),
        ("dpo", "gone", "which this run began with"),
        ("grpo", "other model", "the fingerprint of its model is another"),
        ("grpo", "one weight", "its weights have changed"),
    ],
)
def test_a_reference_that_is_not_the_runs_own(
    method, damage, wrong, lines_run, finished_run, other_run, pairs, other_pairs, call, refused, snapshot, tmp_path
):
    """A file that was copied from another run, or changed: the training would go on, and come to something else."""

    def begin(out, checkpoint=finished_run, pairs=pairs):
        learned = ["--pairs", pairs] if method == "dpo" else ["--reward=length:4", "--prompts", text, *SHORT]
        batch = ["--batch=8", "--group=4"] if method == "grpo" else ["--batch=4"]
        given = ["--method", method, "--steps=2", "--stop-at=1", *batch, *learned]
        assert call("align", "--checkpoint", checkpoint, *given, "--out", out)[0] == 0
        return out / "reference.safetensors"

    text = tmp_path / "lines.txt"
    text.write_text("\n".join([" ".join(WORDS[:3])] * 30), encoding="utf-8")
    if method == "grpo":
        finished_run, other_run = lines_run, Path(shutil.copytree(lines_run, tmp_path / "other"))
        weights = load_file(other_run / "model.safetensors")
        weights["embedding.weight"][0, 0] += 1
        save_file(weights, other_run / "model.safetensors")
    kept = begin(tmp_path / "run", finished_run)
    if damage == "gone":
        kept.unlink()
    elif damage == "one weight":
        with safe_open(kept, framework="numpy") as file:
            metadata = file.metadata()
        weights = load_file(kept)
        weights["embedding.weight"][0, 0] += 1
        save_file(weights, kept, metadata)
    else:
        more = {"pairs": other_pairs} if damage == "other pairs" else {"checkpoint": other_run}
        shutil.copy(begin(tmp_path / "another", **more), kept)
    before = snapshot(tmp_path / "run")
    assert wrong in refused("align", "--resume", "--out", tmp_path / "run")[0]
    assert snapshot(tmp_path / "run") == before


@pytest.mark.parametrize("method", ["dpo", "grpo"])
def test_a_run_of_an_earlier_version_has_no_fingerprints(method, lines_run, pairs, call, tmp_path):
    learned = ["--pairs", pairs, *QUICK] if method == "dpo" else ["--reward=length:4", *SAMPLED]
    given = ["align", "--method", method, "--checkpoint", lines_run, *learned]
    call(*given, "--out", tmp_path / "whole")
    call(*given, "--stop-at=2", "--out", tmp_path / "halves")
    kept, trainer = (tmp_path / "halves" / name for name in ("reference.safetensors", "trainer.json"))
    save_file(load_file(kept), kept)
    facts = json.loads(trainer.read_text(encoding="utf-8"))
    del facts["text"]["reference"]
    trainer.write_text(json.dumps(facts), encoding="utf-8")
    assert call("align", "--resume", "--out", tmp_path / "halves")[0] == 0
    assert_same(tmp_path / "whole", tmp_path / "halves")


def test_other_pairs_on_resume(finished_run, pairs, call, refused, tmp_path):
    call("align", "--checkpoint", finished_run, "--pairs", pairs, *QUICK, "--stop-at=2", "--out", tmp_path / "run")
    lines = pairs.read_text(encoding="utf-8").splitlines()
    (tmp_path / "other.jsonl").write_text("\n".join(lines[:-1]), encoding="utf-8")
    given = ["--pairs", tmp_path / "other.jsonl", "--out", tmp_path / "run"]
    assert "does not hold what this run began with" in refused("align", "--resume", *given)[0]


def test_what_is_no_gpt_and_what_is_no_run_of_align(finished_run, pairs, refused, tmp_path):
    assert "that align did not begin" in refused("align", "--resume", "--out", finished_run)[0]
