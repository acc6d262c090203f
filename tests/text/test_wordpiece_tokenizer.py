import random
import unicodedata

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.text import WordPieceTokenizer, load_tokenizer, save_tokenizer, wordpiece
from minillm.text.basic import BasicTokenizer


@pytest.fixture
def tokenizer(bert_folder):
    return WordPieceTokenizer.read(bert_folder / "vocab.txt")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The CAT, sat.", ["the", "cat", ",", "sat", "."]),
        ("don't [x]", ["don", "'", "t", "[", "x", "]"]),
        ("1+1=2 a_b~c", ["1", "+", "1", "=", "2", "a", "_", "b", "~", "c"]),
        ("Café Å\u0301 e\u0301", ["cafe", "a", "e"]),
        ("我思， 故", ["我", "思", "，", "故"]),
        ("ひらがな 한국어", ["ひらかな", "한국어"]),  # no ideographs; が is か and an accent, Hangul comes apart
        ("a\0b\u200bc\ufffdd\ue000e\x1ff\x85g", ["abcdefg"]),
        ("a\u00a0b\u2028c\td\r\ne", ["a", "b", "c", "d", "e"]),
        ("ΣΊΣ İ", ["σισ", "i"]),  # a final σ is none: the characters are looked at one by one
        ("\u0378x", ["\u0378x"]),  # unassigned: perhaps a character that Python does not know yet
        ("", []),
        (" \n", []),
    ],
)
def test_words_of_an_uncased_model(text, words):
    expected = [unicodedata.normalize("NFD", word) for word in words]
    assert BasicTokenizer().words(text) == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"do_lower_case": False}, ["Çà", "我", "B"]),
        ({"do_lower_case": False, "strip_accents": True}, ["Ca", "我", "B"]),
        ({"strip_accents": False}, ["çà", "我", "b"]),
        ({"tokenize_chinese_chars": False}, ["ca我b"]),
    ],
)
def test_options(options, words):
    assert BasicTokenizer(**options).words("Çà我B") == words


def test_the_longest_piece_comes_first(tokenizer):
    def tokens(text):
        return tokenizer.labels(tokenizer.encode(text))

    assert tokens("The unknown cat!") == ["the", "un", "##kn", "##own", "cat", "!"]
    assert tokens("unun sats") == ["un", "##un", "sat", "##s"]
    assert tokens("catz zcat") == ["[UNK]", "[UNK]"]  # a word with one strange end is unknown as a whole
    assert tokens("mask task [mask]") == ["mask", "t", "##ask", "[", "mask", "]"]
    assert tokens("我cat") == ["我", "cat"]
    assert tokens("") == []
    assert tokenizer.encode("").dtype == np.int32


def test_a_word_of_more_than_a_hundred_characters_is_unknown(tokenizer):
    assert len(tokenizer.encode("a" * 100)) == 100
    assert tokenizer.labels(tokenizer.encode("a" * 101)) == ["[UNK]"]


def test_special_tokens_are_themselves_only_when_asked(tokenizer):
    text = "The [MASK] sat.[SEP]"
    assert tokenizer.labels(tokenizer.encode(text, special=True)) == ["the", "[MASK]", "sat", ".", "[SEP]"]
    pieces = "the [ mask ] sat . [ [UNK] ]"
    assert tokenizer.labels(tokenizer.encode(text)) == pieces.split()
    assert tokenizer.special_tokens == {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}


def test_words_come_back_with_single_spaces(tokenizer):
    ids = tokenizer.encode("The  UNKNOWN\ncat , the [MASK] !", special=True)
    assert tokenizer.decode(ids) == "the unknown cat, the [MASK]!"
    assert tokenizer.decode(ids, special=False) == "the unknown cat, the!"
    assert tokenizer.decode(ids[2:]) == "##known cat, the [MASK]!"  # as transformers shows the end of a word by itself
    assert tokenizer.decode([]) == ""


def test_known_words_survive(tokenizer):
    """What is lost is lost the first time: to encode what was decoded gives the ids again."""
    rng = random.Random(0)
    known = ["the", "cat", "sat", "unknown", "mask", "on", "task", ",", ".", "我", "ass", "[MASK]", "[SEP]"]
    for _ in range(100):
        ids = tokenizer.encode(" ".join(rng.choices(known, k=rng.randrange(20))), special=True)
        assert tokenizer.encode(tokenizer.decode(ids), special=True).tolist() == ids.tolist()


