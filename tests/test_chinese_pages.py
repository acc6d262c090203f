"""The pages that are there in Chinese say what the English ones say now: README.zh.md, TUTOR.zh.md and those of docs/zh."""

import re
from collections import Counter
from pathlib import Path

import pytest

from minillm.course.chinese import CHINESE, fingerprint, prose_path, title
from minillm.course.outline import ROOT, outlines
from tests.glossary import HAN, lost_terms

ENGLISH = {page: page.with_name(page.name.replace(".zh", "")) for page in sorted(ROOT.glob("*.zh.md"))}
ENGLISH |= {page: ROOT / "docs" / page.name for page in sorted((ROOT / "docs" / "zh").glob("*.md"))}
LANGUAGES = re.compile(r"^\[(English|中文)\]\(README(\.zh)?\.md\)$", re.MULTILINE)  # from one README to the other
each_page = pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.relative_to(ROOT).as_posix())


def both(page: Path) -> tuple[str, str]:
    """The Chinese text without its mark, and the English one."""
    return page.read_text(encoding="utf-8").partition("\n")[2], ENGLISH[page].read_text(encoding="utf-8")


@each_page
def test_a_page_is_translated_from_the_english_one_that_is_there_now(page):
    mark = page.read_text(encoding="utf-8").partition("\n")[0]
    assert mark == f"<!-- english {fingerprint(ENGLISH[page].read_text(encoding='utf-8'))} -->"


@each_page
def test_code_and_figures_are_those_of_the_english_page(page):
    chinese, english = both(page)
    for blocks in (r"^```.*?^```$", r"^#+ (?:\d+\b)?"):  # in their order
        assert re.findall(blocks, chinese, re.M | re.S) == re.findall(blocks, english, re.M | re.S)
    chinese, english = (re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S) for text in (chinese, english))
    for what in (r"`[^`]+`", r"\d+\.\d+"):
        here, there = (sorted(" ".join(each.split()) for each in re.findall(what, text)) for text in (chinese, english))
        assert here == there


@each_page
def test_a_paragraph_is_in_chinese_and_its_terms_are_those_of_the_glossary(page):
    chinese, english = both(page)
    for paragraph in re.sub(r"^```.*?^```$", "", chinese, flags=re.M | re.S).split("\n\n"):
        assert HAN.search(paragraph) or not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", paragraph), paragraph
    assert not lost_terms(english, chinese)


@each_page
def test_links_lead_somewhere_and_to_the_chinese_page_where_there_is_one(page):
    chinese, english = (LANGUAGES.sub("", text) for text in both(page))
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", chinese) if "://" not in link]
    for target in filter(None, targets):
        path = (page.parent / target).resolve()
        assert path.exists(), target
        assert path not in ENGLISH.values(), f"{target} is there in Chinese"
    assert len(re.findall(r"\]\(", chinese)) == len(re.findall(r"\]\(", english))


def test_the_readme_has_every_number_and_every_picture_of_the_english_one():
    chinese, english = both(ROOT / "README.zh.md")
    assert re.findall(r"^!\[.+\]\((.+)\)$", chinese, re.M) == re.findall(r"^!\[.+\]\((.+)\)$", english, re.M)
    here, there = (Counter(re.findall(r"\d[\d,.]*\d|\d", text)) for text in (chinese, english))
    assert not there - here


def test_the_readmes_lead_to_each_other():
    assert LANGUAGES.findall((ROOT / "README.md").read_text(encoding="utf-8")) == [("中文", ".zh")]
    assert LANGUAGES.findall((ROOT / "README.zh.md").read_text(encoding="utf-8")) == [("English", "")]


@pytest.mark.parametrize(
    "outline", [each for each in outlines() if prose_path(each).exists()], ids=lambda each: each.name
)
def test_a_lesson_is_called_the_same_everywhere(outline, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    name = title(outline).partition("（")[0]
    table, _ = both(ROOT / "README.zh.md")
    teaching, _ = both(ROOT / "docs" / "zh" / "teaching.md")
    assert f"| [{outline.name}](lessons/{outline.path.name}) | {name} |" in table
    assert f"\n| {outline.name} {name} |" in teaching and f"\n### {outline.name} {name}\n" in teaching


@pytest.mark.parametrize(
    "page", [*ENGLISH, *sorted(CHINESE.glob("*.md"))], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_emphasis_ends_where_it_is_meant_to(page):
    """In Markdown asterisks behind a full stop and in front of a letter end nothing: in Chinese a space has to part them."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"(?<!\*)(\*{1,2})(?!\*)([^*\n]+)\1(?!\*)", text):
        assert not re.match(r"[^\w\s]\w", found[2][-1] + text[found.end()]), found[0]
