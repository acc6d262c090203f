"""Mistakes to plant. Each file `test_planted_*_bugs.py` keeps its own in a dictionary BUGS, by the name of case and mistake."""

import importlib
from collections.abc import Callable
from pathlib import Path


def planter(bugs: dict[str, tuple]) -> Callable:
    """A decorator `bug(case, owner, attribute)`, which enters the function below it in `bugs`: to be planted as `owner.attribute`."""

    def bug(case, owner, attribute="backward"):
        def enter(wrong):
            bugs[f"{case}-{wrong.__name__}"] = (case, owner, attribute, wrong)
            return wrong

        return enter

    return bug


def owners() -> set:
    """The classes and modules that some mistake is planted in, in whatever file."""
    names = [path.stem for path in Path(__file__).parent.glob("test_planted_*_bugs.py") if "_op_" not in path.stem]
    files = [importlib.import_module(f"tests.gradcheck.{name}") for name in names]
    return {owner for file in files for _, owner, _, _ in file.BUGS.values()}
