import numpy as np
import pytest

from minillm.errors import InputError
from minillm.text import CharTokenizer


def test_ids_are_places_in_the_sorted_alphabet():
    tokenizer = CharTokenizer.train("hello")
    assert tokenizer.vocab_size == 4
    assert tokenizer.encode("hole").tolist() == [1, 3, 2, 0]
    assert tokenizer.encode("hole").dtype == np.int32


def test_any_text_survives(texts):
    for text in filter(None, texts):
        tokenizer = CharTokenizer.train(text)
        ids = tokenizer.encode(text)
        assert ids.shape == (len(text),)
        assert tokenizer.decode(ids) == text


def test_the_stream_is_the_text(texts):
    tokenizer = CharTokenizer.train("".join(texts))
    for text in texts:
        assert list(tokenizer.stream(iter(tokenizer.encode(text)))) == list(text)


def test_nothing_is_a_text_too():
    tokenizer = CharTokenizer.train("ab")
    assert tokenizer.encode("").shape == (0,)
    assert tokenizer.encode("").dtype == np.int32
    assert tokenizer.decode([]) == ""
    assert tokenizer.labels([]) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("aab cab", "' ' (U+0020) at position 3"),  # below every known character
        ("aabé", "'é' (U+00E9) at position 3"),  # between two known ones
        ("ab👍b", "'👍' (U+1F44D) at position 2"),  # above every known one
    ],
)
def test_an_unknown_character_is_named(text, named):
    tokenizer = CharTokenizer.train("abc我")
    with pytest.raises(InputError) as caught:
        tokenizer.encode(text)
    assert named in caught.value.wrong
    assert "4 characters" in caught.value.wrong
    assert "bpe" in caught.value.remedy


def test_there_must_be_characters_to_learn():
    with pytest.raises(InputError, match="no text to learn"):
        CharTokenizer.train("")
    with pytest.raises(InputError, match=r"U\+DC80, at position 0"):
        CharTokenizer.train("\udc80ab")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 3], "token id 3 is outside the vocabulary, 0 to 2"),
        ([0, 1, -1], "token id -1 is outside"),
        ([0.5], "must be integers, and these are float64"),
        ([[0, 1]], r"shape \(1, 2\)"),
        (1, r"shape \(\)"),
    ],
)
def test_ids_are_checked(ids, message):
    tokenizer = CharTokenizer.train("abc")
    with pytest.raises(ValueError, match=message):
        tokenizer.decode(ids)
    with pytest.raises(ValueError, match=message):
        tokenizer.labels(ids)


def test_a_stream_checks_each_id():
    with pytest.raises(ValueError, match="token id 3"):
        list(CharTokenizer.train("abc").stream([0, 3]))


def test_labels_are_legible():
    tokenizer = CharTokenizer.train(text := "a \n\t\0\x7f\u00a0\u200b\ufffd我")
    labels = ["a", "␣", "↵", "⇥", "U+0000", "U+007F", "U+00A0", "U+200B", "U+FFFD", "我"]
    assert tokenizer.labels(tokenizer.encode(text)) == labels
