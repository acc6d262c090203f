"""Pages that need no server, no library and no network: the parts of one are put together into a single HTML file."""

import html
import json
import os
import re
from pathlib import Path
from typing import Any

from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.visible import shortened, visible


def save_page(path: str | os.PathLike, folder: Path, frame: str, data: dict[str, Any], *, title: str, alt: str) -> None:
    """Write the page whose `frame` is in `folder`: {{data}}, {{title}} and {{alt}} stand there in it, and {{x.js}} for a file beside it.

    `title` heads the page; `alt` says what is drawn to those who cannot see it.
    InputError: no .html file, no title, no alt.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"Cannot write {path}: the viewer is an .html file.", "Give the file this ending.")
    for name, text in (("title", title), ("alternative text", alt)):
        if not text.strip():
            raise InputError(f"{path} has no {name}.", "Say in a few words what is drawn and what to see in it.")
    parts = {
        "title": html.escape(shortened(visible(title))),
        "alt": html.escape(shortened(visible(alt))),
        # Inside <script> only "<" can do harm: it may begin "</script>". JSON can write it as a number.
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
    }

    def part(place: re.Match) -> str:
        name = place[1]
        return parts[name] if name in parts else (folder / name).read_text(encoding="utf-8")

    # All in one pass, so that a token such as {{title}} stays as it is.
    page = re.sub(r"\{\{([a-z.]+)\}\}", part, (folder / frame).read_text(encoding="utf-8"))
    write_atomic(path, page.encode("utf-8"))
