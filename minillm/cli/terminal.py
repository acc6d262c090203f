"""What a person at a terminal sees: messages on stderr, times in words, commands that can be copied."""

import os
import re
import shutil
import sys
from pathlib import Path

PROGRAM = "python -m minillm"  # how messages write it; `program()` is how it is called from here


def say(text: str = "") -> None:
    """A message for the person: stderr, so that stdout holds nothing but the result."""
    print(text, file=sys.stderr, flush=True)


def program() -> str:
    """How this program is called from here: `python -m minillm`, or by the interpreter's path where `python` is another one."""
    python = shutil.which("python")
    if python is None or not os.path.samefile(Path(python).parent, Path(sys.executable).parent):
        here = Path(sys.executable)
        python = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
        return f"{shell_word(python)} -m minillm"
    return PROGRAM


def duration(seconds: float) -> str:
    """75.2 -> `1 min 15 s`."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def shell_word(text: object) -> str:
    """The text as one word of a command that can be copied: in quotes where a shell would take it apart."""
    text = str(text)
    if re.fullmatch(r"[\w./:+-]+" if os.name != "nt" else r"[\w./:\\+-]+", text):
        return text
    return '"' + re.sub(r'([\\"$`])', r"\\\1", text) + '"'
