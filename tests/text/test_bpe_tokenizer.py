import random

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.text import BPETokenizer, bpe, byte_level


@pytest.fixture(scope="module")
def tokenizer(texts):
    return BPETokenizer.train("".join(texts), 300)


def test_any_text_survives(tokenizer, texts):
    untrained = BPETokenizer([])
    for text in texts:
        ids = tokenizer.encode(text)
        assert ids.dtype == np.int32 and ids.ndim == 1
        assert tokenizer.decode(ids) == text
        assert untrained.encode(text).tolist() == list(text.encode("utf-8"))


def test_every_character_is_in_a_word():
    """What the pattern skips would be lost in silence."""
    every = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    random.Random(0).shuffle(every)
    text = "".join(every)
    assert "".join(bpe.WORD.findall(text)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat sat.", ["The", " cat", " sat", "."]),
        ("don't we'll", ["don", "'t", " we", "'ll"]),
        ("in 1984, yes", ["in", " 1984", ",", " yes"]),
        ("x2 snake_case", ["x", "2", " snake_case"]),
        ("a   b\n\n  c  ", ["a", "  ", " b", "\n\n ", " c", "  "]),
        ("我思，故 我在", ["我思", "，", "故", " 我在"]),
        ("a" * 130, ["a" * 64, "a" * 64, "aa"]),
        (" " * 130 + "a", [" " * 64, " " * 64, " ", " a"]),
    ],
)
def test_words_take_the_space_before_them(text, words):
    assert bpe.WORD.findall(text) == words


def test_no_token_can_be_longer_than_the_longest_word():
    text = " " + "𝒂" * 64  # a letter of four bytes
    assert bpe.WORD.findall(text * 2) == [text, text]
    learnt = BPETokenizer.train(text * 4, 1000)
    assert len(learnt.encode(text)) == 1
    assert len(text.encode("utf-8")) == bpe.LONGEST_TOKEN
    assert BPETokenizer.from_json(learnt.to_json()).merges == learnt.merges


def test_merges_stay_inside_words():
    tokenizer = BPETokenizer.train("ab cd " * 50, 100)
    labels = tokenizer.labels(range(256, tokenizer.vocab_size))
    assert {"ab", "␣ab", "␣cd"} <= set(labels)
    assert not any("␣" in label[1:] for label in labels)


def test_fewer_merges_than_asked_is_no_error():
    assert BPETokenizer.train("", 10).vocab_size == 256
    assert BPETokenizer.train("abc", 10).vocab_size == 256
    assert BPETokenizer.train("ab ab", 10).labels([256]) == ["ab"]


def test_odd_texts_are_learnt_too():
    letters = BPETokenizer.train("a" * 1_000_000, 1024)
    assert letters.labels(range(256, letters.vocab_size)) == ["a" * 2**i for i in range(1, 7)]
    chinese = "我们在学习语言模型" * 20_000  # one word without end, but for the 64 characters
    learnt = BPETokenizer.train(chinese, 1024)
    assert learnt.decode(learnt.encode(chinese)) == chinese
    assert len(learnt.encode(chinese)) < len(chinese) / 32


def test_a_thousand_merges_on_shakespeare(shakespeare):
    tokenizer = BPETokenizer.train(shakespeare, 1024)
    assert tokenizer.vocab_size == 1280
    assert {"␣the", "␣you", "ing"} <= set(tokenizer.labels(range(1280)))
    ids = tokenizer.encode(shakespeare)
    assert tokenizer.decode(ids) == shakespeare
    assert len(ids) < len(shakespeare) / 2


def test_the_cache_changes_nothing_and_is_bounded(monkeypatch, tokenizer, texts):
    monkeypatch.setattr(byte_level, "WORDS_AT_ONCE", 3)
    monkeypatch.setattr(byte_level, "CACHED_WORDS", 4)
    cramped = BPETokenizer(tokenizer.merges)
    for text in texts:
        assert cramped.encode(text).tolist() == tokenizer.encode(text).tolist()
        assert len(cramped._cache) <= 4


def test_a_word_is_split_once_only(monkeypatch):
    tokenizer = BPETokenizer([(97, 98)])
    split = []
    apply_merges = byte_level.apply_merges

    def watched(words, rank, joined):
        words = list(words)
        split.extend(map(bytes, words))
        return apply_merges(words, rank, joined)

    monkeypatch.setattr(byte_level, "apply_merges", watched)
    for text in ("ab ab ab", "ab", "ab c"):
        tokenizer.encode(text)
    assert split == [b"ab", b" ab", b" c"]


def test_half_a_surrogate_pair_is_refused(tokenizer):
    for use in (tokenizer.encode, lambda text: BPETokenizer.train(text, 1)):
        with pytest.raises(InputError) as caught:
            use("ab\ud83d")
        assert "half of a surrogate pair, U+D83D, at position 2" in caught.value.wrong
        assert "encoding" in caught.value.remedy


def test_the_stream_is_what_decode_gives(tokenizer, texts):
    """Also for ids that no text has: bytes at random, cut anywhere."""
    rng = random.Random(1)
    runs = [tokenizer.encode(text).tolist() for text in texts]
    runs += [[rng.randrange(tokenizer.vocab_size) for _ in range(50)] for _ in range(200)]
    runs += [
        rng.choices([0x41, 0xE4, 0xBD, 0xA0, 0xED, 0xF0, 0x9F, 0xC3, 0xFF], k=rng.randrange(30)) for _ in range(500)
    ]
    for ids in runs:
        assert "".join(tokenizer.stream(iter(ids))) == tokenizer.decode(ids)


def test_the_stream_holds_back_half_a_character():
    ids = list("a我b".encode())
    assert list(BPETokenizer([]).stream(ids)) == ["a", "我", "b"]
    assert list(BPETokenizer([]).stream(ids[:2])) == ["a", "\ufffd"]


def test_the_stream_does_not_wait():
    """Each character is out before the next id is asked for."""
    asked = []

    def ids():
        for token in b"ab":
            asked.append(token)
            yield token

    stream = BPETokenizer([]).stream(ids())
    assert next(stream) == "a"
    assert asked == [ord("a")]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 257], "token id 257 is outside the vocabulary, 0 to 256"),
        ([-1], "token id -1"),
        ([0.5], "float64"),
    ],
)
def test_ids_are_checked(ids, message):
    tokenizer = BPETokenizer([(97, 98)])
    for use in (tokenizer.decode, tokenizer.labels, lambda ids: list(tokenizer.stream(ids))):
        with pytest.raises(ValueError, match=message):
            use(ids)


def test_labels_are_legible():
    tokenizer = BPETokenizer([(0xE4, 0xBD), (256, 0xA0), (ord(" "), ord("a")), (ord("\n"), 0xE4)])
    labels = ["⟨E4 BD⟩", "你", "␣a", "⟨0A E4⟩", "⟨FF⟩", "U+0000", "↵", "⇥", "a"]
    assert tokenizer.labels([256, 257, 258, 259, 255, 0, 10, 9, 97]) == labels
    assert not any("\ufffd" in label or label.isspace() for label in tokenizer.labels(range(260)))
    replacement = BPETokenizer([(0xEF, 0xBF), (256, 0xBD)])
    assert replacement.labels([257]) == ["U+FFFD"]
