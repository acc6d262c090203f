"""Links between files of the repository, turned into links between pages of the site."""

import posixpath
import re
from typing import NamedTuple

from minillm.course.outline import ROOT

SHOWN = (".png", ".html")  # what comes along beside the pages: figures, and pages to explore
_CODE = r"(?P<code>^ *```.*?^ *```|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))"
_LINK = r"!?\[(?P<text>(?:`[^`]*`|[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)"
_CODE_OR_LINK = re.compile(f"{_CODE}|{_LINK}", re.MULTILINE | re.DOTALL)


class Links(NamedTuple):
    """pages:      where the page of a file is in the site, by the file's path in the repository.
    repository: the repository's address on the web, for files that are no pages; without one they are named as text.
    shown:      what the pages link to and has to come along; it grows as pages are read.
    """

    pages: dict[str, str]
    repository: str | None
    shown: set[str]

    def rewritten(self, text: str, source: str) -> str:
        """The Markdown of the file `source`, in which every link leads somewhere."""

        def link(found: re.Match) -> str:
            target = found["target"]
            if found["code"] or re.match(r"\w+:|#", target):
                return found[0]
            path, mark, anchor = target.partition("#")
            file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
            page = self.pages.get(file) or self.pages.get(f"{file}/README.md")
            if page:
                here = posixpath.dirname(self.pages[source])
                return found[0].replace(f"({target})", f"({posixpath.relpath(page, here or '.')}{mark}{anchor})")
            if file.endswith(SHOWN):
                self.shown.add(file)
                return found[0]
            if self.repository:
                kind = "tree" if (ROOT / file).is_dir() else "blob"
                return f"[{found['text']}]({self.repository.rstrip('/')}/{kind}/HEAD/{file})"
            return found["text"] if posixpath.basename(file) in found["text"] else f"{found['text']} (`{file}`)"

        return _CODE_OR_LINK.sub(link, text)
