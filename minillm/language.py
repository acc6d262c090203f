"""The language that the course and the pages speak in: English, or Chinese where the environment asks for it."""

import contextlib
import os
from collections.abc import Iterator

from minillm.errors import InputError

LANGUAGES = ("en", "zh")


def language() -> str:
    """Chinese ("zh") where the environment asks for it, in the order in which gettext reads its variables; else English ("en")."""
    asked = next(filter(None, map(os.environ.get, ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "zh" if asked.lower().startswith("zh") else "en"


def speak(asked: str | None) -> None:
    """Make this the language of the process and of those that it starts; None leaves it as it is. InputError for one that isn't there."""
    if asked is None:
        return
    if asked not in LANGUAGES:
        raise InputError(f"There is no course in {asked!r}.", f"These are there: {', '.join(LANGUAGES)}.")
    os.environ["LANGUAGE"] = asked


@contextlib.contextmanager
def speaking(asked: str) -> Iterator[None]:
    """Make this the language for a while."""
    before = os.environ.get("LANGUAGE")
    speak(asked)
    try:
        yield
    finally:
        os.environ.pop("LANGUAGE")
        if before is not None:
            os.environ["LANGUAGE"] = before
