"""A lesson as a page: its prose, its code, what that prints, its figures, and its exercises with hints and solutions to unfold.

Nothing is run. What the code prints stands in its `#>` lines, and its figures lie in figures/.
"""

import ast
import html
import itertools
import re
from collections.abc import Iterator
from textwrap import indent

from PIL import Image

from minillm.course.chinese import prose_of, translated, with_translated_docstrings
from minillm.course.desk import exercises_of, solution_of, stub_path
from minillm.course.exercises import Exercise, read, solution_text
from minillm.course.notebook import cells, typeset
from minillm.course.outline import ROOT, Outline
from minillm.language import language

FIGURES = ROOT / "figures"
READ_SO = (
    "Below the code stands what it prints. A number lies within ± with other random numbers too, and … is any text."
)
_EXERCISES = re.compile(r"^## (?:Exercises|练习)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def lesson_page(outline: Outline) -> str:
    """The Markdown of a lesson, in the reader's language."""
    words = prose_of(outline)
    parts = [_head(words[0])]
    for kind, text in cells(outline.path.read_text(encoding="utf-8"), words)[1:]:
        if kind == "markdown":
            parts.append(_EXERCISES.sub(lambda found: f"{found[0].strip()}\n\n{_exercises(outline)}\n\n", text))
        else:
            parts += [*_code(text), *_figures(outline, text)]
    return "\n\n".join(parts) + "\n"


def _head(docstring: str) -> str:
    """The title, and the fields below it (Question, Time ...) as a list of definitions."""
    title, _, rest = docstring.partition("\n")
    fields = re.findall(r"^(\S.*?)  +(.*(?:\n  .*)*)", rest, re.MULTILINE)
    return "\n\n".join([f"# {title}", *(f"{name}\n:   {_value(value)}" for name, value in fields), translated(READ_SO)])


def _value(text: str) -> str:
    text = re.sub(r"\s*\n\s*", " ", text)
    return f"`{text}`" if text.startswith("python ") else typeset(text)


def _code(cell: str) -> Iterator[str]:
    """A cell of code in pieces, each with what it prints below it."""
    for is_output, lines in itertools.groupby(cell.split("\n"), key=lambda line: line.startswith("#>")):
        text = "\n".join(line.removeprefix("#>").removeprefix(" ") if is_output else line for line in lines).strip("\n")
        if text:
            yield _fenced(text, "{ .text .output }" if is_output else "python")


def _fenced(text: str, kind: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence} {kind}\n{text}\n{fence}"


def _figures(outline: Outline, cell: str) -> Iterator[str]:
    """What a cell draws: the pictures with the alternative texts that their files carry, and the pages to explore."""
    names = {name.removeprefix(f"{outline.name}_").removesuffix(".png"): name for name in outline.figures}
    calls = (node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call))
    given = [argument.value for call in calls for argument in call.args if isinstance(argument, ast.Constant)]
    for name in (names[value] for value in given if value in names):  # lesson.save(figure, "scores", alt=...)
        drawn = _drawn(name)
        if name.endswith(".html"):
            page = (FIGURES / drawn).read_text(encoding="utf-8")
            title = html.unescape(re.search("<title>(.*?)</title>", page)[1])
            frame = f'<iframe src="../figures/{drawn}" title="{html.escape(title)}" loading="lazy"></iframe>'
            yield f"{frame}\n\n[{translated(f'On a page of its own: {title}')}](../figures/{drawn})"
        else:
            with Image.open(FIGURES / name) as picture:
                yield f"![{translated(picture.info['Description'])}](../figures/{drawn})"


def _drawn(name: str) -> str:
    """A figure in the reader's language, where it was drawn in it."""
    there = f"{language()}/{name}"
    return there if (FIGURES / there).exists() else name


def _exercises(outline: Outline) -> str:
    """The exercises of a lesson: what to write, and to unfold one by one its hints and the solution."""
    stub = with_translated_docstrings(read(stub_path(outline)))
    tasks = {node.name: node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)}
    parts = []
    for exercise in exercises_of(outline):
        parts += _exercise(exercise, tasks[exercise.name], solution_text(solution_of(outline), exercise.name))
    return "\n\n".join(parts)


def _exercise(exercise: Exercise, task: ast.FunctionDef, solution: str) -> Iterator[str]:
    yield f"### `{exercise.name}`"
    yield _fenced(ast.unparse(ast.FunctionDef(**vars(task) | {"body": []})).strip(), "python")
    yield typeset(ast.get_docstring(task))
    for number in range(1, len(exercise.hints) + 1):
        yield _fold("tip", translated(f"Hint {number}"), typeset(exercise.hint(number)))
    yield _fold("success", translated("Solution"), _fenced(solution, "python"))


def _fold(kind: str, title: str, text: str) -> str:
    return f'??? {kind} "{title}"\n\n{indent(text, "    ")}'
