"""Links between files of the repository, turned into links between pages of the site."""

import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from minillm.course.outline import ROOT
from minillm.site.pages import Page

SHOWN = (".png", ".html")  # what comes along beside the pages: figures, and pages to explore
_CODE = r"(?P<code>^ *```.*?^ *```|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))"
_LINK = r"(?P<open>!?\[)(?P<text>(?:`[^`]*`|[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)"
_CODE_OR_LINK = re.compile(f"{_CODE}|{_LINK}", re.MULTILINE | re.DOTALL)


class Links(NamedTuple):
    """own:        the pages in a language, `by_file`.
    others:     those in the other one.
    repository: the repository's address on the web, for files that are no pages; without one they are named as text.
    shown:      what the pages link to and has to come along; it grows as pages are read.
    """

    own: dict[str, Page]
    others: dict[str, Page]
    repository: str | None
    shown: set[str]

    def rewritten(self, text: str, page: Page) -> str:
        """The Markdown of a page, in which every link leads somewhere."""

        def link(found: re.Match) -> str:
            if found["code"] or re.match(r"\w+:|#", found["target"]):
                return found[0]
            path, mark, anchor = found["target"].partition("#")
            file = posixpath.normpath(posixpath.join(posixpath.dirname(page.file), path))
            other = self._page(file, page) or self._page(f"{file}/README.md", page)
            here = posixpath.dirname(page.path) or "."
            if other:
                beside = other.language == page.language
                target = posixpath.relpath(other.path, here) if beside else page.to(other.address)
            elif file.endswith(SHOWN):
                self.shown.add(file)
                target = posixpath.relpath(file, here)
            elif self.repository:
                target = f"{self.repository.rstrip('/').removesuffix('.git')}/{'tree' if (ROOT / file).is_dir() else 'blob'}/HEAD/{file}"
            else:
                return found["text"] if posixpath.basename(file) in found["text"] else f"{found['text']} (`{file}`)"
            return f"{found['open']}{found['text']}]({target}{mark}{anchor})"

        return _CODE_OR_LINK.sub(link, text)

    def _page(self, file: str, page: Page) -> Page | None:
        """The page that is meant by a link to a file: in the language of the page with the link, where it is there in it. But a page
        that names its own file in the other language means that.
        """
        found = self.own.get(file) or self.others.get(file)
        return self.others[file] if found == page and file != page.file else found


def by_file(pages: Iterable[Page]) -> dict[str, Page]:
    """Pages by the file that each comes from, and by the English one."""
    return {file: page for page in pages for file in (page.source, page.file)}
