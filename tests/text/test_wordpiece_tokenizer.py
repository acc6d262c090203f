import json
import random
import unicodedata

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.text import WordPieceTokenizer, load_tokenizer, save_tokenizer, wordpiece
from minillm.text.added_tokens import AddedToken
from minillm.text.basic import BasicTokenizer
from minillm.text.wordpiece import BERT_ROLES


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
        bert_folder / "vocab.txt", do_lower_case=False, strip_accents=True, added_tokens=[AddedToken("[NEW]")]
    )
    save_tokenizer(tokenizer, tmp_path / "tokenizer.json")
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert loaded.to_json() == tokenizer.to_json()
    assert loaded.special_tokens["[NEW]"] == loaded.vocab_size - 1
    text = "The cát [NEW]"
    assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()
    assert loaded.labels(loaded.encode(text, special=True)) == ["[UNK]", "cat", "[NEW]"]


@pytest.fixture
def edited(bert_folder):
    """edited(function of the lines of vocab.txt) -> the tokenizer of the lines that it gives."""

    def edit(change):
        path = bert_folder / "vocab.txt"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        path.write_text("".join(line + "\n" for line in change(lines)), encoding="utf-8")
        return WordPieceTokenizer.read(path)

    return edit


@pytest.mark.parametrize("white", [" ", "\t ", "\u3000", "\r", "\xa0\x85"])
def test_white_space_at_the_end_of_a_line_is_no_part_of_its_token(edited, tokenizer, white):
    text = "The [MASK] cat sat unknown"
    blanks = edited(
        lambda lines: [line + white if line in ("cat", "the", "##own", "[MASK]") else line for line in lines]
    )
    assert blanks.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()
    assert blanks.decode(blanks.encode(text)) == tokenizer.decode(tokenizer.encode(text))


def test_other_white_space_is(edited):
    assert edited(lambda lines: [*lines, "a\x1c", " cat"]).vocab.keys() >= {"a\x1c", " cat"}


def test_an_empty_line_has_an_id_that_no_text_uses(edited, tokenizer):
    empty = edited(lambda lines: [*lines[:7], "", *lines[7:], "", ""])
    text = "The cat sat unknown"
    ids = tokenizer.encode(text)
    assert empty.encode(text).tolist() == (ids + (ids >= 7)).tolist()
    assert empty.vocab_size == tokenizer.vocab_size + 3
    assert empty.labels([7]) == [""]


def test_of_two_equal_lines_the_last_one_counts(edited, tokenizer):
    twice = edited(lambda lines: [*lines, "cat"])
    assert twice.encode("cat").tolist() == [tokenizer.vocab_size]
    first = tokenizer.vocab["cat"]
    assert twice.decode([5, first, 5]) == twice.decode([5, 5]) == "".join(twice.stream([5, first, 5]))
    assert twice.labels([first]) == [""]


def test_without_a_token_for_unknown_words_only_known_ones_are_read(edited, tokenizer):
    plain = edited(lambda lines: lines[5:])
    assert plain.special_tokens == {}
    assert plain.encode("the cat", special=True).tolist() == (tokenizer.encode("the cat") - 5).tolist()
    with pytest.raises(InputError, match="no pieces for the word 'zebra', and no token for unknown words"):
        plain.encode("the zebra")


def test_a_vocabulary_of_nothing_is_named(edited, bert_folder):
    with pytest.raises(InputError, match=r"vocab\.txt is no vocabulary of BERT: it holds no token"):
        edited(lambda lines: [])


def test_another_mask_by_its_role(bert_folder):
    words = (bert_folder / "vocab.txt").read_text(encoding="utf-8").replace("[MASK]", "<mask>")
    (bert_folder / "vocab.txt").write_text(words, encoding="utf-8")
    tokenizer = WordPieceTokenizer.read(bert_folder / "vocab.txt", roles=BERT_ROLES | {"mask_token": "<mask>"})
    assert tokenizer.role("mask_token") == 4
    assert tokenizer.labels(tokenizer.encode("the <mask>", special=True)) == ["the", "<mask>"]


def test_the_file_of_an_earlier_version_is_read(tmp_path, tokenizer):
    old = {"type": "wordpiece", "vocab": list(tokenizer.vocab), "special_tokens": [*tokenizer.special_tokens, "[NEW]"]}
    (tmp_path / "tokenizer.json").write_text(json.dumps(old), encoding="utf-8")
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert loaded.special_tokens == tokenizer.special_tokens | {"[NEW]": tokenizer.vocab_size}
    assert loaded.encode("the [NEW] zebra", special=True)[-1] == loaded.role("unk_token") == 1


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
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + "a\u2028b\r\n".encode())
    assert list(WordPieceTokenizer.read(path).vocab) == [*tokenizer.vocab, "a\u2028b"]
