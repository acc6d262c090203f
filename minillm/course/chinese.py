"""The course in Chinese: its prose, its hints and what is said of answers. Code and numbers are those of the English scripts.

`lessons/zh/NN_name.md` has the prose of a lesson, cell by cell. Above each cell stands the hash of the English one, so that a test can tell
which has to be translated anew. `lessons/zh/NN_name.json` has, by its English text, what else is said in that lesson (docstrings of
exercises, hints, diagnoses) and drawn (words in figures); `lessons/zh/phrases.json` what is said in all of them, with {0}, {1} ... where a
name, a number or another phrase stands. `python -m minillm.course.translating` brings the files up to date with the English.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from minillm.course.outline import FOLDER, Outline
from minillm.errors import InputError
from minillm.language import language

CHINESE = FOLDER / "zh"
_CELL = re.compile(r"^<!-- english ([0-9a-f]{8}) -->\n", re.MULTILINE)
_HOLE = re.compile(r"\{(\d)\}")
# a space beside a hole that was filled with Chinese
_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff，：。])|(?<=[，：。]) (?=[\u4e00-\u9fff])")


def fingerprint(text: str) -> str:
    """The hash of a cell, which changes with every letter of it."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:8]


def english_prose(source: str) -> list[str]:
    """The docstring of a lesson's script and its Markdown cells, as they stand in it."""
    cells = [ast.get_docstring(ast.parse(source))]
    for part in source.split("\n# %% [markdown]\n")[1:]:
        body = part.partition("\n# %%")[0].strip("\n")
        cells.append("\n".join(line.removeprefix("#").removeprefix(" ") for line in body.split("\n")))
    return cells


def prose_path(outline: Outline) -> Path:
    return CHINESE / f"{outline.path.stem}.md"


def chinese_prose(outline: Outline) -> list[tuple[str, str]]:
    """The cells of a lesson in Chinese: the hash of the English cell, and the text. InputError where there are none."""
    path = prose_path(outline)
    if not path.exists():
        raise InputError(f"Lesson {outline.name} is not there in Chinese.", "Take --lang en.")
    _, *parts = _CELL.split(path.read_text(encoding="utf-8"))
    return [(mark, text.strip()) for mark, text in zip(parts[::2], parts[1::2], strict=True)]


def prose_of(outline: Outline) -> list[str]:
    """The docstring and the Markdown cells of a lesson in the reader's language. InputError where they are not there in it."""
    if language() == "en":
        return english_prose(outline.path.read_text(encoding="utf-8"))
    return [text for _, text in chinese_prose(outline)]


def title(outline: Outline) -> str:
    """The title of a lesson in the reader's language."""
    if language() == "en" or not prose_path(outline).exists():
        return outline.title
    heading = chinese_prose(outline)[0][1].partition("\n")[0]
    return heading.removeprefix("#").partition("：")[2]


def docstrings(source: str) -> Iterator[str]:
    """The docstrings of a file of exercises, as they stand in it: its own, and those of its functions."""
    tree = ast.parse(source)
    for node in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))):
        if text := ast.get_docstring(node, clean=False):
            yield text


def with_translated_docstrings(source: str) -> str:
    """A file of exercises, or of their solutions, for the reader."""
    for text in docstrings(source):
        source = source.replace(f'"""{text}"""', f'"""{translated(text)}"""')
    return source


def translated(text: str) -> str:
    """What the course says, in the reader's language; as it is, where no words are known for it."""
    if language() == "en":
        return text
    _in_words.cache_clear()
    return _in_words(text)


def both_translated(wrong: str, remedy: str) -> tuple[str, str]:
    """The two lines of an error in the reader's language; both as they are, where no words are known for one of them."""
    lines = translated(wrong), translated(remedy)
    return (wrong, remedy) if wrong in lines or remedy in lines else lines


@cache  # of one text: its parts are asked for again and again
def _in_words(text: str) -> str:
    if not text.strip() or text in _words():
        return _words().get(text, text)
    with_words, with_holes = _phrases()
    return _in_phrase(text, with_words) or _sentence_by_sentence(text) or _in_phrase(text, with_holes) or text


def _in_phrase(text: str, phrases: list[tuple[re.Pattern, str]]) -> str:
    """The Chinese of the first phrase that a text is, empty where it is none."""
    for pattern, chinese in phrases:
        if found := pattern.fullmatch(text):
            parts = {name: _part(part or "") for name, part in found.groupdict().items()}
            filled = _HOLE.sub(lambda hole, parts=parts: parts[f"hole{hole[1]}"], chinese)
            return _GAP.sub("", filled)
    return ""


def _part(text: str) -> str:
    """What fills a hole: another phrase; the name of a variable, which stays as it is, though a figure may say the same word; or a value,
    perhaps with a sentence behind it.
    """
    if text.isidentifier():
        return text
    if found := _known(text):
        return found
    for stop in re.finditer(r"\. ", text):
        if sentence := _known_sentence(text[stop.end() :]):
            return f"{text[: stop.start()]}。{sentence}"
    return text


def _sentence_by_sentence(text: str) -> str:
    """Two messages, one behind the other: sentences, or after a colon, where the first may be the name of a value. Empty where one of them
    has no words.
    """
    for stop in re.finditer(r"[.?:] ", text):
        mark, name = text[stop.start()], text[: stop.start()]
        rest = text[stop.end() :]
        is_name = mark == ":" and name.isidentifier()
        first = name if is_name else _words().get(name + mark) or _known(name) or _known(name + mark)
        second = _known_sentence(rest)
        if first and second:
            return first + ("" if first[-1] in "。？" else "：" if mark == ":" else "。") + second
    return ""


def _known(text: str) -> str:
    """The Chinese of a text, empty where it has none."""
    found = _in_words(text)
    return found if found != text else ""


def _known_sentence(text: str) -> str:
    """The same of a text that may begin with a capital because it stands behind another one."""
    return _known(text) or _known(text[:1].lower() + text[1:])


@lru_cache
def _words() -> dict[str, str]:
    """What is said and drawn, in Chinese by its English text."""
    words = {}
    for path in sorted(CHINESE.glob("*.json")):
        for part in json.loads(path.read_text(encoding="utf-8")).values():
            words |= part
    return words


@lru_cache
def _phrases() -> tuple[list[tuple[re.Pattern, str]], list[tuple[re.Pattern, str]]]:
    """Patterns of those that begin with words, and of those that begin with a hole, with what they become; first what leaves least open."""
    patterns = ([], [])
    for english in sorted(filter(_HOLE.search, _words()), key=lambda english: -len(_HOLE.sub("", english))):
        parts = _HOLE.split(english)  # text, number, text ...
        parts[::2] = map(re.escape, parts[::2])
        parts[1::2] = (f"(?P<hole{number}>.*?)" for number in parts[1::2])
        if not parts[0]:  # what stands first is one message, not several
            parts[1] = parts[1].replace(".*?", "(?:(?![.:?] ).)*?")
        patterns[not parts[0]].append((re.compile("".join(parts), re.DOTALL), _words()[english]))
    return patterns
