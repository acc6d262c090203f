"""The pages of the site. Each comes from a file of the repository, and stands in the site where that file stands in the repository."""

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from minillm.course.outline import ROOT, read_outline

# The sections of the menu and their files, in order. The first file that stands alone is the front page.
MENU = {
    "Start": ("README.md",),
    "Lessons": ("lessons/[0-9]*.py",),
    "Guides": ("docs/[!a]*.md", "docs/article.md"),
    "API": ("docs/api.md",),
    "Results": ("RESULTS.md", "benchmarks/*.md", "figures/README.md"),
    "Project": ("CONTRIBUTING.md", "CHANGELOG.md", "TUTOR.md"),
}


class Page(NamedTuple):
    """A page: the file that it comes from, as a path of the repository, and its title in the menu."""

    source: str
    title: str

    @property
    def path(self) -> str:
        """Of its Markdown in the site: what a folder's README says stands on the folder's own page."""
        path = PurePosixPath(self.source)
        return str(path.with_name("index.md") if path.name == "README.md" else path.with_suffix(".md"))

    @property
    def is_lesson(self) -> bool:
        return self.source.endswith(".py")


def sections() -> dict[str, list[Page]]:
    """All pages, by the sections of the menu."""
    return {
        name: [page_of(path) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        for name, patterns in MENU.items()
    }


def page_of(path: Path) -> Page:
    source = path.relative_to(ROOT).as_posix()
    if path.suffix == ".py":
        outline = read_outline(path)
        return Page(source, f"{outline.name} {outline.title}")
    return Page(source, re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)[1])
