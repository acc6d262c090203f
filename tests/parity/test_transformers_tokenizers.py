"""Our readers of GPT-2's and BERT's files against Hugging Face's, on vocabularies trained here and on texts that tokenizers get wrong.

The two have their Unicode tables from different years, so the random texts keep to characters that Unicode 3.2 had, in 2002, and to what
will never be one.
"""

import json
import random
import unicodedata
from itertools import pairwise

import pytest

from minillm.text import (
    GPT2Tokenizer,
    WordPieceTokenizer,
    default_text,
    load_pretrained_tokenizer,
    load_tokenizer,
    save_tokenizer,
    with_cls_and_sep,
)
from minillm.text.basic import BasicTokenizer
from minillm.text.gpt2 import words
from tests.odd_texts import ODD, random_text

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

END = "<|endoftext|>"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<|endoftext|>"]
# Since then U+166D is a symbol and was punctuation, U+1734 has a width and had none, U+1885 and U+1886 are marks and were letters.
CHANGED = {"\u166d", "\u1734", "\u1885", "\u1886"}


def settled(character: str) -> bool:
    return unicodedata.ucd_3_2_0.category(character) != "Cn" and character not in CHANGED


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The odd ones, and random ones with and without special tokens in them."""
    rng = random.Random(0)
    some = ["".join(filter(settled, random_text(rng))) for _ in range(500)]
    for i, text in enumerate(some[::2]):
        cut = rng.randrange(len(text) + 1)
        some[2 * i] = text[:cut] + rng.choice(["", " "]) + rng.choice(SPECIAL) + rng.choice(["", "\n"]) + text[cut:]
    return ODD + some + [default_text()[:50_000]]


def train(model, trainer, folder, texts, **parts):
    tokenizer = tokenizers.Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator([default_text()[:100_000], *texts], trainer)
    tokenizer.model.save(str(folder))


@pytest.fixture(scope="module", params=[[], ["<|endoftext|>"]], ids=["without_end", "with_end"])
def gpt2(request, tmp_path_factory, texts):
    """The folder; <|endoftext|> is its first token, or it is not in the vocabulary."""
    folder = tmp_path_factory.mktemp("gpt2")
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=1000, initial_alphabet=byte_level.alphabet(), special_tokens=request.param, show_progress=False
    )
    train(tokenizers.models.BPE(), trainer, folder, texts, pre_tokenizer=byte_level)
    return folder


def test_gpt2_gives_the_same_ids_and_texts(gpt2, texts, tmp_path):
    ours, theirs = load_pretrained_tokenizer(gpt2), transformers.GPT2Tokenizer.from_pretrained(gpt2)
    named = json.loads((gpt2 / "vocab.json").read_text(encoding="utf-8"))
    assert ours.vocab_size == len(named) == len(theirs) - (END not in named), "what no file names is theirs alone"
    save_tokenizer(ours, tmp_path / "tokenizer.json")
    again = load_tokenizer(tmp_path / "tokenizer.json")
    rng = random.Random(1)
    for text in texts:
        ids = theirs.encode(text, split_special_tokens=END not in named)
        assert ours.encode(text, special=True).tolist() == ids
        assert again.encode(text, special=True).tolist() == ids
        assert ours.encode(text).tolist() == theirs.encode(text, split_special_tokens=True)
        for some in (ids, [rng.randrange(ours.vocab_size) for _ in range(20)]):
            assert ours.decode(some) == theirs.decode(some)
            assert ours.decode(some, special=False) == theirs.decode(some, skip_special_tokens=True)


@pytest.mark.parametrize("added", ["[PAD]", "pad"])
def test_gpt2_with_a_token_added(gpt2, texts, added):
    settings = {"pad_token": added, "bos_token": END, "eos_token": END, "unk_token": END}
    (gpt2 / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    ours, theirs = load_pretrained_tokenizer(gpt2), transformers.GPT2Tokenizer.from_pretrained(gpt2)
    (gpt2 / "tokenizer_config.json").unlink()
    assert ours.vocab_size == len(theirs)
    assert ours.special_tokens[added] == theirs.pad_token_id
    for text in [*texts, "a pad, padded"]:
        assert ours.encode(text, special=True).tolist() == theirs.encode(text)


@pytest.mark.parametrize("damage", ["no alphabet", "holes", "a merge twice"])
@pytest.mark.parametrize("files", ["two", "one"])
def test_gpt2_of_a_vocabulary_that_is_not_as_it_was_made(gpt2, texts, tmp_path, damage, files):
    vocab = json.loads((gpt2 / "vocab.json").read_text(encoding="utf-8"))
    version, *merges, _ = (gpt2 / "merges.txt").read_text(encoding="utf-8").split("\n")
    vocab.setdefault(END, len(vocab))
    if damage == "no alphabet":  # as a trainer leaves it that has seen few bytes
        needed = set("".join(merges)) - {" "}
        vocab = {token: i for i, token in enumerate(t for t in vocab if len(t) > 1 or t in needed)}
    elif damage == "holes":
        vocab = {token: i + i // 100 for token, i in vocab.items()}
    else:
        merges += merges[3:90:7]
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("\n".join([version, *merges, ""]), encoding="utf-8")
    theirs = transformers.GPT2Tokenizer.from_pretrained(tmp_path)
    if files == "one":
        theirs.save_pretrained(tmp_path)
        (tmp_path / "vocab.json").write_text("{}", encoding="utf-8")
    ours = load_pretrained_tokenizer(tmp_path)
    assert type(ours) is GPT2Tokenizer
    for text in texts:
        ids = theirs.encode(text)
        assert ours.encode(text, special=True).tolist() == ids
        assert ours.decode(ids) == theirs.decode(ids)
    rng = random.Random(1)
    for _ in range(100):
        ids = [rng.randrange(ours.vocab_size) for _ in range(20)]
        assert ours.decode(ids) == theirs.decode(ids)


@pytest.fixture(scope="module")
def bert(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("bert")
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=1500, limit_alphabet=400, special_tokens=SPECIAL[:5], show_progress=False
    )
    for lowercase in (True, False):
        (folder / str(lowercase)).mkdir()
        train(
            tokenizers.models.WordPiece(unk_token="[UNK]"),
            trainer,
            folder / str(lowercase),
            texts,
            normalizer=tokenizers.normalizers.BertNormalizer(lowercase=lowercase),
            pre_tokenizer=tokenizers.pre_tokenizers.BertPreTokenizer(),
        )
    return folder


@pytest.mark.parametrize(
    "settings",
    [
        {"do_lower_case": True},
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"do_lower_case": True, "strip_accents": False},
        {"do_lower_case": True, "tokenize_chinese_chars": False},
    ],
)
def test_bert_gives_the_same_ids_and_texts(bert, texts, settings):
    folder = bert / str(settings["do_lower_case"])
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    ours, theirs = load_pretrained_tokenizer(folder), transformers.BertTokenizer.from_pretrained(folder)
    assert ours.vocab_size == len(theirs)
    rng = random.Random(1)
    for text in texts:
        ids = theirs.encode(text, add_special_tokens=False)
        assert ours.encode(text, special=True).tolist() == ids
        assert ours.encode(text).tolist() == theirs.encode(text, add_special_tokens=False, split_special_tokens=True)
        for some in (ids, [rng.randrange(ours.vocab_size) for _ in range(20)]):
            assert ours.decode(some) == theirs.decode(some)
            assert ours.decode(some, special=False) == theirs.decode(some, skip_special_tokens=True)


@pytest.mark.parametrize("files", ["vocab.txt", "tokenizer.json"])
@pytest.mark.parametrize("seed", range(4))
def test_bert_of_a_vocabulary_that_somebody_edited(bert, texts, tmp_path, files, seed):
    """Blanks at the ends of lines, empty lines, and lines that are there twice."""
    rng = random.Random(seed)
    edited = []
    for line in (bert / "True" / "vocab.txt").read_text(encoding="utf-8").splitlines():
        edited += [""] * (rng.random() < 0.01)
        edited.append(line + rng.choice([" ", "\t", "\u3000"]) * (rng.random() < 0.1))
        if rng.random() < 0.05:
            edited.append(rng.choice(edited))
    (tmp_path / "vocab.txt").write_text("\n".join([*edited, ""]), encoding="utf-8")
    theirs = transformers.BertTokenizer.from_pretrained(tmp_path)
    if files == "tokenizer.json":
        theirs.save_pretrained(tmp_path)
        (tmp_path / "vocab.txt").unlink(missing_ok=True)
    ours = load_pretrained_tokenizer(tmp_path)
    assert type(ours) is WordPieceTokenizer
    for text in texts:
        ids = theirs.encode(text, add_special_tokens=False)
        assert ours.encode(text, special=True).tolist() == ids
        assert ours.decode(ids) == theirs.decode(ids)
    for _ in range(100):
        ids = [rng.randrange(ours.vocab_size) for _ in range(20)]
        assert ours.decode(ids) == theirs.decode(ids)


def test_bert_reads_one_text_and_two(bert):
    ours, theirs = load_pretrained_tokenizer(bert / "True"), transformers.BertTokenizer.from_pretrained(bert / "True")
    for texts in (["Where is the cat?"], ["Where is the cat?", "On the mat."], ["", "On"]):
        expected = theirs(*texts)
        ids, types = with_cls_and_sep(ours, *map(ours.encode, texts))
        assert ids.tolist() == expected["input_ids"]
        assert types.tolist() == expected["token_type_ids"]


def test_characters_are_of_the_same_kind():
    """GPT-2's words and BERT's, where a character's category is not that of the one before or after it."""
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    changes = [a != b for a, b in pairwise(map(unicodedata.category, every))]
    edges = [c for c, *changed in zip(every, [True, *changes], [*changes, True], strict=True) if any(changed)]
    assert len(edges) > 5000
    gpt2 = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    split = tokenizers.pre_tokenizers.BertPreTokenizer()
    uncased, cased = (tokenizers.normalizers.BertNormalizer(lowercase=lowercase) for lowercase in (True, False))
    ours_uncased, ours_cased = BasicTokenizer(), BasicTokenizer(do_lower_case=False)
    for character in filter(settled, edges):
        text = f"a{character}B1{character}2-{character}\n{character}"
        spans = [match.span() for match in words().finditer(text)]
        assert spans == [span for _, span in gpt2.pre_tokenize_str(text)], hex(ord(character))
        for ours, normalizer in ((ours_uncased, uncased), (ours_cased, cased)):
            theirs = [word for word, _ in split.pre_tokenize_str(normalizer.normalize_str(text))]
            assert ours.words(text) == theirs, hex(ord(character))


