import numpy as np
import pytest

from minillm.objectives import line_starts, sentence_starts, word_starts
from minillm.text import BPETokenizer, CharTokenizer, WordPieceTokenizer
from minillm.text.wordpiece import BERT_ROLES

TEXT = """The cat isn't on the table. Is it? "No!" she said.
It sleeps 12.5 hours, no less

HEADING

x_1 = f(a);  猫在桌子上。它睡觉。 """
WORDS = (
    """The| cat| isn't| on| the| table|.| Is| it|?| "|No|!"| she| said|.|\nIt| sleeps| 12|.|5| hours|,| no| less"""
    "|\n\nHEADING|\n\nx_|1| =| f|(|a|);|  猫|在|桌|子|上|。|它|睡|觉|。| "
)
SENTENCES = [
    "The cat isn't on the table.",
    " Is it?",
    ' "No!"',
    " she said.",
    "\nIt sleeps 12.5 hours, no less",
    "\n\nHEADING",
    "\n\nx_1 = f(a);  猫在桌子上。",
    "它睡觉。",
    " ",
]


def pieces(ids, starts, tokenizer):
    return [tokenizer.decode(part) for part in np.split(ids, np.flatnonzero(starts)[1:])]


@pytest.fixture(params=["char", "bytes", "bpe"])
def tokenizer(request):
    if request.param == "char":
        return CharTokenizer.train(TEXT)
    return BPETokenizer.train(TEXT * 3, {"bytes": 0, "bpe": 60}[request.param])


def test_words(tokenizer):
    """Byte pairs end where words end, whatever was merged. Of Chinese, single bytes show no characters: there a run is one word."""
    ids = tokenizer.encode(TEXT)
    starts = word_starts(ids, tokenizer)
    assert starts.shape == ids.shape and starts.dtype == bool
    found = pieces(ids, starts, tokenizer)
    if isinstance(tokenizer, CharTokenizer):
        assert "|".join(found) == WORDS
    assert WORDS.startswith("|".join(found[:33])) and "".join(found) == TEXT


def test_sentences(tokenizer):
    ids = tokenizer.encode(TEXT)
    found = pieces(ids, sentence_starts(ids, tokenizer), tokenizer)
    if isinstance(tokenizer, CharTokenizer):
        assert found == SENTENCES
    assert found[:6] == SENTENCES[:6]


def test_lines(tokenizer):
    """Each with its end; an empty line is one, and white space that stays together in a token stays in its line."""
    text = "The cat. It is.\nNo!\n\n  her"
    ids = tokenizer.encode(text)
    found = pieces(ids, line_starts(ids, tokenizer), tokenizer)
    assert "".join(found) == text and found[0] == "The cat. It is.\n"
    if isinstance(tokenizer, CharTokenizer):
        assert found == ["The cat. It is.\n", "No!\n", "\n", "  her"]


def test_without_the_word_the_space_goes_too():
    text = "The cat is on the table"
    tokenizer = CharTokenizer.train(text)
    ids = tokenizer.encode(text)
    words = pieces(ids, word_starts(ids, tokenizer), tokenizer)
    assert "".join(words[:1] + words[2:]) == "The is on the table"


def test_no_tokens_and_one():
    tokenizer = CharTokenizer("a")
    for ids in (np.array([], np.int32), np.array([0], np.int32)):
        for starts in (word_starts, sentence_starts, line_starts):
            assert starts(ids, tokenizer).tolist() == [True] * len(ids)


def test_word_pieces_belong_to_the_word_that_they_go_on_with():
    """As in BERT, where a digit or a sign after ## goes on with its word too. A window may begin inside a word."""
    pieces = ["the", "cat", "play", "##ing", "##s", "##2", "##'s", ".", "猫", "桌"]
    tokenizer = WordPieceTokenizer({piece: i for i, piece in enumerate([*BERT_ROLES.values(), *pieces])})
    words = [["##ing"], ["the"], ["play", "##ing", "##2", "##'s"], ["."], ["cat", "##s"], ["猫"], ["桌"], ["[UNK]"]]
    ids = np.array([tokenizer.vocab[piece] for word in words for piece in word])
    expected = [place == 0 for word in words for place in range(len(word))]
    assert word_starts(ids, tokenizer).tolist() == expected
    assert np.flatnonzero(sentence_starts(ids, tokenizer)).tolist() == [0, 7]


def test_a_byte_pair_of_two_sharps_is_no_word_piece():
    tokenizer = BPETokenizer.train("x## y " * 9, 3)
    ids = tokenizer.encode("x## y")
    assert tokenizer.decode(ids[1:2]) == "##"
    assert pieces(ids, word_starts(ids, tokenizer), tokenizer) == ["x", "##", " y"]
