"""What a GPT-2 of Hugging Face writes after a prompt: how its text begins, and where it ends."""

import json

import pytest

from minillm.generation import beam_search
from minillm.models.huggingface import save_pretrained
from minillm.training import load
from tests.scripted import scripted_gpt

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "cat",
    "he",
    "is",
    "run",
    "##ning",
    ".",
    "'",
    "猫",
    "on",
    "</s>",
]


@pytest.fixture
def that_writes(tmp_path):
    """that_writes("he is run", "##ning", ..., config={...}) -> the folder of a GPT-2 that writes these tokens after this prompt.

    Keywords are what stands in its files besides.
    """

    def write(prompt, *tokens, **files):
        ids, folder = [PIECES.index(token) for token in tokens], tmp_path / "model"
        save_pretrained(scripted_gpt(len(PIECES), ids, after=len(prompt.split())), folder)
        (folder / "vocab.txt").write_text("\n".join([*PIECES, ""]), encoding="utf-8")
        for name, values in files.items():
            path = folder / f"{name}.json"
            before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            path.write_text(json.dumps(before | values), encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize(
    "how", ["--temperature=0", "--beams=2", "--best-of=2 --reward=length:9 --temperature=0"], ids=lambda how: how[2:9]
)
@pytest.mark.parametrize(
    ("prompt", "tokens", "text"),
    [
        ("he is run", ["##ning", "on", "."], "he is running on."),
        ("The cat", ["is", "run", "##ning"], "The cat is running"),
        ("cat", ["'", "."], "cat '."),
        ("猫", ["猫", "is"], "猫 猫 is"),
    ],
)
def test_a_continuation_begins_as_it_does_in_the_text_of_both(that_writes, call, how, prompt, tokens, text):
    path = that_writes(prompt, *tokens)
    argv = ["generate", "--checkpoint", path, "--prompt", prompt, f"--max-tokens={len(tokens)}", *how.split()]
    code, out, _ = call(*argv)
    assert (code, out) == (0, text + "\n")


@pytest.mark.parametrize("how", ["--temperature=0", "--beams=2", "--best-of=2 --reward=length:9 --temperature=0"])
def test_a_stop_string_may_begin_with_the_space_at_the_seam(that_writes, call, how):
    path = that_writes("the cat", "is", "run")
    argv = ["generate", "--checkpoint", path, "--prompt=the cat", "--max-tokens=2", *how.split()]
    assert call(*argv, "--stop= is")[1] == "the cat\n"
    assert call(*argv, "--stop=cat is")[1] == "the cat is run\n", "what stood in the prompt stops nothing"


def test_beam_search_ends_a_text_where_a_stop_string_with_the_space_at_the_seam_is_complete(
    that_writes, call, monkeypatch
):
    ended = []

    def search(model, prompt, max_tokens, *, ends, **settings):
        ended.extend([ends([PIECES.index("is")]), ends([PIECES.index("##ning")])])
        return beam_search(model, prompt, max_tokens, ends=ends, **settings)

    monkeypatch.setattr("minillm.generation.writing.beam_search", search)
    argv = ["--checkpoint", that_writes("the cat", "is", "run"), "--prompt=the cat", "--max-tokens=2", "--beams=2"]
    assert call("generate", *argv, "--stop= is")[1] == "the cat\n"
    assert ended == [True, False]


# Where it ends --------------------------------------------------------------------------------------------------------

IS, ON, END = (PIECES.index(token) for token in ("is", "on", "</s>"))
HOW = ["--temperature=0", "--beams=2", "--best-of=2 --reward=length:9 --temperature=0"]
# What the files say, and how many of the words "is on </s> the cat" are written
ENDS = [
    ({}, 5),
    ({"config": {"eos_token_id": END}}, 2),
    ({"config": {"eos_token_id": [END, ON]}}, 1),
    ({"config": {"eos_token_id": [ON]}}, 1),
    ({"generation_config": {"eos_token_id": ON}}, 1),
    ({"generation_config": {"eos_token_id": END}, "config": {"eos_token_id": ON}}, 2),
    ({"generation_config": {}, "config": {"eos_token_id": ON}}, 5),
    ({"tokenizer_config": {"eos_token": "</s>"}}, 2),
    ({"tokenizer_config": {"eos_token": "</s>"}, "config": {"eos_token_id": ON}}, 1),
    ({"tokenizer_config": {"eos_token": "</s>"}, "config": {"eos_token_id": 50256}}, 2),
    ({"tokenizer_config": {"eos_token": "</s>"}, "config": {"eos_token_id": -1}}, 2),
    ({"tokenizer_config": {"eos_token": "</s>"}, "config": {"eos_token_id": [50256, ON]}}, 1),
    ({"special_tokens_map": {"eos_token": {"content": "</s>"}}}, 2),
]


@pytest.mark.parametrize("how", HOW, ids=lambda how: how[2:9])
@pytest.mark.parametrize(("files", "words"), ENDS)
def test_a_text_ends_where_the_files_of_the_model_say(that_writes, call, files, words, how):
    written = ["is", "on", "</s>", "the", "cat"]
    path = that_writes("the cat", *written, **files)
    argv = ["generate", "--checkpoint", path, "--prompt=the cat", "--max-tokens=5", *how.split()]
    left_out = {"</s>"} if "best-of" in how and "</s>" in load(path)[1].special_tokens else set()
    text = " ".join(["the cat", *(word for word in written[:words] if word not in left_out)])
    assert call(*argv)[:2] == (0, f"{text}\n")


def test_a_model_that_learned_preferences_ends_its_texts_where_it_did_before(that_writes, call, tmp_path):
    path = that_writes("the cat", "is", "on", "</s>", "the", config={"eos_token_id": [ON, END]})
    (tmp_path / "pairs.jsonl").write_text('{"prompt": "he", "chosen": "is", "rejected": "on"}\n' * 20, encoding="utf-8")
    argv = ["align", "--checkpoint", path, "--pairs", tmp_path / "pairs.jsonl", "--steps=1", "--batch=2", "--lr=1e-9"]
    assert call(*argv, "--workers=1", "--out", tmp_path / "run")[0] == 0
    assert load(tmp_path / "run")[0].eos_token_id == [ON, END]
    argv = ["generate", "--checkpoint", tmp_path / "run", "--prompt=the cat", "--max-tokens=4", "--temperature=0"]
    assert call(*argv)[:2] == (0, "the cat is\n")
    assert call("align", "--resume", "--out", tmp_path / "run", "--steps=2")[0] == 0
    assert load(tmp_path / "run")[0].eos_token_id == [ON, END]