def test_t5_gives_the_same_ids(tmp_path, texts):
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("▁the", -2.0), ("th", -3.5)]
    pieces += [(letter, -4.0) for letter in "abcdefghijklmnopqrstuvwxyz"]
    pieces += [(f"<extra_id_{i}>", 0.0) for i in range(99, -1, -1)]
    theirs = transformers.T5Tokenizer(vocab=pieces)
    theirs.save_pretrained(tmp_path)
    ours = load_pretrained_tokenizer(tmp_path)
    assert ours.vocab_size == len(theirs) == len(pieces)
    for text in [*texts, "the <extra_id_0> of<extra_id_1>."]:
        assert ours.encode(text, special=True).tolist() == theirs.encode(text, add_special_tokens=False)
        ids = theirs.encode(text)
        assert ours.decode(ids) == theirs.decode(ids)
        assert ours.decode(ids, special=False) == theirs.decode(ids, skip_special_tokens=True)
    assert [ours.role(role) for role in ("eos_token", "pad_token", "unk_token")] == [1, 0, 2]


def test_t5_with_tokens_that_only_the_settings_name(tmp_path):
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("▁the", -2.0), ("<end>", 0.0), ("t", -4.0)]
    transformers.T5Tokenizer(vocab=pieces, extra_ids=0).save_pretrained(tmp_path)
    path = tmp_path / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings.pop("added_tokens_decoder", None)
    settings |= {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<end>",
        "additional_special_tokens": ["<sum>"],
    }
    path.write_text(json.dumps(settings), encoding="utf-8")
    theirs, ours = transformers.AutoTokenizer.from_pretrained(tmp_path), load_pretrained_tokenizer(tmp_path)
    assert ours.vocab_size == len(theirs)
    assert ours.role("eos_token") == theirs.eos_token_id == 5
    assert ours.special_tokens["<sum>"] == theirs.convert_tokens_to_ids("<sum>") == len(theirs) - 1
    for text in ("the <sum> the<end>", "the </s>t"):
        assert ours.encode(text, special=True).tolist() == theirs.encode(text, add_special_tokens=False)
        assert ours.encode(text).tolist() == theirs.encode(text, add_special_tokens=False, split_special_tokens=True)
