"""The pages of the site, in a language. Each comes from a file of the repository, and stands in the site where that file does in the
repository: English ones at the top, Chinese ones in zh/.
"""

import posixpath
import re
from pathlib import Path
from typing import NamedTuple

from minillm.course.chinese import prose_path, title, translated
from minillm.course.outline import ROOT, read_outline

# The sections of the menu and their files, in order.
MENU = {
    "Start": ("README.md",),
    "Lessons": ("lessons/[0-9]*.py",),
    "Guides": ("docs/[!a]*.md", "docs/article.md"),
    "API": ("docs/api.md",),
    "Results": ("RESULTS.md", "benchmarks/*.md", "figures/README.md"),
    "Project": ("CONTRIBUTING.md", "CHANGELOG.md", "TUTOR.md"),
}


class Page(NamedTuple):
    """source: the English file that it comes from, as a path of the repository: lessons/05_self_attention.py, docs/api.md.
    file:     that file in the page's language; of a lesson the script.
    title:    what the menu calls it.
    language: "en" or "zh".
    """

    source: str
    file: str
    title: str
    language: str

    @property
    def path(self) -> str:
        """Of its Markdown, in the folder of its language. What a folder's README says stands on the folder's own page."""
        stem = posixpath.splitext(self.source)[0]
        return f"{re.sub('README$', 'index', stem)}.md"

    @property
    def address(self) -> str:
        """Of its HTML, in the whole site."""
        return ("" if self.language == "en" else f"{self.language}/") + self.path.replace(".md", ".html")

    def to(self, address: str) -> str:
        """The relative link from this page to another address of the site."""
        return posixpath.relpath(address, posixpath.dirname(self.address) or ".")


def sections(language: str) -> dict[str, list[Page]]:
    """All pages that there are in a language, which must be spoken now, by the sections of the menu."""
    menu = {}
    for name, patterns in MENU.items():
        paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        if pages := [page for path in paths if (page := _page_of(path, language))]:
            menu[translated(name)] = pages
    return menu


def _page_of(path: Path, language: str) -> Page | None:
    """The page of an English file; None where it is not there in the language."""
    source = path.relative_to(ROOT).as_posix()
    if path.suffix == ".py":
        outline = read_outline(path)
        there = language == "en" or prose_path(outline).exists()
        return Page(source, source, f"{outline.name} {title(outline)}", language) if there else None
    # README.zh.md, docs/zh/api.md
    files = [path] if language == "en" else [path.with_suffix(f".{language}.md"), path.parent / language / path.name]
    for file in filter(Path.exists, files):
        heading = re.search(r"^# (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)[1]
        return Page(source, file.relative_to(ROOT).as_posix(), heading.replace("`", ""), language)
    return None
