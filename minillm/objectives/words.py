"""Where words and sentences begin, for tokens of any tokenizer."""

import re
from typing import Protocol

import numpy as np

# Chinese characters have no spaces between words. \ufffd is some of the bytes of a character, the others being another token.
IDEOGRAPH = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LETTER = f"(?:(?![{IDEOGRAPH}])[^\\W\\d]|['’\ufffd])"

# A Chinese character, or a run of letters, of digits or of other signs, with the white space before it; or white space at the end.
WORD = re.compile(rf"\s*(?:[{IDEOGRAPH}]|{LETTER}+|\d+|[^\w\s'’\ufffd]+)|\s+")

# What ends a sentence: a full stop before white space, a Chinese full stop, or, with neither, a blank line.
SENTENCE_END = re.compile(r"""[.!?…]+["'”’)\]]*(?=\s)|[。！？]+[”’」』）]*|(?<=\S)(?=[^\S\n]*\n\s*\n)""")


INSIDE = "##"  # WordPiece: a piece that goes on with its word


class Decoder(Protocol):
    """What is needed of a tokenizer."""

    def decode(self, ids: list[int]) -> str: ...


def word_starts(ids: np.ndarray, tokenizer: Decoder) -> np.ndarray:
    """Boolean (N,) for token ids (N,): True at the first token of each word.

    A word has the white space before it, as in byte-pair encoding: without the word "cat", "The cat is" is "The is". "don't" is one word,
    a Chinese character is one, and so is a run of punctuation marks. WordPiece's ## goes on with a word, whatever comes after it.
    """
    text, offsets, goes_on = _text(ids, tokenizer)
    starts = _starts(offsets, len(text), [word.start() for word in WORD.finditer(text)])
    starts[1:] &= ~goes_on[1:]
    return starts


def sentence_starts(ids: np.ndarray, tokenizer: Decoder) -> np.ndarray:
    """Boolean (N,) for token ids (N,): True at the first token of each sentence, the white space before it included.

    A rule of thumb: "e.g. this" is taken for two sentences, and a heading for the beginning of what follows if no blank line parts them.
    """
    text, offsets, _ = _text(ids, tokenizer)
    return _starts(offsets, len(text), [end.end() for end in SENTENCE_END.finditer(text)])


def line_starts(ids: np.ndarray, tokenizer: Decoder) -> np.ndarray:
    """Boolean (N,) for token ids (N,): True at the first token of each line, behind the end of the one before it."""
    text, offsets, _ = _text(ids, tokenizer)
    return _starts(offsets, len(text), [end.end() for end in re.finditer("\n", text)])


def _text(ids: np.ndarray, tokenizer: Decoder) -> tuple[str, np.ndarray, np.ndarray]:
    """The text that the tokens make, joined one by one; where in it each begins; and which of them go on with a word by their ##."""
    tokens, which = np.unique(ids, return_inverse=True)
    alone = [tokenizer.decode([token]) for token in tokens.tolist()]
    behind = [_behind(token, piece, tokenizer) for token, piece in zip(tokens.tolist(), alone, strict=True)]
    goes_on = [piece == INSIDE + rest for piece, rest in zip(alone, behind, strict=True)]
    lengths = np.array([len(piece) for piece in behind], dtype=np.int64)[which]
    return "".join([behind[i] for i in which.tolist()]), lengths.cumsum() - lengths, np.array(goes_on, bool)[which]


def _behind(token: int, alone: str, tokenizer: Decoder) -> str:
    """What a token adds to a text: for byte pairs what it is alone, for WordPiece "##ing" is "ing" there, and "cat" is " cat"."""
    twice = tokenizer.decode([token, token])
    # Two halves of a character may make a whole one.
    return twice[len(alone) :] if twice.startswith(alone) else alone


def _starts(offsets: np.ndarray, length: int, places: list[int]) -> np.ndarray:
    starts = np.zeros(length + 1, bool)
    starts[places] = True
    starts[0] = True
    return starts[offsets]
