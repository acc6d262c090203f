"""Pages that need no server, no library and no network: the parts of one are put together into a single HTML file.

A page speaks English, or Chinese where the environment asks for it. In its frame every word of it stands as {{its English text}}, in its
programs as translated("its English text"); `chinese.json` beside them has the Chinese. A hole {0} is filled by the program.
"""

import html
import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.language import language
from minillm.visible import shortened, visible

PROGRAM = "offline_page.js"  # what the programs of all pages begin with


def words(folder: Path) -> dict[str, str]:
    """What the page of a folder says in Chinese, by its English text; nothing where English is spoken."""
    if language() == "en":
        return {}
    return json.loads((folder / "chinese.json").read_text(encoding="utf-8"))


def save_page(path: str | os.PathLike, folder: Path, frame: str, data: dict[str, Any], *, title: str, alt: str) -> None:
    """Write the page whose `frame` is in `folder`: {{data}}, {{title}} and {{alt}} stand there in it, {{x.js}} for a file beside it, and
    {{any other text}} for that text in the reader's language.

    `title` heads the page; `alt` says what is drawn to those who cannot see it, and may be one of the page's own texts.
    InputError: no .html file, no title, no alt.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"Cannot write {path}: the viewer is an .html file.", "Give the file this ending.")
    for name, text in (("title", title), ("alternative text", alt)):
        if not text.strip():
            raise InputError(f"{path} has no {name}.", "Say in a few words what is drawn and what to see in it.")
    said = words(folder)
    parts = {
        "language": {"en": "en", "zh": "zh-CN"}[language()],
        "title": html.escape(shortened(visible(title))),
        "alt": html.escape(shortened(visible(said.get(alt, alt)))),
        # Inside <script> only "<" can do harm: it may begin "</script>". JSON can write it as a number.
        "data": json.dumps(data | {"words": said}, ensure_ascii=False).replace("<", "\\u003c"),
        PROGRAM: (files("minillm.plots") / PROGRAM).read_text(encoding="utf-8"),
    }

    def part(place: re.Match) -> str:
        name = place[1]
        if name in parts:
            return parts[name]
        if name.endswith((".css", ".js")):
            return (folder / name).read_text(encoding="utf-8")
        return html.escape(said.get(name, name))

    # All in one pass, so that a token such as {{title}} stays as it is.
    page = re.sub(r"\{\{(.+?)\}\}", part, (folder / frame).read_text(encoding="utf-8"))
    write_atomic(path, page.encode("utf-8"))
