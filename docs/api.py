"""Write docs/api.md, every public name of minillm with its signature and the first line of its docstring: python docs/api.py"""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import minillm
from minillm.files import write_atomic

PAGE = Path(__file__).with_name("api.md")
DEFAULT = 60  # characters of a default value that are shown


def lines() -> Iterator[str]:
    yield "# Every public name\n"
    yield "Made by `python docs/api.py` from the docstrings; `help(name)` in Python has the rest. A room uses what stands above it.\n"
    yield "## minillm, the door\n"
    for room, names in minillm.DOOR.items():
        where = f"[`minillm.{room}`](#minillm{room})" if room in minillm.ROOMS else f"`minillm.{room}`"
        yield f"From {where}: {', '.join(f'`{name}`' for name in names)}.\n"
    for room in minillm.ROOMS:
        module = importlib.import_module(f"minillm.{room}")
        yield f"## minillm.{room}\n"
        yield f"{first_line(module)}\n"
        names = [name for name in getattr(module, "__all__", ()) if not inspect.ismodule(getattr(module, name))]
        for name in sorted(names, key=str.lower):
            yield f"- `{signature(name, getattr(module, name))}`" + end_of(getattr(module, name))
        yield ""


def signature(name: str, thing: object) -> str:
    """As one calls it; a constant is its name."""
    if not callable(thing):
        return name
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:
        return name
    shown = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    shown = [each.replace(default=Elided(each.default)) if has_default(each) else each for each in shown]
    return f"{name}{inspect.Signature(shown)}"


class Elided:
    """A default value, short enough to be read."""

    def __init__(self, value: object):
        text = getattr(value, "__name__", None) or repr(value)
        self.text = "..." if len(text) > DEFAULT or " at 0x" in text else text

    def __repr__(self) -> str:
        return self.text


def has_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty


def end_of(thing: object) -> str:
    """The first line of a docstring, after a colon; nothing for what has none of its own, such as a constant."""
    documented = inspect.isclass(thing) or inspect.isroutine(thing)
    text = first_line(thing) if documented else ""
    text = re.sub(r"(`[^`]*`)|<(?=[a-z/])", lambda found: found[1] or "&lt;", text)  # a token such as <s> is no HTML
    return f": {text}" if text else ""


def first_line(thing: object) -> str:
    text = (inspect.getdoc(thing) or "").strip()
    return (
        " ".join(text.split("\n\n")[0].split())
        if text and not text.startswith(f"{getattr(thing, '__name__', '')}(")
        else ""
    )


if __name__ == "__main__":
    write_atomic(PAGE, "\n".join(lines()).encode("utf-8"))
