"""A function of the user's own, out of a Python file that they named."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from minillm.errors import InputError


def load_function(path: Path, source: bytes, name: str) -> Callable:
    """The function `name` of a Python file, whose `source` is run for it: only for a file that the user named themselves.

    What runs are these very bytes, and never a compiled copy beside the file, which may be of another program. InputError if running them
    fails, or if they define no such function.
    """
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    try:
        exec(compile(source, path, "exec"), vars(module))
    except (Exception, SystemExit) as error:  # anything may be in it
        raise InputError(
            f"{path} can't be run: {one_line(error)}.", f"Run python {path} and mend what it says."
        ) from error
    if not callable(function := getattr(module, name, None)):
        functions = sorted(key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        raise InputError(
            f"{path} has no function {name}.",
            f"It has {', '.join(functions)}." if functions else f"Write def {name}(texts): ...",
        )
    return function


def one_line(error: BaseException) -> str:
    """What went wrong in somebody else's code, in one line and without a full stop."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(" .:")
