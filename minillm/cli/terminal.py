"""What a person at a terminal sees: messages on stderr, commands that can be copied."""

import contextlib
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TextIO

from minillm.visible import visible

PROGRAM = "python -m minillm"  # how messages write it; `program()` is how it is called from here


def say(text: str = "") -> None:
    """A message for the person: stderr, so that stdout holds nothing but the result. Work goes on where nobody can read it.

    Names of files, of tensors and pieces of texts may be anybody's: none gets to control the terminal.
    """
    try:
        print(visible(text), file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def shown(text: str) -> str:
    """A result as stdout gets it: a terminal obeys control characters, and a file or a pipe gets the text as it is."""
    return visible(text) if sys.stdout.isatty() else text


def silence(stream: TextIO) -> None:
    """What can't be written to this stream any more, now or when Python ends, goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_streams() -> None:
    """Standard streams that were closed before the start (`>&-`) are nowhere, not None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def program() -> str:
    """How this program is called from here: `python -m minillm`, or by the interpreter's path where `python` is another one."""
    python = shutil.which("python")
    if python is None or not os.path.samefile(Path(python).parent, Path(sys.executable).parent):
        python = Path(sys.executable)
        with contextlib.suppress(FileNotFoundError, ValueError):  # the working folder is gone, or elsewhere
            python = python.relative_to(Path.cwd())
        return f"{shell_word(python)} -m minillm"
    return PROGRAM


def shell_word(text: object) -> str:
    """The text as one word of a command that can be copied: in quotes where a shell would take it apart."""
    text = str(text)
    if os.name != "nt":
        return shlex.quote(text) if text.isprintable() else f"$'{_as_escapes(text)}'"
    if re.fullmatch(r"[\w./:\\+-]+", text):
        return text
    return '"' + re.sub(r'([\\"$`])', r"\\\1", text) + '"'


def _as_escapes(text: str) -> str:
    """Its bytes, for what can't be shown, as \\xff: between $' and ' a shell makes them bytes again."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "\\'" else f"\\x{byte:02x}" for byte in os.fsencode(text)
    )
