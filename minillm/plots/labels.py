"""Tokens as labels: always something that a font on this machine can draw, never a box.

matplotlib draws a character that no font has as a box, the same one for every character, and warns once for each.
A token that would end so is shown by its position instead, `#3`; the figure says so and the log gives the key.
"""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache

from matplotlib import font_manager

# matplotlib's own font first; then the fonts for Chinese of Linux, Windows and macOS.
# Before 3.11 matplotlib sees only the first face of a collection: of Noto Sans CJK that is JP, which has the Chinese characters too.
FONTS = [
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Arial Unicode MS",
]

LONGEST = 16  # characters of a label; a longer one would take the room of the picture

NOTE = "#: position of a token or name that no installed font can draw\n(the key is printed on stderr)"

_BREAKS = str.maketrans({"\n": "↵", "\t": "⇥"})
_OUTER_BLANKS = re.compile(r"^ +| +$")
_log = logging.getLogger(__name__)


def font_families() -> list[str]:
    """Those of FONTS that are installed, in order: matplotlib takes each character from the first that has it."""
    installed = set(font_manager.fontManager.get_font_names())
    return [name for name in FONTS if name in installed]


@lru_cache
def _characters(family: str) -> frozenset[int]:
    """The code points that a font can draw. Some have a shape for a control character, for which an SVG has no place."""
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=family)))
    return frozenset(code for code in font.get_charmap() if code >= 0x20)


def is_drawable(text: str) -> bool:
    """Whether every character of the text is in some installed font."""
    fonts = [_characters(family) for family in font_families()]
    return all(any(ord(character) in font for font in fonts) for character in text)


def token_labels(tokens: Sequence[str]) -> tuple[list[str], str]:
    """A label for each token, and a note for the figure: empty, or what the labels that are numbers mean.

    Line breaks and outer blanks are made visible, long tokens are cut, and a token that cannot be drawn becomes `#` and its position.
    """
    labels = [_OUTER_BLANKS.sub(lambda blanks: "␣" * len(blanks[0]), token.translate(_BREAKS)) for token in tokens]
    labels = [label if len(label) <= LONGEST else label[: LONGEST - 1] + "…" for label in labels]
    return _numbered(tokens, labels, "token")


def name_labels(names: Sequence[str]) -> tuple[list[str], str]:
    """A label for each name of a curve, a panel or a group, and the note: as for tokens, but in one line and never cut."""
    return _numbered(names, [" ".join(name.split()) for name in names], "name")


def _numbered(texts: Sequence[str], labels: list[str], kind: str) -> tuple[list[str], str]:
    """The labels of these texts with a number for each that cannot be drawn, and the note; the key goes to the log."""
    key = {f"#{i}": text for i, (text, label) in enumerate(zip(texts, labels, strict=True)) if not is_drawable(label)}
    if not key:
        return labels, ""
    listed = ", ".join(f"{number} = {text!r}" for number, text in key.items())
    _log.warning("no installed font can draw these %ss (Noto Sans CJK has the Chinese ones): %s", kind, listed)
    labels = [f"#{i}" if f"#{i}" in key else label for i, label in enumerate(labels)]
    return labels, NOTE


def text_lines(*texts: str) -> str:
    """Texts under each other: those that are not empty, each of them once."""
    return "\n".join(dict.fromkeys(filter(None, texts)))


def plain_text(text: str) -> str:
    """The text with `?` for each character that cannot be drawn."""
    if is_drawable(text.replace("\n", "")):
        return text
    _log.warning("no installed font can draw all of this text: %r", text)
    return "".join(character if character == "\n" or is_drawable(character) else "?" for character in text)
