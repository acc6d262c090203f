"""Special tokens on the command line: tokens in a prompt, text in what is trained on, and refused where the model has none such."""

import json
import re

import numpy as np
import pytest

from minillm.generation import generate
from minillm.gradcheck import randomize
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM
from minillm.models.huggingface import save_pretrained
from minillm.pretraining import OBJECTIVES
from minillm.text.gpt2 import byte_characters
from minillm.training import load

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "model", "reads", "a", "token", "good", "bad"]
SIZES = {"context": 24, "layers": 2, "heads": 2, "d_model": 8}


def write(folder, model, files):
    save_pretrained(randomize(model, np.random.default_rng(0)), folder)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def gpt2(tmp_path):
    """gpt2(files ..., vocab_size=258) -> a GPT-2 of 256 bytes, <|endoftext|> and room for one token more."""

    def make(vocab_size=258, **files):
        vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
        files = {"vocab.json": vocab, "merges.txt": "", **{f"{name}.json": content for name, content in files.items()}}
        return write(tmp_path / "gpt2", GPT(GPTConfig(vocab_size=vocab_size, **SIZES)), files)

    return make


@pytest.fixture
def words(tmp_path):
    """words(kind of model, files ...) -> such a model with WORDS as its vocabulary."""

    def make(kind, config, vocab=WORDS, **files):
        files = {"vocab.txt": "\n".join(vocab) + "\n", **{f"{name}.json": content for name, content in files.items()}}
        return write(tmp_path / "words", kind(config(vocab_size=len(vocab), **SIZES)), files)

    return make


@pytest.mark.parametrize("where", ["added_tokens", "special_tokens_map", "tokenizer_config"])
def test_generate_reads_the_tokens_of_a_prompt(gpt2, call, where):
    content = {"<|user|>": 257} if where == "added_tokens" else {"additional_special_tokens": ["<|user|>"]}
    path = gpt2(**{where: content})
    model, _ = load(path)
    ids = [257, *b"Hi", 256, *b"the"]
    written = generate(model, ids, 6, temperature=0, banned=range(258, 258), eos=[256])
    expected = b"".join(bytes([i]) if i < 256 else [b"<|endoftext|>", b"<|user|>"][i - 256] for i in written)
    prompt = "<|user|>Hi<|endoftext|>the"
    code, out, _ = call("generate", "--checkpoint", path, f"--prompt={prompt}", "--max-tokens=6", "--temperature=0")
    assert (code, out) == (0, prompt + expected.decode("utf-8", errors="replace") + "\n")


def test_attention_shows_them(gpt2, call):
    argv = ["attention", "--checkpoint", gpt2(), "--out=map.html", "--text"]
    assert "3 tokens" in call(*argv, "a<|endoftext|>b")[2]
    assert "13 tokens" in call(*argv, "<endoftext> b")[2]


def test_a_token_that_the_model_lacks_is_refused_where_a_text_has_it(gpt2, call, refused, tmp_path):
    path = gpt2(vocab_size=257, tokenizer_config={"pad_token": "[PAD]"})
    argv = ["generate", "--checkpoint", path, "--max-tokens=3", "--temperature=0", "--prompt"]
    assert call(*argv, "the")[0] == 0
    wrong, remedy = refused(*argv, "the [PAD]")
    assert wrong == "The text has the token '[PAD]' (id 257), and the model knows the ids 0 to 256 only."
    assert "Leave it out" in remedy
    assert refused("attention", "--checkpoint", path, "--text=[PAD]", "--out=map.svg")[0] == wrong
    (tmp_path / "data.tsv").write_text("a good [PAD]\tyes\na bad one\tno\n" * 20, encoding="utf-8")
    run = ["--out", tmp_path / "run", "--steps=2", "--batch=4", "--workers=1", "--freeze=1"]
    assert call("finetune", "--checkpoint", path, "--data", tmp_path / "data.tsv", *run)[0] == 0, "text is text there"
    assert call("finetune", "--resume", "--out", tmp_path / "run", "--steps=3")[0] == 0
    code, out, _ = call("classify", "--checkpoint", tmp_path / "run", "--text=[PAD]")
    assert code == 0 and {part.split()[0] for part in out.strip().split("\t")} == {"yes", "no"}


