"""Text that others wrote, made fit to be shown: at a terminal, which obeys control characters, and in a figure, whose XML forbids them."""

import unicodedata

LONGEST = 1000  # characters of a message or a description: a name in a file may have a million


def visible(text: str) -> str:
    """The text with U+001B in place of a character that has no shape: one that controls, half of a surrogate pair, one that doesn't exist.

    New lines and tabs stay.
    """
    return "".join(
        f"U+{ord(c):04X}" if unicodedata.category(c).startswith("C") and c not in "\n\t" else c for c in text
    )


def shortened(text: str) -> str:
    """The text, or its beginning and its end if it is longer than LONGEST: messages often end with what counts."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST * 3 // 4]} … {text[-LONGEST // 5 :]}"


def columns(text: str) -> int:
    """How many columns of a terminal, or letters of one width, the text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
