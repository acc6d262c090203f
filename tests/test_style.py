"""Rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = [path for room in ("ops", "layers", "models") for path in sorted((ROOT / "minillm" / room).rglob("*.py"))]
FOLDERS = ("minillm", "lessons", "tests", "benchmarks")
LONE_BRACKET = re.compile(r"\s*[)\]}]+[,:]?\s*#(?! fmt:)")
BY_NAME = {"mask", "source_mask", "target_mask", "memory_mask", "token_types", "bias", "causal", "rng"}


def functions(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_easily_mixed_up_is_given_by_name(path):
    """Two boolean masks in the wrong order fit where source and target are equally long, and nothing would complain."""
    for function in functions(path):
        positional = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        optional = positional[len(positional) - len(function.args.defaults) :]
        assert not BY_NAME & set(optional), f"{function.name} (line {function.lineno})"
        assert len([name for name in positional if name.endswith("mask")]) < 2, (
            f"{function.name} (line {function.lineno})"
        )


def test_no_comment_hangs_on_a_lone_bracket():
    """Where a line is too long with its comment, the formatter breaks it, and leaves the comment behind a bracket.

    Name a part of the expression, or put the comment above.
    """
    files = [ROOT / "start.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LONE_BRACKET.match(line)
    ]
    assert len(files) > 400 and not found, "\n".join(found)
