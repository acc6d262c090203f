"""The HTML of the site: no word is lost on the way, every link and anchor leads somewhere, and nothing is fetched from the network."""

import html as entities
import re
import shutil
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from minillm.course.outline import outlines
from minillm.errors import InputError
from minillm.site import build
from minillm.site.project import SETTINGS
from tests.chromium import Chromium, needs_chromium
from tests.npm import npm_package

FENCE = re.compile(r"^( *`{3,}.*?\n.*?^ *`{3,}$)", re.MULTILINE | re.DOTALL)
VOID = {"img", "br", "hr", "input", "link", "meta", "source"}


class Read(HTMLParser):
    """What a page links to, what it loads, its anchors, and the text of its article."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.links, self.loads, self.anchors, self.counts, self.text = path, [], [], set(), {}, []
        self.inside = 0  # how deep in the article
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        elif attributes.get("src") or (tag == "link" and attributes.get("rel") in ("stylesheet", "preconnect")):
            self.loads.append(attributes.get("src") or attributes["href"])
        if tag == "article" or (self.inside and tag not in VOID):
            self.inside += 1
        if self.inside:
            self.counts[tag] = self.counts.get(tag, 0) + 1
            self.text.append(attributes.get("alt", ""))

    def handle_endtag(self, tag):
        if self.inside and tag not in VOID:
            self.inside -= 1

    def handle_data(self, data):
        if self.inside:
            self.text.append(data.replace("¶", ""))


@pytest.fixture(scope="module")
def pages(project, html):
    """All of them, without those that the lessons draw."""
    shown = {path.relative_to(project / name) for name in SETTINGS for path in (project / name).rglob("*.html")}
    shown |= {Path("zh") / path for path in shown}
    return {path: Read(path) for path in sorted(html.rglob("*.html")) if path.relative_to(html) not in shown}


def written(project: Path, pages: dict[Path, Read]) -> Iterator[tuple[str, Read]]:
    """The Markdown of every page and what became of it."""
    for name in SETTINGS:
        for path in sorted((project / name).rglob("*.md")):
            built = project / "site" / ("" if name == "en" else name) / path.relative_to(project / name)
            yield (
                re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL),
                pages[built.with_suffix(".html")],
            )


def test_every_link_and_anchor_leads_somewhere(html, pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = unquote(link).partition("#")
            if re.match(r"https?:", target) or path.name == "404.html":
                continue
            file = (path.parent / target).resolve() if target else path
            if not file.is_file() or (anchor and file in pages and anchor not in pages[file].anchors):
                dead.append((path.name, link))
    assert not dead
    assert len(pages) > 40 and sum(len(page.links) for page in pages.values()) > 3000


def test_nothing_comes_from_the_network(html, pages):
    loads = {load for page in pages.values() for load in page.loads}
    assert loads and not [load for load in loads if re.match(r"(https?:)?//", load)]
    for path, page in pages.items():
        assert path.name == "404.html" or all((path.parent / load).resolve().is_file() for load in page.loads)
    assert not re.findall(r"url\(['\"]?https?:", (html / "assets" / "site.css").read_text(encoding="utf-8"))


def letters(text: str) -> str:
    """A text without blanks and without what may be a mark."""
    return "".join(re.findall(r"\w|[<>&=^~%+]", text))


def words(markdown: str) -> str:
    """The letters of a page as Markdown: without marks, numbers of lists, and addresses."""
    parts = FENCE.split(markdown)
    for at, part in enumerate(parts):
        if at % 2:  # a fenced block: its first and last line are marks
            parts[at] = part.partition("\n")[2].rpartition("\n")[0]
        else:
            titled = re.sub(r'^\?\?\? \w+ "(.*)"$', r"\1", part, flags=re.MULTILINE)
            plain = re.sub(r"<!--.*?-->|\]\([^()\s]+\)|</?(sub|sup|iframe)\b[^>]*>", "", titled)
            parts[at] = entities.unescape(re.sub(r"^ *\d+\. ", "", plain, flags=re.MULTILINE))
    return letters("".join(parts))


def test_no_word_and_no_sign_is_lost(project, pages):
    for markdown, page in written(project, pages):
        assert letters("".join(page.text)) == words(markdown), page.path


def test_blocks_are_what_they_were_meant_to_be(project, pages):
    """A list without a blank line above it, or a table in a list, would become a paragraph."""
    for markdown, page in written(project, pages):
        prose = "".join(FENCE.split(markdown)[::2])
        wanted = {
            "li": len(re.findall(r"^ *(?:[-*]|\d+\.) ", prose, re.MULTILINE)),
            "table": len(re.findall(r"^\|[-:| ]+\|$", prose, re.MULTILINE)),
            "strong": len(
                re.findall(r"\*\*(?=\S)(?:(?!\n\n).)+?(?<=\S)\*\*", re.sub("`[^`]*`", "code", prose), re.DOTALL)
            ),
            "pre": len(FENCE.findall(markdown)),
            "details": len(re.findall(r"^\?\?\? ", prose, re.MULTILINE)),
        }
        assert {name: page.counts.get(name, 0) for name in wanted} == wanted, page.path


def test_formulas_keep_their_columns(html):
    text = entities.unescape((html / "lessons" / "12_read_its_mind.html").read_text(encoding="utf-8"))
    assert "heads' mean  1    0        A  1     0         A A  1       0\n             0.5  0.5" in text
    assert "x<sub>i</sub>" in (html / "lessons" / "05_self_attention.html").read_text(encoding="utf-8")


def test_a_bar_in_the_code_of_a_table_stays_one(html):
    page = (html / "docs" / "preferences.html").read_text(encoding="utf-8")
    assert (
        "<td>all alike, behind <code>&lt;|good|&gt;</code> or <code>&lt;|bad|&gt;</code> in front of the line</td>"
        in page
    )


def test_lessons_follow_each_other(html):
    for before, after in zip(outlines(), outlines()[1:], strict=False):
        page = (html / "lessons" / f"{before.path.stem}.html").read_text(encoding="utf-8")
        assert re.search(rf'<link rel="next" href="[./]*(lessons/)?{after.path.stem}.html">', page)


def test_every_page_leads_to_itself_in_the_other_language(html):
    here, there = (html / name / "12_read_its_mind.html" for name in ("lessons", "zh/lessons"))
    assert 'href="../zh/lessons/12_read_its_mind.html"' in here.read_text(encoding="utf-8")
    assert 'href="../../lessons/12_read_its_mind.html"' in there.read_text(encoding="utf-8")
    assert '<html lang="zh"' in there.read_text(encoding="utf-8")


def test_a_link_to_a_heading_that_is_not_there_is_told_with_its_place(html, project, tmp_path):
    shutil.copytree(project, tmp_path / "broken", ignore=shutil.ignore_patterns("site", "zh"))
    page = tmp_path / "broken" / "en" / "TUTOR.md"
    lines = page.read_text(encoding="utf-8") + "\n[a](docs/api.md#nowhere)\n"
    page.write_text(lines, encoding="utf-8")
    with pytest.raises(InputError, match=f"TUTOR.md:{lines.count(chr(10))}, anchor does not exist"):
        build(tmp_path / "broken")


FOUND = """(function found(root) {
  return [...root.querySelectorAll("*")].flatMap(element => !element.shadowRoot ? [] :
    [...element.shadowRoot.querySelectorAll("a")].map(link => link.getAttribute("href")).concat(found(element.shadowRoot)));
})(document)"""


@needs_chromium
@pytest.mark.parametrize(("page", "word"), [("index.html", "rollout"), ("zh/lessons/14_translate.html", "归纳头")])
def test_a_word_is_found_without_a_server(html, tmp_path, page, word):
    browser = Chromium(tmp_path)
    browser.open(html / page)
    browser.click("document.querySelector('.md-search__button')")
    found, typed, end = [], False, time.monotonic() + 20
    while not any("12_read_its_mind" in link for link in found) and time.monotonic() < end:
        time.sleep(0.2)
        if not typed and browser.run("document.activeElement.shadowRoot !== null"):
            browser.call("Input.insertText", text=word)
            typed = True
        found = browser.run(FOUND)
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    wrong = [e for e in browser.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
    browser.close()
    assert any("12_read_its_mind" in link for link in found) and not wrong
    assert asked and not [url for url in asked if url.startswith("http")]


@needs_chromium
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_no_page_is_wider_than_the_window_and_axe_finds_nothing_serious(html, tmp_path, width, dark):
    axe = (npm_package("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    browser = Chromium(tmp_path)
    for page in ("index", "lessons/05_self_attention", "benchmarks/index", "docs/api", "zh/lessons/12_read_its_mind"):
        browser.open(html / f"{page}.html", width=width, dark=dark)
        browser.run("for (const fold of document.querySelectorAll('details')) fold.open = true")
        browser.wait("!document.querySelector('.md-typeset > table')")  # each is in a frame that scrolls by then
        assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page
        browser.run(axe)
        found = browser.run("axe.run().then(({violations}) => violations.map(({id, impact}) => [id, impact]))")
        assert not [each for each in found if each[1] in ("serious", "critical")], page
    browser.close()
