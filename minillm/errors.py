"""The one error that a user's input can cause."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: what is wrong in one line, and what to do about it in another.

    The command line prints the two lines and exits with code 2; a program may catch it as a ValueError. A parameter stands in backticks,
    such as `context`: on the command line it becomes the option --context.
    """

    def __init__(self, wrong: str, remedy: str):
        super().__init__(f"{wrong}\n{remedy}")
        self.wrong = wrong
        self.remedy = remedy


class MissingPackageError(InputError):
    """A sound file that asks for a package which is not installed."""


def check_known(names: Iterable[object], known: Iterable[str], what: str = "setting") -> None:
    """Raise InputError, with the nearest known one, for a name that is none of the known."""
    known = list(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(known)}."
            raise InputError(f"There is no {what} {name!r}.", remedy)
