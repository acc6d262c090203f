"""A folder of Hugging Face as --checkpoint: what every command makes of each kind of model, and of a tokenizer that is not its own."""

import json
import shlex

import numpy as np
import pytest

from minillm.generation import attention_maps, beam_search, generate
from minillm.gradcheck import randomize
from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    T5Config,
)
from minillm.models.huggingface import save_pretrained
from minillm.text.gpt2 import byte_characters
from minillm.training import load

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "model", "reads", "a", "token", "good", "bad"]
ENDS = {"bos_token": "<s>", "eos_token": "</s>"}  # two tokens more, after the words
TEXT = "the model reads a token"
ENCODER = EncoderConfig(vocab_size=300, context=9, layers=2, heads=2, d_model=6)
KINDS = {
    "GPT": (GPT, GPTConfig(vocab_size=300, context=9, layers=2, heads=2, d_model=6)),
    "masked words": (MaskedLM, ENCODER),
    "body": (Encoder, ENCODER),
    "classes": (SequenceClassifier, ClassifierConfig(ENCODER, classes=3, pooler=True)),
    "questions": (QuestionAnswering, QuestionAnsweringConfig(ENCODER)),
    "T5": (T5, T5Config(vocab_size=300, layers=2, decoder_layers=3, heads=2, d_model=6, d_kv=4, d_ff=8, pad_id=3)),
}


