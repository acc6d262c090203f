"""Characters as people read them, and the checks on texts and ids that all tokenizers share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minillm.errors import InputError

# Unicode's; what Python's `str.strip` and the \\s of `re` take for it is four control characters more.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
LEGIBLE = {" ": "␣", "\n": "↵", "\t": "⇥", "\ufffd": "U+FFFD"}


def legible(text: str) -> str:
    """The text with every character visible: ␣ for a space, ↵ for a new line, ⇥ for a tab, U+0000 for what has no shape."""
    return "".join(LEGIBLE.get(c, c if c.isprintable() else code_point(c)) for c in text)


def code_point(character: str) -> str:
    """A character's number as Unicode writes it: "U+00E9" for "é"."""
    return f"U+{ord(character):04X}"


def check_text(text: str) -> None:
    """Raise InputError for what is no string, such as the path of a file or its bytes; and for half of a surrogate pair, which Python
    lets into a str although it is no character and has no UTF-8.
    """
    if not isinstance(text, str):
        remedy = "Give a string."
        if isinstance(text, Path):
            remedy = "Read the file first: minillm.read_text(path)."
        elif isinstance(text, bytes):
            remedy = 'Decode it first: data.decode("utf-8").'
        raise InputError(f"A text must be a string, and this is {type(text).__name__}: {str(text)[:60]}.", remedy)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"The text holds half of a surrogate pair, {code_point(text[error.start])}, "
            f"at position {error.start} (counting from 0).",
            "It is no character: read the text again with the encoding that it was written in, or leave it out.",
        ) from None


def check_ids(ids: Sequence[int] | np.ndarray, vocab_size: int) -> np.ndarray:
    """Token ids as a 1-D integer array; ValueError if that is not what they are, or if one is outside the vocabulary."""
    ids = np.asarray(ids)
    if ids.ndim != 1:
        raise ValueError(f"token ids must be a list or a 1-D array, and these have shape {ids.shape}")
    if ids.size == 0:
        return ids.astype(np.int32)
    if ids.dtype.kind not in "iu":
        raise ValueError(f"token ids must be integers, and these are {ids.dtype}")
    outside = (ids < 0) | (ids >= vocab_size)
    if outside.any():
        raise ValueError(f"token id {ids[outside][0]} is outside the vocabulary, 0 to {vocab_size - 1}")
    return ids
