"""From a text to its words, as BERT reads it: cleaned, in lower case, every punctuation mark and every Chinese character a word.

Devlin et al. 2019, and the BasicTokenizer of the tokenization.py published with it, as Hugging Face's `tokenizers` has it today: a
character that is newer than the Unicode tables is kept, and lower case looks at one character at a time.
"""

import unicodedata
from collections.abc import Callable

# CJK Unified Ideographs, their extensions A to E, and the compatibility ones. Japanese kana and Korean Hangul are none of them: they stand
# in words.
IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
# For BERT $ + < = > ^ ` | ~ are punctuation, though Unicode has them as symbols.
ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class BasicTokenizer:
    """`strip_accents` None is as `do_lower_case`: uncased models read "é" as "e", cased ones don't."""

    def __init__(
        self, do_lower_case: bool = True, strip_accents: bool | None = None, tokenize_chinese_chars: bool = True
    ):
        self.do_lower_case = do_lower_case
        self.strip_accents = strip_accents
        self.tokenize_chinese_chars = tokenize_chinese_chars
        self._strips = do_lower_case if strip_accents is None else strip_accents
        self._clean = _Table(self._cleaned)
        self._finish = _Table(self._finished)
        self._part = _Table(_parted)

    def words(self, text: str) -> list[str]:
        return self.split(self.normalize(text))

    def normalize(self, text: str) -> str:
        """A text without control characters, Chinese characters apart, in lower case and without accents if that is wanted."""
        text = text.translate(self._clean)
        if self._strips:
            text = unicodedata.normalize("NFD", text)  # é becomes e and an accent, which then is left out
        return text.translate(self._finish)

    def split(self, normalized: str) -> list[str]:
        """The words of a normalized text."""
        return normalized.translate(self._part).split()

    def _cleaned(self, character: str) -> str:
        """White space as a space, no control characters, a Chinese character with a space on either side."""
        if character in "\t\n\r" or unicodedata.category(character) in ("Zs", "Zl", "Zp"):
            return " "
        if character in "\0\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co"):
            return ""
        if self.tokenize_chinese_chars and any(first <= ord(character) <= last for first, last in IDEOGRAPHS):
            return f" {character} "
        return character

    def _finished(self, character: str) -> str:
        """In lower case, no accents."""
        if self._strips and unicodedata.category(character) == "Mn":
            return ""
        return character.lower() if self.do_lower_case else character


def _parted(character: str) -> str:
    """A punctuation mark with a space on either side."""
    is_mark = character in ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P"
    return f" {character} " if is_mark else character


class _Table(dict):
    """A table for str.translate that works out each character when it first comes up."""

    def __init__(self, work_out: Callable[[str], str]):
        self._work_out = work_out

    def __missing__(self, code: int) -> str:
        self[code] = character = self._work_out(chr(code))
        return character
