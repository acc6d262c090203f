"""The order of the house: a room uses what stands above it and nothing below, files import each other in no circle, and benchmarks and
lessons are built on the library, not on the command line.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
LIBRARY = REPOSITORY / "minillm"
# Files that all rooms stand on, in this order.
GROUND = (
    "errors",
    "language",
    "visible",
    "units",
    "lazy",
    "files",
    "safetensors",
    "backend",
    "machine",
)
ROOMS = (
    "gpu", "kernels", "ops", "layers", "text", "weights", "models", "objectives", "generation", "metrics", "preferences", "training",
    "pretraining", "finetuning", "alignment", "one_file", "plots", "inspection", "explaining", "gradcheck", "course", "web", "site", "cli",
)  # fmt: skip
FLOORS = {name: floor for floor, name in enumerate((*GROUND, *ROOMS))}


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> list[str]:
    """The modules that a file imports anywhere in it, with the names that it takes from them: minillm.text.corpus.Corpus."""
    found = []
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{name.name}" for name in node.names]
    return found


def room_of(module: str) -> str | None:
    """The room of a module of minillm; None for the door and for others' modules."""
    parts = module.split(".")
    return parts[1] if parts[0] == "minillm" and len(parts) > 1 and parts[1] in FLOORS else None


FILES = sorted(path for path in LIBRARY.rglob("*.py") if path.parent != LIBRARY or path.stem in GROUND)


def test_every_file_has_a_place_in_the_order():
    rooms = {path.name for path in LIBRARY.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    files = {path.stem for path in LIBRARY.glob("*.py")}
    assert rooms == set(ROOMS)
    assert files == {*GROUND, "__init__", "__main__"}


def test_no_room_uses_one_below_it():
    wrong = []
    for path in FILES:
        here = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
        for module in imports(path):
            room = room_of(module)
            if room is not None and FLOORS[room] > FLOORS[here]:
                wrong.append(f"{path.relative_to(REPOSITORY)} imports {module}")
    assert not wrong


def test_no_files_import_each_other_in_a_circle():
    modules = {".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path for path in FILES}
    uses = {
        name: {each for module in imports(path) for each in (module, module.rpartition(".")[0]) if each in modules}
        for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in uses[name] - {name}:
                visit(other, (*way, name))
            done.add(name)

    for name in modules:
        visit(name, ())


@pytest.mark.parametrize("folder", ["benchmarks", "lessons"])
def test_nothing_outside_is_built_on_the_command_line(folder):
    for path in (REPOSITORY / folder).rglob("*.py"):
        assert not [module for module in imports(path) if room_of(module) == "cli"], path


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax", "pickle"])
def test_the_library_knows_no_framework(framework):
    """pickle stays between a run and its own worker processes."""
    users = {path.name for path in FILES for module in imports(path) if module.split(".")[0] == framework}
    assert users <= ({"parallel.py"} if framework == "pickle" else set())


def test_the_library_speaks_of_parameters_and_the_command_line_of_options():
    """A message names a parameter in backticks, which the command line turns into its option; it may name a whole command."""
    for path in FILES:
        if path.relative_to(LIBRARY).parts[0] in ("cli", "course"):
            continue
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                for text in (each.value for each in ast.walk(node) if isinstance(each, ast.Constant)):
                    if isinstance(text, str) and "python -m minillm" not in text:
                        assert not re.search(r"(?<![\w-])--[a-z]", text), f"{path}: {text}"
