"""The Chinese half of the course says what the English half says: of each cell, each hint, each diagnosis."""

import json
import re
from pathlib import Path

import pytest

from minillm.course import chinese
from minillm.course.outline import ROOT, outlines
from minillm.course.translating import said, with_new_cells, with_new_words, words_path

HAN = re.compile(r"[\u4e00-\u9fff]")
CODE = re.compile(r"```.*?```|`[^`]*`|^ {4}.*$", re.DOTALL | re.MULTILINE)
TRANSLATED = [outline for outline in outlines() if chinese.prose_path(outline).exists()]
each_lesson = pytest.mark.parametrize("outline", TRANSLATED, ids=lambda outline: outline.name)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def glossary() -> dict[str, list[str]]:
    """The Chinese words for each English one."""
    rows = [line.strip("| \n").split(" | ") for line in read(ROOT / "docs" / "glossary.md").splitlines()]
    return {row[0]: row[1].split("；") for row in rows if len(row) == 3 and HAN.search(row[1])}


def without_titles(english: str, text: str) -> str:
    """The English without what stands letter for letter in the Chinese as well, between asterisks: titles of papers, words of the data."""
    return re.sub(r"\*[^*]+\*", lambda title: "" if " ".join(title[0].split()) in text else title[0], english)


@each_lesson
def test_each_cell_is_translated_from_the_english_one_that_is_there_now(outline):
    marks = [chinese.fingerprint(text) for text in chinese.english_prose(read(outline.path))]
    cells = chinese.chinese_prose(outline)
    assert [mark for mark, _ in cells] == marks
    for mark, text in cells:
        assert HAN.search(text), f"{mark} is not in Chinese"
    assert with_new_cells(outline) == read(chinese.prose_path(outline))


@each_lesson
def test_headings_formulas_and_code_are_those_of_the_english_cell(outline):
    for (_, text), english in zip(
        chinese.chinese_prose(outline), chinese.english_prose(read(outline.path)), strict=True
    ):
        for what in (r"^#+ (?:\d+\.)?", r"`[^`\n]+`", r"\d+\.\d+"):
            assert sorted(re.findall(what, text, re.MULTILINE)) == sorted(re.findall(what, english, re.MULTILINE)), (
                text[:200]
            )


@each_lesson
def test_every_docstring_hint_and_diagnosis_is_there_in_both_languages(outline):
    words = json.loads(read(words_path(outline)))["said"]
    assert list(words) == list(dict.fromkeys(said(outline)))
    for english, text in words.items():
        if not HAN.search(text):  # code alone, which is the same in both
            assert text == english
            compile(text.strip(), "<hint>", "exec")
    assert with_new_words(outline) == read(words_path(outline))


@each_lesson
def test_terms_are_those_of_the_glossary(outline):
    words = json.loads(read(words_path(outline)))["said"]
    pairs = [
        *zip(
            chinese.english_prose(read(outline.path)), (text for _, text in chinese.chinese_prose(outline)), strict=True
        )
    ]
    for english, text in pairs + [(english, text) for english, text in words.items() if text != english]:
        prose = without_titles(CODE.sub("", english), text)
        for term, forms in glossary().items():
            if re.search(rf"(?<![\w-]){term}s?(?![\w-])", prose, re.IGNORECASE):
                assert any(form in text for form in forms), (
                    f"{term} is {forms} in Chinese: {english[:200]!r} -> {text[:200]!r}"
                )
