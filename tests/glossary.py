"""The terms of docs/glossary.md, for the tests of what is there in Chinese."""

import re
from functools import cache

from minillm.course.outline import ROOT

HAN = re.compile(r"[\u4e00-\u9fff]")
CODE = re.compile(r"```.*?```|`[^`]*`|^ {4}[^\n]*$|\]\([^)]*\)", re.DOTALL | re.MULTILINE)


@cache
def glossary() -> dict[str, list[str]]:
    """The Chinese words for each English one."""
    rows = [line.split(" | ") for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()]
    return {row[0].strip("| "): row[1].split("；") for row in rows if len(row) == 3 and HAN.search(row[1])}


def without_titles(english: str, text: str) -> str:
    """The English without what stands letter for letter in the Chinese as well, between asterisks: titles of papers, words of the data."""
    return re.sub(
        r"(?<!\*)\*[^*]+\*(?!\*)", lambda title: "" if " ".join(title[0].split()) in text else title[0], english
    )


def lost_terms(english: str, text: str) -> dict[str, list[str]]:
    """The terms of an English text that its translation has in no form, with their forms. Code is not read."""
    prose = without_titles(CODE.sub("", english), text)
    # `gradient[rows]`, `x.shape`, `axis=-1` and `ops/loss.py` are code and names of files, though nothing marks them
    said = {term for term in glossary() if re.search(rf"(?<![\w./-]){term}s?(?![\w/-]| ?=|\[)", prose, re.IGNORECASE)}
    return {term: glossary()[term] for term in said if not any(form in text for form in glossary()[term])}
