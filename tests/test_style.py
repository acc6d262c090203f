"""Rules of the house that no linter knows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = [path for room in ("ops", "layers", "models") for path in sorted((ROOT / "minillm" / room).rglob("*.py"))]
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
