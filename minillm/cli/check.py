"""python -m minillm check: check the exercises of a lesson, and say what went wrong."""

import ast
import traceback
from pathlib import Path

import numpy as np

from minillm.cli.terminal import count, program, say, shell_word
from minillm.course.desk import USUAL, Desk, exercises_of, solution_of
from minillm.course.exercises import Exercise, Verdict, check, load, read, without_markers
from minillm.course.outline import Outline, find, outlines
from minillm.errors import InputError

DESCRIPTION = """example: python -m minillm check 05

Check the exercises of a lesson. The first time, your own copy of them is put into my_exercises/: open it in an editor, write what is
missing, and run this again. A line for each exercise says whether it is right, and if not, what went wrong."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("number", nargs="?", type=int, metavar="NN", help="the lesson")
    add(
        "--hint",
        nargs="?",
        type=int,
        const=1,
        metavar="N",
        help="a hint for the first exercise that is not solved: the first, or hint N",
    )
    add(
        "--solution", action="store_true", help="show the solution of the first exercise that is not solved (or of all)"
    )
    add("--figure", action="store_true", help="draw the right answer, yours, and the difference")
    add("--next", action="store_true", help="check the first lesson that has an exercise left")
    add("--folder", type=Path, default=USUAL, metavar="DIR", help=f"where your exercises are ({USUAL})")


def run(args) -> int:
    desk = Desk(args.folder)
    outline = chosen(args, desk)
    exercises = exercises_of(outline)
    if not exercises:
        raise InputError(f"Lesson {outline.name} has no exercises.", f"See the others: {program()} lesson")
    path, new = desk.copy_of(outline)
    if new:
        say(f"{path} is yours now: open it in an editor and write what is missing.")
    solution = solution_of(outline)
    theirs = load_theirs(path)
    verdicts = [check(exercise, theirs, solution) for exercise in exercises]
    desk.note(outline, [verdict.name for verdict in verdicts if verdict.passed])
    desk.take_back(outline, [verdict.name for verdict in verdicts if not verdict.passed])
    print_verdicts(outline, verdicts)

    left = [(exercise, verdict) for exercise, verdict in zip(exercises, verdicts, strict=True) if not verdict.passed]
    if args.hint is not None:
        print_hint(left, args.hint)
    if args.solution:
        print_solution(solution, left[0][0].name if left else None)
    if args.figure:
        save_figures(desk, outline, verdicts)
    say_next(outline, left, path, args, desk)
    return 1 if left else 0


def chosen(args, desk: Desk) -> Outline:
    """The lesson that was asked for."""
    if args.number is not None:
        if args.next:
            raise InputError("--next finds the lesson itself.", "Leave out the number, or --next.")
        return find(args.number)
    done = desk.done()
    for outline in outlines():
        if any(exercise.name not in done.get(outline.name, []) for exercise in exercises_of(outline)):
            return outline
    raise InputError(
        "Every exercise of every lesson is solved.", "Check one again by its number, or write a lesson of your own."
    )


def load_theirs(path: Path):
    """A student's file as a module; InputError where Python can't read it."""
    try:
        return load(read(path), path.name)
    except SyntaxError as error:
        raise InputError(f"{path} line {error.lineno}: {error.msg}.", "Mend that line, then check again.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8 in your editor.") from None
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        raise InputError(
            f"{path} line {line}: {type(error).__name__}: {error}.", "Mend that line, then check again."
        ) from None


def print_verdicts(outline: Outline, verdicts: list[Verdict]) -> None:
    print(f"lesson {outline.name}: {outline.title}")
    for verdict in verdicts:
        print(f"  {'✓' if verdict.passed else '✗'} {verdict.name}{': ' * bool(verdict.message)}{verdict.message}")
    print(f"{sum(verdict.passed for verdict in verdicts)} of {count(len(verdicts), 'exercise')} solved", flush=True)


def print_hint(left: list[tuple[Exercise, Verdict]], number: int) -> None:
    if not left:
        raise InputError("There is nothing left to hint at.", "All of these exercises are solved.")
    exercise, _ = left[0]
    if not 1 <= number <= len(exercise.hints):
        raise InputError(
            f"There is no hint {number} for {exercise.name}.", f"There are hints 1 to {len(exercise.hints)}."
        )
    print(f"\nhint {number} of {len(exercise.hints)} for {exercise.name}: {exercise.hints[number - 1]}")


def print_solution(solution: str, name: str | None) -> None:
    """The text of one function of the solution, or all of it."""
    text = without_markers(solution)
    if name is None:
        print(f"\n{text}")
        return
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            print(f"\n{ast.get_source_segment(text, node)}")


def save_figures(desk: Desk, outline: Outline, verdicts: list[Verdict]) -> None:
    """target | yours | difference of each exercise whose first answer is an array of the right shape."""
    from minillm.plots import comparison, refuse_to_replace, save

    for verdict in verdicts:
        target, yours = first_array(verdict.target), first_array(verdict.yours)
        if target is None:
            say(f"{verdict.name}: its answer is not an array, so there is nothing to draw")
        elif yours is None or yours.shape != target.shape:
            say(f"{verdict.name}: no picture until it returns an array {target.shape}")
        else:
            path = desk.folder / f"{outline.name}_{verdict.name}.png"
            refuse_to_replace(path, "Move it away, or name another --folder.")
            alt = f"Three panels for {verdict.name}: the right answer, yours, and their difference, which is zero where you are right."
            save(comparison(target, yours, title=verdict.name), path, alt=alt)
            say(f"{verdict.name}: {path}")


def first_array(answer) -> np.ndarray | None:
    """The answer, or the first part of it, that is an array to draw: two axes at most, others taken at 0."""
    for part in answer if isinstance(answer, (tuple, list)) else [answer]:
        if isinstance(part, np.ndarray) and part.ndim and part.dtype.kind in "fiub":
            return part.reshape(-1, *part.shape[-2:])[0].astype(float) if part.ndim > 2 else part.astype(float)
    return None


def say_next(outline: Outline, left: list, path: Path, args, desk: Desk) -> None:
    folder = f" --folder {shell_word(args.folder)}" if args.folder != USUAL else ""
    if left:
        say(f"{path}   a hint: {program()} check {outline.name} --hint{folder}")
    else:
        say(f"All right. next: {program()} check --next{folder}")