def test_the_stream_is_what_decode_gives(tokenizer):
    rng = random.Random(1)
    for _ in range(200):
        ids = [rng.randrange(tokenizer.vocab_size) for _ in range(20)]
        for special in (True, False):
            assert "".join(tokenizer.stream(iter(ids), special)) == tokenizer.decode(ids, special)


def test_ids_are_checked(tokenizer):
    size = tokenizer.vocab_size
    for use in (tokenizer.decode, tokenizer.labels, lambda ids: list(tokenizer.stream(ids))):
        with pytest.raises(ValueError, match=f"token id {size} is outside the vocabulary, 0 to {size - 1}"):
            use([0, size])


def test_odd_texts_are_no_error(tokenizer, texts):
    for text in texts:
        ids = tokenizer.encode(text, special=True)
        assert ids.dtype == np.int32 and ids.ndim == 1
        tokenizer.decode(ids)
    with pytest.raises(InputError, match=r"U\+D800, at position 2"):
        tokenizer.encode("ab\ud800")


def test_the_cache_changes_nothing_and_is_bounded(monkeypatch, bert_folder, tokenizer, texts):
    monkeypatch.setattr(wordpiece, "CACHED_WORDS", 3)
    cramped = WordPieceTokenizer.read(bert_folder / "vocab.txt")
    for text in [*texts, "the cat sat on the cat " * 3]:
        assert cramped.encode(text).tolist() == tokenizer.encode(text).tolist()
        assert len(cramped._cache) <= 3


def test_it_survives_the_file_of_a_run(tmp_path, bert_folder):
    tokenizer = WordPieceTokenizer.read(
        bert_folder / "vocab.txt", do_lower_case=False, strip_accents=True, special_tokens=("[NEW]",)
    )
    save_tokenizer(tokenizer, tmp_path / "tokenizer.json")
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert loaded.to_json() == tokenizer.to_json()
    assert loaded.special_tokens["[NEW]"] == loaded.vocab_size - 1
    text = "The cát [NEW]"
    assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()
    assert loaded.labels(loaded.encode(text, special=True)) == ["[UNK]", "cat", "[NEW]"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda lines: [line for line in lines if line != "[UNK]"], "it has no [UNK]"),
        (lambda lines: lines[5:], "it has no [PAD] and no [UNK] and no [CLS] and no [SEP] and no [MASK]"),
        (lambda lines: [*lines, "cat"], "'cat' is token"),
        (lambda lines: [*lines[:7], "", *lines[7:]], "token 7 (counting from 0) is empty"),
        (lambda lines: [*lines, "", ""], "is empty"),
        (lambda lines: [], "it has no [PAD]"),
    ],
)
def test_a_damaged_vocabulary_is_named(bert_folder, damage, reason):
    path = bert_folder / "vocab.txt"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    path.write_text("".join(line + "\n" for line in damage(lines)), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        WordPieceTokenizer.read(path)
    assert caught.value.wrong.startswith(f"{path} is no vocabulary of BERT: ")
    assert reason in caught.value.wrong
    assert "vocab.txt" in caught.value.remedy


def test_a_vocabulary_that_cannot_be_read_is_named(bert_folder):
    path = bert_folder / "vocab.txt"
    path.write_bytes(b"[PAD]\n\xff\n")
    with pytest.raises(InputError, match=r"vocab\.txt is no vocabulary of BERT: it is not UTF-8 \(byte 6\)"):
        WordPieceTokenizer.read(path)
    path.unlink()
    with pytest.raises(InputError, match=r"Cannot read .*vocab\.txt: No such file"):
        WordPieceTokenizer.read(path)


def test_line_ends_of_windows_are_no_part_of_a_token(bert_folder, tokenizer):
    path = bert_folder / "vocab.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + "a\u2028\r\n".encode())
    assert WordPieceTokenizer.read(path).vocab == [*tokenizer.vocab, "a\u2028"]
