"""A function of the user's own, out of a Python file that they named."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from minillm.errors import InputError


def load_function(path: Path, name: str) -> Callable:
    """The function `name` of a Python file, which is run for it: only for a file that the user wrote on the command line.

    InputError if there is no such file, if running it fails, or if it has no such function.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", f"Name the Python file that defines {name}.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # anything may be in it
        raise InputError(
            f"{path} can't be run: {one_line(error)}.", f"Run python {path} and mend what it says."
        ) from error
    if not callable(function := getattr(module, name, None)):
        there = sorted(key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        raise InputError(
            f"{path} has no function {name}.",
            f"It has {', '.join(there)}." if there else f"Write def {name}(texts): ...",
        )
    return function


def one_line(error: BaseException) -> str:
    """What went wrong in somebody else's code, in one line and without a full stop."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(" .:")