@pytest.mark.parametrize("text", [" ", "\n\t", "\u200b"])
def test_a_prompt_of_no_token(words, refused, text):
    wrong, remedy = refused("generate", "--checkpoint", words(GPT, GPTConfig), f"--prompt={text}")
    assert wrong.startswith("The prompt has no token") and "--prompt" in remedy


def test_no_prompt_where_the_vocabulary_has_no_new_line(words, call, refused):
    """What texts begin with stands in for it, and is not shown: [CLS], or the token that is named for that."""
    argv = ["generate", "--max-tokens=9", "--temperature=1", "--seed=3", "--checkpoint"]
    written = []
    for begins, settings in ((2, {}), (10, {"bos_token": "good"})):
        path = words(GPT, GPTConfig, tokenizer_config=settings)
        model, tokenizer = load(path)
        written.append(tokenizer.decode(list(generate(model, [begins], 9, temperature=1, seed=3))))
        assert call(*argv, path)[:2] == (0, written[-1] + "\n")
    assert written[0] != written[1], "or this shows nothing"
    plain = words(GPT, GPTConfig, vocab=WORDS[4:], tokenizer_config={})
    assert refused(*argv, plain) == ("The model's tokenizer has no token that texts begin with.", "Give a --prompt.")


@pytest.mark.parametrize("where", ["special_tokens_map", "tokenizer_config"])
def test_fill_takes_the_mask_of_the_models_own(words, call, refused, where):
    roles = {
        "mask_token": "<hole>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    }
    vocab = ["<pad>", "<unk>", "<s>", "</s>", "<hole>", *WORDS[5:]]
    usual = call("fill", "--checkpoint", words(MaskedLM, EncoderConfig), "--text=the [MASK] token", "--top=3")
    path = words(MaskedLM, EncoderConfig, vocab=vocab, **{where: roles})
    code, out, _ = call("fill", "--checkpoint", path, "--text=the <hole> token", "--top=3")
    assert code == 0 and out.replace("<hole>", "[MASK]") == usual[1]
    wrong, remedy = refused("fill", "--checkpoint", path, "--text=the [MASK] token")
    assert wrong == "The text has no <hole>." and "The cat is <hole> the table" in remedy


HOLES = {"masked": ["[MASK]"], "denoise": [], "span": ["<extra_id_0>"]}


@pytest.mark.parametrize("objective", HOLES)
def test_a_run_that_remembers_words_with_special_tokens_goes_on(call, tmp_path, objective):
    """Earlier versions took them for the sample that every evaluation shows."""
    text, run = tmp_path / "text.txt", tmp_path / "run"
    text.write_text("[MASK] hides a word, and </s> ends <extra_id_0> one.\n" * 60, encoding="utf-8")
    sizes = ["--layers=1", "--heads=1", "--d-model=8", "--context=16", "--batch=4", "--merges=0", "--workers=1"]
    argv = ["pretrain", f"--text={text}", f"--objective={objective}", *sizes, "--steps=2", "--eval-every=1"]
    code, _, err = call(*argv, "--out", run)
    assert code == 0
    to_try = re.findall(r"[<\[]\S+[>\]]", err[err.index("next ") :])
    special = [name for name in to_try if name in OBJECTIVES[objective].special_tokens]
    assert special == HOLES[objective], "a text to try has the hole that is meant, and no other"
    facts = json.loads((run / "trainer.json").read_text(encoding="utf-8"))
    facts["text"]["prompt"] = "[MASK] </s> <extra_id_0> [MASK]"
    (run / "trainer.json").write_text(json.dumps(facts), encoding="utf-8")
    code, _, err = call("pretrain", "--resume", "--steps=3", "--out", run)
    assert code == 0, err