def edit_config(folder, **fields):
    values = json.loads((folder / "config.json").read_text(encoding="utf-8")) | fields
    (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """folder(kind, settings of the tokenizer ...) -> a folder with such a model, and with WORDS as its vocab.txt."""

    def write(name, **settings):
        kind, config = KINDS[name]
        model = randomize(kind(config), np.random.default_rng(0))
        save_pretrained(model, tmp_path / "model")
        for field in ("model_type", "architectures"):
            if field in settings:
                edit_config(tmp_path / "model", **{field: settings.pop(field)})
        (tmp_path / "model" / "vocab.txt").write_text("\n".join([*WORDS, ""]), encoding="utf-8")
        (tmp_path / "model" / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
        return tmp_path / "model"

    return write


@pytest.fixture
def with_the_tokenizer_of_gpt2(folder):
    def write(name):
        path = folder(name)
        (path / "vocab.txt").unlink()
        vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
        (path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
        (path / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("kind", ["GPT", "masked words", "body", "classes", "questions"])
def test_attention_of_one_half(folder, call, kind):
    code, _, err = call("attention", "--checkpoint", folder(kind), "--text", TEXT, "--out=map.html")
    tokens = 5 if kind == "GPT" else 7  # an encoder reads [CLS] and [SEP] too
    assert code == 0 and f"2 layers × 2 heads, {tokens} tokens" in err


def test_more_beams_than_the_memory_holds(folder, refused):
    for command in ("fill --text the", "generate --prompt the"):
        argv = [*command.split(), "--checkpoint", folder("T5", **ENDS), "--beams=1000000000000"]
        wrong, remedy = refused(*argv)
        assert "texts at once" in wrong and remedy == "Search with fewer: --beams."


@pytest.mark.parametrize(("view", "layers"), [("encoder", 2), ("decoder", 3), ("cross", 3)])
def test_attention_of_two_halves_that_differ(folder, call, refused, view, layers):
    argv = ["attention", "--checkpoint", folder("T5", **ENDS), "--text", TEXT, "--view", view, "--out=map.html"]
    code, _, err = call(*argv)
    assert code == 0 and f"{view}, {layers} layers × 2 heads" in err
    code, _, err = call(*argv, f"--layer={layers - 1}", "--head=1")
    assert code == 0 and f"{view}, layer {layers - 1}, head 1" in err
    assert refused(*argv, f"--layer={layers}") == (
        f"There is no layer {layers}.",
        f"This model has layers 0 to {layers - 1}.",
    )


def test_an_answer_starts_with_the_token_that_the_config_names(folder, call):
    path = folder("T5", **ENDS)
    model, tokenizer = load(path)
    assert model.config.pad_id == 3 and "<s>" in tokenizer.special_tokens
    source = [*tokenizer.encode(TEXT), tokenizer.special_tokens["</s>"]]

    def written(start):
        rules = {"eos": [source[-1]], "banned": range(tokenizer.vocab_size, 300), "temperature": 0}
        return tokenizer.decode(list(generate(model, [start], 8, cache=model.start(np.array([source])), **rules)))

    argv = ["generate", "--checkpoint", path, "--prompt", TEXT, "--max-tokens=8", "--temperature=0"]
    assert call(*argv) == (0, written(3) + "\n", "")
    assert written(3) != written(tokenizer.special_tokens["<s>"]), "or this shows nothing"


def answers(path, source_end: str, ends: list[int]) -> tuple[str, str]:
    """What a T5 writes greedily for TEXT, and the best of four beams: no command line, and every id said."""
    model, tokenizer = load(path)
    source = np.array([[*tokenizer.encode(TEXT), tokenizer.special_tokens[source_end]]])
    rules = {"eos": ends, "banned": range(tokenizer.vocab_size, 300)}
    greedy = generate(model, [model.config.pad_id], 8, cache=model.start(source), temperature=0, **rules)
    best, *_ = beam_search(model, [model.config.pad_id], 20, cache=model.start(source), beams=4, **rules)
    return tokenizer.decode(list(greedy)), tokenizer.decode(best.ids)


CLS = WORDS.index("[CLS]")  # which this T5 writes, and nothing else, where it may


@pytest.mark.parametrize(
    ("settings", "config", "source_end", "ends"),
    [
        ({"eos_token": "[CLS]"}, {}, "[CLS]", [CLS]),
        ({"eos_token": "<eos>"}, {}, "<eos>", [12]),
        ({}, {"eos_token_id": 6}, "model", [6]),
        ({}, {"eos_token_id": [6, CLS, 9]}, "model", [6, CLS, 9]),
        ({"eos_token": "[CLS]"}, {"eos_token_id": [6, 9]}, "[CLS]", [6, 9]),
        ({"eos_token": "[CLS]"}, {"eos_token_id": 299}, "[CLS]", [CLS]),
    ],
    ids=str,
)
def test_a_source_and_an_answer_end_as_the_files_say(folder, call, settings, config, source_end, ends):
    """The one by the tokenizer's files, the other by the model's, each standing in for the other where that says nothing."""
    path = folder("T5", **settings)
    edit_config(path, **config)
    model, tokenizer = load(path)
    end = WORDS.index(source_end) if source_end in WORDS else tokenizer.special_tokens[source_end]
    source, start = np.array([[*tokenizer.encode(TEXT), end]]), [model.config.pad_id]
    rules = {"eos": ends, "banned": range(tokenizer.vocab_size, 300)}
    greedy = tokenizer.decode(list(generate(model, start, 8, cache=model.start(source), temperature=0, **rules)))
    best, *_ = beam_search(model, start, 20, cache=model.start(source), beams=4, **rules)
    assert greedy == ("" if CLS in ends else " ".join(8 * ["[CLS]"]))
    argv = ["--checkpoint", path, "--prompt", TEXT, "--max-tokens=8", "--temperature=0"]
    assert call("generate", *argv)[:2] == (0, f"{greedy}\n")
    assert call("fill", "--checkpoint", path, "--text", TEXT)[:2] == (0, f"{tokenizer.decode(best.ids)}\n")
    maps = attention_maps(model, tokenizer, TEXT, view="cross")
    assert maps.columns == tokenizer.labels(source[0])
    assert len(maps.rows) == 1 + len(beam_search(model, start, 20, cache=model.start(source), beams=1, **rules)[0].ids)


def test_no_more_fillings_than_there_are_words(folder, call):
    code, out, _ = call("fill", "--checkpoint", folder("masked words"), "--text=the [MASK]", "--top=1000")
    assert code == 0
    assert sorted(line.split()[-1] for line in out.splitlines()[1:]) == sorted(WORDS[5:])


@pytest.mark.parametrize(
    ("kind", "command", "token"),
    [
        ("masked words", "fill --text 'the [MASK]'", "[MASK]"),
        ("masked words", "attention --text the --out map.png", "[CLS]"),
        ("questions", "attention --text the --out map.png", "[CLS]"),
    ],
)
def test_the_tokenizer_of_another_model(with_the_tokenizer_of_gpt2, refused, kind, command, token):
    path = with_the_tokenizer_of_gpt2(kind)
    wrong, remedy = refused(*shlex.split(command), "--checkpoint", path)
    assert f"no special token {token}" in wrong and "own tokenizer" in remedy


@pytest.mark.parametrize("command", ["generate --prompt the", "fill --text the", "attention --text the --out map.png"])
def test_a_tokenizer_without_an_end(folder, refused, command):
    wrong, remedy = refused(*shlex.split(command), "--checkpoint", folder("T5"))
    assert "no special token </s> or <|endoftext|>" in wrong and "own tokenizer" in remedy


@pytest.mark.parametrize("freeze", ["body", "1"])
@pytest.mark.parametrize(
    ("kind", "architecture"),
    [
        ("masked words", "BertForMaskedLM"),
        ("classes", "BertForSequenceClassification"),
        ("questions", "BertForQuestionAnswering"),
        ("body", "BertModel"),
        ("body", "BertForTokenClassification"),
        ("body", "BertForNextSentencePrediction"),
        ("GPT", "GPT2ForSequenceClassification"),
    ],
)
def test_other_classes_on_a_body_whatever_head_it_had(folder, call, tmp_path, kind, architecture, freeze):
    (tmp_path / "data.tsv").write_text("a good token\tyes\na bad token\tno\n" * 20, encoding="utf-8")
    path = folder(kind, architectures=[architecture])
    argv = ["finetune", "--checkpoint", path, "--data", tmp_path / "data.tsv", "--out", tmp_path / "run"]
    how = ["--steps=2", "--batch=4", "--workers=1"] if freeze != "body" else []
    assert call(*argv, f"--freeze={freeze}", *how)[0] == 0
    code, out, _ = call("classify", "--checkpoint", tmp_path / "run", "--text=a good token")
    assert code == 0 and {part.split()[0] for part in out.strip().split("\t")} == {"yes", "no"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("classes", {"id2label": {"0": "relevance"}}),
        ("classes", {"problem_type": "regression"}),
        ("masked words", {"tie_word_embeddings": False}),
        ("body", {"architectures": ["BertForMyOwnPurposes"]}),
    ],
    ids=str,
)
def test_a_head_that_minillm_does_not_do_hinders_nobody_who_needs_none(folder, call, refused, tmp_path, kind, fields):
    (tmp_path / "data.tsv").write_text("a good token\tyes\na bad token\tno\n" * 20, encoding="utf-8")
    path = folder(kind)
    edit_config(path, **fields)
    assert call("attention", "--checkpoint", path, "--text", TEXT, "--out=map.html")[0] == 0
    argv = ["--data", tmp_path / "data.tsv", "--out", tmp_path / "run", "--steps=1", "--batch=2", "--workers=1"]
    assert call("finetune", "--checkpoint", path, *argv)[0] == 0
    refused("fill", "--checkpoint", path, "--text=the [MASK]")


def test_a_body_alone_fills_no_gaps_and_knows_no_classes(folder, refused):
    path = folder("body")
    wrong, _ = refused("fill", "--checkpoint", path, "--text=the [MASK]")
    assert wrong.endswith("an encoder, which fills no gaps.")
    wrong, remedy = refused("classify", "--checkpoint", path, "--text=the")
    assert wrong.endswith("an encoder, which knows no classes.") and "finetune" in remedy
    wrong, _ = refused("generate", "--checkpoint", path, "--prompt=the")
    assert wrong.endswith("an encoder, which writes no text.")


def test_a_config_that_does_not_say_what_it_is(folder, call, refused):
    path = folder("masked words", model_type=None)
    assert call("fill", "--checkpoint", path, "--text=the [MASK]")[0] == 0
    path = folder("masked words", model_type=None, architectures=None)
    wrong, remedy = refused("fill", "--checkpoint", path, "--text=the [MASK]")
    assert wrong == f"{path / 'config.json'}: It names neither the model_type nor the architectures."
    assert remedy == 'Add what the model is: "model_type": "gpt2", "llama", "mistral", "qwen2", "bert" or "t5".'


STAND_INS = {
    "a pointer to it": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 133\n",
    "a web page": b"<!DOCTYPE html>\n<html><body>Not found</body></html>",
}


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "generation_config.json"])
@pytest.mark.parametrize("what", STAND_INS)
def test_what_a_download_left_in_place_of_a_file_is_named(folder, refused, name, what):
    path = folder("GPT")
    (path / name).write_bytes(STAND_INS[what])
    wrong, _ = refused("generate", "--checkpoint", path, "--prompt=the")
    assert wrong.startswith(f"{path / name} is ") and what in wrong


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "tokenizer_config.json"])
def test_a_byte_order_mark_changes_nothing(folder, call, name):
    path = folder("masked words")
    argv = ["fill", "--checkpoint", path, "--text=the [MASK]"]
    before = call(*argv)
    (path / name).write_bytes(b"\xef\xbb\xbf" + (path / name).read_bytes())
    assert call(*argv) == before and before[0] == 0
