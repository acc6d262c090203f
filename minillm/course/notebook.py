"""A lesson as a notebook: the cells of a percent-format script, in the JSON of Jupyter (nbformat 4.5).

The `#>` lines, which promise what a cell prints, are left out: running the cell prints it. Formulas are typeset as far as that is safe.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from minillm.course.chinese import english_prose, prose_of
from minillm.course.outline import Outline
from minillm.errors import InputError
from minillm.files import write_atomic

# Jupyter may run another Python than the one that minillm was installed for.
INSTALL = """\
import importlib.util
import sys

if importlib.util.find_spec("minillm") is None:
    print(f"minillm is not installed for this Python. In the project's folder: {sys.executable} -m pip install -e .")"""
# On a machine that is new each time, such as Colab's, the notebook installs it.
INSTALL_FROM = """\
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("minillm") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", {source!r}], check=True)"""

_BLOCK = re.compile(r"(?:(?<=\n\n)|\A)(?P<indent> *) {4}\S.*(?:\n+(?P=indent) {4}.*)*")
_FENCE = r"^ *```.*?^ *```"
_FENCED = re.compile(f"({_FENCE})", re.DOTALL | re.MULTILINE)
_CODE = re.compile(f"({_FENCE}|``.+?``|`[^`]*`)", re.DOTALL | re.MULTILINE)
_SUBSCRIPT = re.compile(r"(?<!\w)([A-Za-zΑ-Ωα-ω]{1,2})_([A-Za-z0-9]{1,4}|\{[^{}\n]+\})(?![A-Za-z0-9_(])")
_SUPERSCRIPT = re.compile(r"(?<=[\w)])\^(-?\d+(?:\.\d+)?|\((?:[^()\n]|\([^()\n]*\))+\)|[a-z](?:<sub>\w+</sub>)?)(?!\w)")


def cells(source: str, prose: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """The cells of a script, as ("markdown", text) or ("code", text). What stands above the first `# %%` is the docstring.

    prose: the docstring and the Markdown cells in another language, to stand in the place of the script's own.
    """
    docstring, *texts = prose or english_prose(source)
    texts = iter(texts)
    found = [("markdown", _docstring(docstring))]
    for part in ("\n" + source).split("\n# %%")[1:]:
        marker, _, body = part.partition("\n")
        if "[markdown]" in marker:
            found.append(("markdown", typeset(next(texts))))
        else:
            found.append(("code", body.strip("\n")))
    return [cell for cell in found if cell[1]]


def _docstring(text: str) -> str:
    """The title as a heading, and the fields below it as they stand."""
    title, _, rest = text.partition("\n")
    return f"# {title}\n\n```\n{rest.strip()}\n```"


def typeset(text: str) -> str:
    """Markdown in which indented formulas are fenced blocks, which keep their columns, and x_i and e^x in the prose are set as such.

    What is code already, and names such as top_k_of, stay as they are.
    """
    blocks = _FENCED.split(text)
    blocks[::2] = (_BLOCK.sub(_fenced, block) for block in blocks[::2])
    parts = _CODE.split("".join(blocks))
    for at in range(0, len(parts), 2):  # between them stand the pieces of code
        subscripts = _SUBSCRIPT.sub(lambda found: f"{found[1]}<sub>{found[2].strip('{}')}</sub>", parts[at])
        parts[at] = _SUPERSCRIPT.sub(r"<sup>\1</sup>", subscripts)
    return "".join(parts)


def _fenced(block: re.Match) -> str:
    indent = block["indent"]
    return f"{indent}```\n{re.sub('^    ', '', block[0], flags=re.MULTILINE)}\n{indent}```"


def to_notebook(source: str, prose: Sequence[str] | None = None, install: str | None = None) -> str:
    """The notebook of a lesson, as the text of an .ipynb file; for prose see `cells`. Below its head a cell of ours says how to install
    minillm where it is missing, or with `install` has pip install that.
    """
    head, *rest = cells(source, prose)
    first = INSTALL if install is None else INSTALL_FROM.format(source=install)
    entries = []
    for number, (kind, text) in enumerate([head, ("code", first), *rest]):
        shown = "\n".join(line for line in text.split("\n") if kind != "code" or not line.startswith("#>")).rstrip()
        entry = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": shown.splitlines(keepends=True)}
        if kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        entries.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": entries, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def write_notebook(outline: Outline, path: Path | None = None, install: str | None = None) -> Path:
    """The notebook of a lesson as a file. `path` is its name, or a folder that gets it as NN_name.ipynb, by default the working folder.
    InputError if there is a file already.

    install: what pip installs where minillm is missing, such as the address of a wheel, or git+ and that of a repository.
    """
    path = path or Path()
    if path.is_dir():
        path /= f"{outline.path.stem}.ipynb"
    if path.exists():
        raise InputError(
            f"{path} is there already, and may hold your own work.", "Rename it, or name another file with `out`."
        )
    write_atomic(path, to_notebook(outline.path.read_text(encoding="utf-8"), prose_of(outline), install).encode())
    return path
