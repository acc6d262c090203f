"""Folders as people have them, drawn at random, with added tokens and roles in any of their files, are read as transformers reads them."""

import json
import random

import pytest

from minillm.text import load_pretrained_tokenizer, load_tokenizer, save_tokenizer
from minillm.text.gpt2 import GPT2Tokenizer, byte_characters
from minillm.text.wordpiece import BERT_ROLES, WordPieceTokenizer
from tests.odd_texts import ODD

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
MERGES = ["a b", "ab a", "Ġ a", "Ġa b", "t h", "th e", "Ġ the", "l o", "lo w"]
NEW = ["<|user|>", "<sep>", "ABA", "low", "a b", "[EOT]", "the", "Hello", "ab."]  # some of them in the vocabulary
WORDS = [*BERT_ROLES.values(), *"abehlotuw.,!?<>|[]", *(f"##{c}" for c in "abehlotuw"), "the", "low", "aba", "##low"]


def texts(rng: random.Random, tokens: list[str]) -> list[str]:
    """Every token in many surroundings: in words, in white space, beside another."""
    around = ["", " ", "  ", "\t\n", "a", "_", ".", "é", "\u3000", "\u0301", "½", "the ", " low"]
    made = [rng.choice(around) + a + rng.choice(around) + b + rng.choice(around) for a in tokens for b in tokens]
    return [*ODD[:6], *made, *(text.upper() for text in made[::7]), "The low aba, the LOW."]


def flags(rng: random.Random, content: str) -> dict:
    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"content": content} | {name: rng.random() < 0.35 for name in names}


def vocabulary(kind: str) -> dict[str, int]:
    made = (merge.replace(" ", "") for merge in MERGES)
    tokens = [*byte_characters(), *made, "<|endoftext|>"] if kind == "gpt2" else WORDS
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def write(folder, rng: random.Random, kind: str) -> list[str]:
    """A folder of this kind, written in one of the ways that there are. Returns its special and added tokens."""
    vocab, new = vocabulary(kind), rng.sample(NEW, rng.randrange(4))
    write_vocabulary(folder, kind, vocab)
    (folder / "config.json").write_text(json.dumps({"model_type": kind}), encoding="utf-8")
    settings: dict = {}
    if rng.random() < 0.7:
        settings["tokenizer_class"] = {"gpt2": "GPT2Tokenizer", "bert": "BertTokenizer"}[kind] + rng.choice(
            ["", "Fast"]
        )
    if kind == "gpt2":
        settings |= {"add_prefix_space": True} if rng.random() < 0.3 else {}
    elif rng.random() < 0.5:
        settings["do_lower_case"] = rng.random() < 0.5
    way = rng.choice(["roles", "map", "decoder", "added"])
    # A BERT whose token for unknown words is not in its vocabulary, or whose [SEP] has a space in it, is an error to transformers.
    roles = ROLES if kind == "gpt2" else [role for role in ROLES if role.split("_")[0] not in ("unk", "cls", "sep")]
    roles = dict(zip(rng.sample(roles, len(new)), new, strict=True))
    if way == "roles":
        settings |= (
            roles if rng.random() < 0.5 else {rng.choice(["additional_special_tokens", "extra_special_tokens"]): new}
        )
    elif way == "map":
        first, *_ = *roles, None
        given = {role: flags(rng, token) if role == first else token for role, token in roles.items()}
        more = rng.sample(NEW, 2) if rng.random() < 0.5 else []
        new += more
        (folder / "special_tokens_map.json").write_text(
            json.dumps(given | {"additional_special_tokens": more}), encoding="utf-8"
        )
    else:
        ids, end = {}, len(vocab)
        for token in new:
            ids[token] = vocab.get(token, end)
            end += token not in vocab
        if way == "decoder":
            settings["added_tokens_decoder"] = {str(i): flags(rng, token) for token, i in ids.items()}
            settings |= dict(list(roles.items())[:1])
        else:
            (folder / "added_tokens.json").write_text(json.dumps(ids), encoding="utf-8")
            (folder / "special_tokens_map.json").write_text(json.dumps(dict(list(roles.items())[:1])), encoding="utf-8")
    if settings or rng.random() < 0.5:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if rng.random() < 0.5:
        in_one_file(folder, rng, kind)
    return list(dict.fromkeys([*new, *(["<|endoftext|>"] if kind == "gpt2" else BERT_ROLES.values())]))


def write_vocabulary(folder, kind: str, vocab: dict[str, int]) -> None:
    if kind == "gpt2":
        (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]), encoding="utf-8")
    else:
        (folder / "vocab.txt").write_text("\n".join([*vocab, ""]), encoding="utf-8")


def in_one_file(folder, rng: random.Random, kind: str) -> None:
    """tokenizer.json, as transformers saves it; beside it or not what it wrote of the settings, the old settings and the vocabulary."""
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    if rng.random() < 0.4:
        for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"):
            (folder / name).unlink(missing_ok=True)
            if name in there and rng.random() < 0.5:
                (folder / name).write_bytes(there[name])
    elif rng.random() < 0.5:  # a class that does what the file says
        path = folder / "tokenizer_config.json"
        settings = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
        path.write_text(json.dumps(settings), encoding="utf-8")
    if rng.random() < 0.5:
        for name in ("vocab.json", "merges.txt", "vocab.txt"):
            (folder / name).unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["gpt2", "bert"])
def test_they_are_read_as_transformers_reads_them(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("minillm.text.huggingface._package", None)  # the package is not asked
    for seed in [*range(60), 83, 156, 301, 386]:  # the last four name one token twice, with flags and without
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            check(folder, random.Random(seed), kind)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def check(folder, rng: random.Random, kind: str) -> None:
    special = write(folder, rng, kind)
    theirs, ours = transformers.AutoTokenizer.from_pretrained(folder), load_pretrained_tokenizer(folder)
    assert type(ours) is {"gpt2": GPT2Tokenizer, "bert": WordPieceTokenizer}[kind]
    save_tokenizer(ours, folder / "run.json")
    again = load_tokenizer(folder / "run.json")
    assert ours.vocab_size == len(theirs)
    assert ours.special_tokens == {t.content: i for i, t in sorted(theirs.added_tokens_decoder.items()) if t.special}
    roles = {role: token for role, token in theirs.special_tokens_map.items() if role in ROLES}
    assert {role: ours.role(role) for role in roles} == {r: theirs.convert_tokens_to_ids(t) for r, t in roles.items()}
    # Some versions of `tokenizers` take a normalized token's name in lower case for another token.
    renamed = any(token.normalized and token.content != token.content.lower() for token in ours.added_tokens)
    for text in texts(rng, special):
        ids = theirs.encode(text, add_special_tokens=False)
        assert ours.encode(text, special=True).tolist() == again.encode(text, special=True).tolist() == ids, text
        plain = theirs.encode(text, add_special_tokens=False, split_special_tokens=True)
        assert ours.encode(text).tolist() == again.encode(text).tolist() == plain, text
        if not renamed:
            assert ours.decode(ids) == theirs.decode(ids), text
            assert ours.decode(ids, special=False) == theirs.decode(ids, skip_special_tokens=True), text
