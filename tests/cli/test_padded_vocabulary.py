"""Models with more rows than their tokenizer has tokens, as GPT-2's 50,257 are padded to 50,304: whatever is made of them can be used."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from minillm.gradcheck import randomize
from minillm.models import GPT, GPTConfig
from minillm.models.huggingface import save_pretrained
from minillm.text.gpt2 import byte_characters
from minillm.training import load

KNOWN = 257  # tokens: the bytes, and the end of a text
SHORT = ["--prompt-tokens=3", "--answer-tokens=6", "--batch=8", "--group=4"]


@pytest.fixture(scope="module")
def padded(tmp_path_factory):
    """padded(rows) -> a folder of Hugging Face with a GPT-2 of so many rows, the first 257 always the same."""
    largest = randomize(
        GPT(GPTConfig(vocab_size=400, context=16, layers=1, heads=2, d_model=8)), np.random.default_rng(0)
    )
    parent = tmp_path_factory.mktemp("padded")

    def write(rows) -> Path:
        folder = parent / str(rows)
        if not folder.exists():
            model = GPT(dataclasses.replace(largest.config, vocab_size=rows))
            for name, parameter in model.named_parameters():
                parameter.data[...] = largest.vector.named[name].data[: parameter.data.shape[0]]
            save_pretrained(model, folder)
            vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
            (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
            (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture
def pairs(tmp_path) -> Path:
    path = tmp_path / "pairs.jsonl"
    lines = [json.dumps({"prompt": f"{i}:", "chosen": " yes", "rejected": " no"}) for i in range(20)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def learned_from(pairs, tmp_path):
    """The options that say from what a method learns."""
    text = tmp_path / "lines.txt"
    text.write_text("one line\nanother\n" * 20, encoding="utf-8")
    of_its_own = ["--reward=length:4", "--prompts", text, *SHORT]
    return lambda method: of_its_own if method in ("reinforce", "ppo", "grpo") else ["--pairs", pairs, "--batch=4"]


@pytest.mark.parametrize("method", ["dpo", "kto", "orpo", "reward", "reinforce", "ppo", "grpo"])
def test_a_run_goes_on_and_is_used(method, padded, learned_from, call, tmp_path):
    given = ["align", "--checkpoint", padded(304), "--method", method, "--steps=3", *learned_from(method)]
    for folder, options in (("whole", []), ("halves", ["--stop-at=1"])):
        assert call(*given, *options, "--out", tmp_path / folder)[0] == 0
    assert call("align", "--resume", "--out", tmp_path / "halves")[0] == 0
    weights = [load_file(tmp_path / folder / "trainer.safetensors")["weights"] for folder in ("whole", "halves")]
    np.testing.assert_array_equal(*weights)
    model, tokenizer = load(tmp_path / "whole")
    assert getattr(model.config, "body", model.config).vocab_size == 304 and tokenizer.vocab_size == KNOWN
    assert call("attention", "--checkpoint", tmp_path / "whole", "--text=a text", "--out=map.html")[0] == 0
    if method == "reward":
        call("align", "--checkpoint", padded(257), *learned_from("grpo"), "--steps=1", "--out", tmp_path / "policy")
        scored = ["align", "--checkpoint", padded(264), *learned_from("grpo"), "--reward", tmp_path / "whole"]
        assert call(*scored, "--steps=1", "--out", tmp_path / "scored")[0] == 0
    else:
        code, text, _ = call("generate", "--checkpoint", tmp_path / "whole", "--prompt=a", "--max-tokens=40")
        assert code == 0 and len(text) > 20


def test_classes(padded, call, tmp_path):
    (tmp_path / "data.tsv").write_text("a good one\tyes\na bad one\tno\n" * 20, encoding="utf-8")
    given = ["--data", tmp_path / "data.tsv", "--batch=4", "--workers=1", "--out", tmp_path / "run"]
    assert call("finetune", "--checkpoint", padded(304), *given, "--steps=2", "--stop-at=1")[0] == 0
    assert call("finetune", "--resume", "--out", tmp_path / "run")[0] == 0
    code, out, _ = call("classify", "--checkpoint", tmp_path / "run", "--text=a good one")
    assert code == 0 and {part.split()[0] for part in out.strip().split("\t")} == {"yes", "no"}


@pytest.mark.parametrize(("rows", "other"), [(257, 304), (304, 257), (264, 400), (304, 304)])
def test_experts_of_another_padding(rows, other, padded, call):
    given = ["generate", "--checkpoint", padded(rows), "--prompt=a", "--max-tokens=10", "--seed=3"]
    code, plain, _ = call(*given)
    assert code == 0
    for experts in (["--bad-expert", padded(other)], ["--good-expert", padded(other), "--bad-expert", padded(rows)]):
        assert call(*given, *experts) == (0, plain, ""), "the experts say the same, and their difference is nothing"


@pytest.mark.parametrize("rows", [257, 304])
def test_a_reward_is_never_asked_about_what_has_no_text(rows, padded, call):
    given = ["generate", "--checkpoint", padded(rows), "--prompt=a", "--max-tokens=8", "--reward=length:3"]
    everything = [*given, "--reward-weight=1", "--top-k=1000"]
    assert call(*everything)[0] == 0
    assert call(*everything, "--bad-expert", padded(264))[0] == 0
    assert call(*given, "--best-of=3")[0] == 0
