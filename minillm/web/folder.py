"""The folder of pages in which minillm runs: nothing of it needs a server that computes.

`page/` has the parts: frame.html and one HTML file a page, page.css, the pages' programs, and worker.js, in which Python runs. `words/` has
all that the pages say, a file for each language.
"""

import html
import json
import os
import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from minillm.errors import InputError, check_known
from minillm.files import replacing
from minillm.language import LANGUAGES
from minillm.web import archive
from minillm.web.pyodide import Pyodide, from_cdn, from_folder
from minillm.web.writing_desk import MODEL

PARTS = files("minillm.web")
PAGES = {"train": "index.html", "write": "write.html", "exercises": "exercises.html"}
PROGRAMS = ("page.css", "page.js", "loss_curve.js", "train.js", "write.js", "editor.js", "exercises.js", "worker.js")
LIBRARY, WEIGHTS = "minillm.zip", f"{MODEL}.zip"


class Written(NamedTuple):
    """What was written: the names of the files, and what a reader's browser loads, in bytes."""

    names: list[str]
    loads: dict[str, int]


def save_web(
    directory: str | os.PathLike,
    *,
    pyodide: str | os.PathLike | None = None,
    language: str = "en",
    overwrite: bool = False,
) -> Written:
    """Write the folder. pyodide: a folder with a distribution of Pyodide, copied into it; without one, browsers load it from its CDN.

    InputError: a language that isn't there, a distribution with a part missing, files that would be written over without `overwrite`.
    """
    check_known([language], LANGUAGES, "language")
    directory, python = Path(directory), from_cdn() if pyodide is None else from_folder(pyodide)
    contents = {name: (PARTS / "page" / name).read_bytes() for name in PROGRAMS}
    contents |= {LIBRARY: archive.library(), WEIGHTS: archive.model(MODEL)}
    loads = python.sizes | {"minillm": len(contents[LIBRARY]), MODEL: len(contents[WEIGHTS])}
    contents |= {name: _page(page, python, loads, language) for page, name in PAGES.items()}
    names = [*contents, *(path.name for path in python.files)]
    there = [name for name in names if os.path.lexists(directory / name)]
    if there and not overwrite:
        raise InputError(
            f"{directory} holds {', '.join(there[:3])} already.", "Replace them: `overwrite`; or choose another `out`."
        )
    with replacing(directory, names) as new:
        for name, content in contents.items():
            (new / name).write_bytes(content)
        for path in python.files:
            shutil.copyfile(path, new / path.name)
    return Written(names, loads)


def words(language: str) -> dict[str, str]:
    """All that the pages say, by the places where they say it."""
    return json.loads((PARTS / "words" / f"{language}.json").read_text(encoding="utf-8"))


def _page(page: str, python: Pyodide, loads: dict[str, int], language: str) -> bytes:
    said = words(language)
    archives = [LIBRARY] if page != "write" else [LIBRARY, WEIGHTS]
    sizes = {what: size for what, size in loads.items() if what != MODEL or page == "write"}
    data = {
        "page": page,
        "language": language,
        "pyodide": python.url,
        "archives": archives,
        "loads": sizes,
        "words": said,
    }
    parts = {key: html.escape(text) for key, text in said.items()} | {
        "language": language,
        "page": page,
        "title": html.escape(said[f"{page}.title"]),
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),  # it stands in a <script>
    }
    frame, main = ((PARTS / "page" / name).read_text(encoding="utf-8") for name in ("frame.html", f"{page}.html"))
    frame = frame.replace("{{main}}", main)
    return re.sub(r"\{\{([\w.]+)\}\}", lambda place: parts[place[1]], frame).encode("utf-8")
