"""The pages to explore in two languages: every text that one can show has its Chinese, and there is no Chinese of what none shows."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from minillm.course.outline import ROOT
from minillm.inspection import page
from minillm.plots import html
from tests.glossary import HAN, lost_terms

FOLDERS = {"attention": Path(html.VIEWER), "step": Path(page.VIEWER)}
each_page = pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
SENTENCE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
CODE = {"linear-gradient(to right, ", "td.read, td.chosen"}  # what is no sentence, though it has words side by side


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def chinese(folder: Path) -> dict[str, str]:
    return json.loads(read(folder / "chinese.json"))


def literals(program: str) -> list[tuple[str, str]]:
    """Each text in quotes, and each piece of a template around what is put into it; with what stands before it."""
    found, brackets, place = [], [], 0
    code, template = (
        re.compile(r'//[^\n]*|"((?:[^"\\\n]|\\.)*)"|([`{}])'),
        re.compile(r"((?:[^`$\\]|\\.|\$(?!\{))*)(`|\$\{)"),
    )
    inside = False  # a template
    while match := (template if inside else code).search(program, place):
        place = match.end()
        if match[1] is not None:
            found.append((match[1], program[: match.start()].rstrip('"')[-20:]))
        if match[2] in ("`", "${"):
            inside = not inside
        if match[2] in ("{", "${"):
            brackets.append(match[2])
        elif match[2] == "}":
            inside = brackets.pop() == "${"
    assert not brackets and not inside
    return found


def programs(folder: Path) -> list[tuple[str, str]]:
    return [literal for path in sorted(folder.glob("*.js")) for literal in literals(read(path))]


def said(folder: Path) -> set[str]:
    """Every text that the page can show."""
    frame = {
        text
        for path in folder.glob("*.html")
        for text in re.findall(r"\{\{(.+?)\}\}", read(path))
        if text not in ("language", "title", "alt", "data") and not text.endswith((".css", ".js"))
    }
    own = {page.ALT} if folder == FOLDERS["step"] else set()
    return own | frame | {text for text, before in programs(folder) if before.endswith("translated(")}


@each_page
def test_each_text_has_its_chinese_and_no_chinese_is_stale(folder):
    texts, there = said(folder), set(chinese(folder))
    assert len(texts) > 20
    assert (texts - there, there - texts) == (set(), set()), "missing, and stale"


@each_page
def test_the_chinese_has_the_same_holes_and_the_terms_of_the_glossary(folder):
    for english, text in chinese(folder).items():
        assert HAN.search(text) or not re.search("[a-z]", english), english
        assert sorted(re.findall(r"\{\d\}", text)) == sorted(re.findall(r"\{\d\}", english)), english
        assert not lost_terms(english, text), (english, lost_terms(english, text))


@each_page
def test_no_program_has_a_sentence_that_is_not_translated(folder):
    for text, before in programs(folder):
        assert before.endswith("translated(") or text in CODE or not SENTENCE.search(text), text
    for path in folder.glob("*.js"):
        assert not re.search(r'translated\((?!")', read(path)), "what is translated stands there as it is"


class Frame(HTMLParser):
    """What a frame says: its texts, and the attributes that are read out or shown."""

    def __init__(self, source: str):
        super().__init__()
        self.texts, self.tags = [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.texts += [text for name, text in attributes if name in ("aria-label", "title", "placeholder", "alt")]

    def handle_data(self, text):
        if self.tags and self.tags[-1] not in ("script", "style"):
            self.texts.append(text)


@each_page
def test_no_frame_has_a_word_that_is_not_translated(folder):
    for path in folder.glob("*.html"):
        texts = Frame(read(path)).texts
        assert len(texts) > 5
        for text in texts:
            assert not re.search("[A-Za-z]", re.sub(r"\{\{.+?\}\}", "", text)), text


@pytest.mark.parametrize(
    "path", sorted((ROOT / "figures").rglob("*.html")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_the_pages_of_the_lessons_have_the_words_of_now(path):
    assert (path.parent / "zh" / path.name).exists() or path.parent.name == "zh", "each is there in both languages"
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', read(path))[1])
    folder = FOLDERS["step" if "nodes" in data else "attention"]
    assert data["words"] == (chinese(folder) if path.parent.name == "zh" else {})
