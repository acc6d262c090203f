"""The process that runs one chat template, in Jinja's sandbox, which keeps it from files but not from loops and memory without end.

It is started by its path, so that it loads nothing but Jinja. It reads {"template": ..., "values": ...} as JSON, where values may be null:
then the template is not run, only read. It writes {"text": ...}, or what is wrong as {"unreadable": ...} or {"refused": ...}.
"""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):  # PYTHONSAFEPATH of Python 3.11
    del sys.path[0]  # the folder of this file: its modules are not to be taken for others of their names

import contextlib
import datetime
import json

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

MEMORY = 2**30  # bytes of address space, of which Python with Jinja takes some thirty million
LONGEST = 10**7  # characters


def raise_exception(message: str):
    raise jinja2.TemplateError(message)


def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox as transformers sets it up."""
    extensions = ["jinja2.ext.loopcontrols"]
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    made.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return made


def answer(template: str, values: dict | None) -> dict:
    try:
        ready = environment().from_string(template)
    except Exception as error:  # of any class: Jinja computes what is constant already here
        return {"unreadable": told(error)}
    try:
        text = "" if values is None else ready.render(values)
    except Exception as error:  # of any class: whatever a template does wrong
        return {"refused": told(error)}
    return {"text": text} if len(text) <= LONGEST else {"refused": f"it writes {len(text):,} characters"}


def told(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


if __name__ == "__main__":
    with contextlib.suppress(ImportError):  # Windows has no limit of memory
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump(answer(**json.load(sys.stdin)), sys.stdout)
