"""Which pieces of a text are added tokens, by their flags: the rules of Hugging Face's `tokenizers`, which tests/parity holds us to."""

import pytest

from minillm.text import GPT2Tokenizer, WordPieceTokenizer
from minillm.text.added_tokens import AddedToken, Finder, is_word, place_added_tokens
from minillm.text.gpt2 import byte_characters
from minillm.text.wordpiece import BERT_ROLES

PLAIN = {token: i for i, token in enumerate(byte_characters())}


def pieces(text, *tokens):
    return [piece for _, piece in Finder({t.content: (t, i) for i, t in enumerate(tokens)}).cut(text)]


@pytest.mark.parametrize(
    ("flags", "text", "expected"),
    [
        ({}, "a<x>  b", ["a", 0, "  b"]),
        ({}, "<x><x>", [0, 0]),
        ({}, "", []),
        ({"lstrip": True}, "a \t\u3000<x> b", ["a", 0, " b"]),
        ({"rstrip": True}, "a <x> \n\u2028b", ["a ", 0, "b"]),
        ({"lstrip": True, "rstrip": True}, "  <x>  <x>  ", [0, 0]),
        ({"rstrip": True}, "<x>\x1cb", [0, "\x1cb"]),  # no white space to Unicode
        ({"single_word": True}, "<x> a<x> <x>_ .<x>, <x>", [0, " a<x> <x>_ .", 0, ", ", 0]),
        ({"single_word": True}, "é<x> e\u0301<x> ٣<x> ‿<x> Ⅷ<x>", ["é<x> e\u0301<x> ٣<x> ‿<x> Ⅷ<x>"]),
        ({"single_word": True}, "½<x>①", ["½", 0, "①"]),
    ],
)
def test_flags(flags, text, expected):
    assert pieces(text, AddedToken("<x>", **flags)) == expected


def test_the_leftmost_comes_first_and_of_several_there_the_longest():
    tokens = AddedToken("ab"), AddedToken("abc"), AddedToken("bcd")
    assert pieces("abcd abd bcd", *tokens) == [1, "d ", 0, "d ", 2]


def test_a_longer_one_that_is_no_word_hides_a_shorter_one():
    assert pieces("xab ab", AddedToken("ab", single_word=True), AddedToken("a")) == ["xab ", 0]


def test_white_space_that_one_took_in_is_gone_for_the_next():
    assert pieces("a  b  c", AddedToken("a", rstrip=True), AddedToken(" b"), AddedToken("c", lstrip=True)) == [0, 1, 2]


def test_each_piece_has_its_place():
    finder = Finder({"<x>": (AddedToken("<x>", lstrip=True), 7)})
    assert list(finder.cut("ab  <x>c")) == [(0, "ab"), (2, 7), (7, "c")]


def test_what_a_word_is_made_of():
    assert all(map(is_word, "aé我_٣Ⅷ\u0301\u200d")) and not any(map(is_word, " .-½①\u200b\n"))


def test_a_word_that_was_added_is_a_word_and_a_special_token_is_one_when_asked():
    tokenizer = GPT2Tokenizer(PLAIN, [], [AddedToken("cat", special=False), AddedToken("<s>")])
    cat, s = 256, 257
    assert tokenizer.special_tokens == {"<s>": s}
    assert tokenizer.encode("a cat<s>").tolist() == [97, 32, cat, *b"<s>"]
    assert tokenizer.encode("a cat<s>", special=True).tolist() == [97, 32, cat, s]
    assert tokenizer.decode([cat, s, cat], special=False) == "catcat"


def test_a_special_token_does_not_hide_a_word_where_it_is_text():
    tokenizer = GPT2Tokenizer(PLAIN, [], [AddedToken("[M]s"), AddedToken("s a", special=False)])
    assert tokenizer.encode("[M]s a").tolist() == [*b"[M]", 257]
    assert tokenizer.encode("[M]s a", special=True).tolist() == [256, *b" a"]


def test_a_normalized_token_is_found_in_the_text_as_the_model_reads_it():
    vocab = {token: i for i, token in enumerate([*BERT_ROLES.values(), "a", "b"])}
    added = [AddedToken("ABC", normalized=True), AddedToken("DEF"), AddedToken("Ü", normalized=True)]
    tokenizer = WordPieceTokenizer(vocab, added_tokens=added)
    labels = tokenizer.labels(tokenizer.encode("abc ABCa aBcDEFdef ü", special=True))
    assert labels == ["ABC", "ABC", "a", "ABC", "DEF", "[UNK]", "Ü"]
    cased = WordPieceTokenizer(vocab, do_lower_case=False, added_tokens=added)
    assert cased.labels(cased.encode("ABC abc", special=True)) == ["ABC", "[UNK]"]


def test_what_is_found_at_once_goes_before_what_is_found_later():
    added = [AddedToken("ab", normalized=True), AddedToken("bc")]
    tokenizer = GPT2Tokenizer(PLAIN, [], added)
    assert tokenizer.encode("abc ab", special=True).tolist() == [97, 257, 32, 256]


def test_ids_are_the_vocabularys_or_come_after_it_in_the_order_given():
    vocab = {"a": 0, "b": 1, "<s>": 2}
    tokens = [AddedToken("[X]"), AddedToken("<s>"), AddedToken("[Y]", special=False)]
    placed = place_added_tokens(tokens, {"mask_token": "b", "eos_token": "</s>"}, vocab)
    assert {token.content: i for token, i in placed.items()} == {"b": 1, "<s>": 2, "[X]": 3, "[Y]": 4}
    assert {token.content for token in placed if not token.special} == {"[Y]"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<x>", AddedToken("<x>", special=False, normalized=True)),
        ({"content": "<x>", "special": True}, AddedToken("<x>")),
        ({"content": "<x>", "lstrip": True}, AddedToken("<x>", special=False, lstrip=True, normalized=True)),
        ({"content": "<x>", "special": True, "normalized": True, "id": 3}, AddedToken("<x>", normalized=True)),
    ],
)
def test_how_files_write_one(value, expected):
    assert AddedToken.parse(value) == expected
    assert AddedToken.parse("<x>", special=True) == AddedToken("<x>")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (3, "a string or an object with its content, not 3"),
        ({"special": True}, "a string or an object with its content"),
        ({"content": 3}, "a string or an object with its content"),
        ({"content": "x", "rstrip": "no"}, "the rstrip of the token 'x' must be true or false, not 'no'"),
        ("", "a string of one character or more"),
        ("\ud800", "half of a surrogate pair"),
    ],
)
def test_what_is_none_is_named(value, reason):
    with pytest.raises(ValueError, match=reason):
        AddedToken.parse(value)
