"""python -m minillm check: check the exercises of a lesson, and say what went wrong."""

from pathlib import Path

from minillm.cli.terminal import count, program, say, shell_word
from minillm.course.checking import Checked, check_lesson, first_array
from minillm.course.desk import USUAL, Desk, solution_of
from minillm.course.diagnosis import Verdict
from minillm.course.exercises import solution_text
from minillm.course.outline import Outline, find
from minillm.errors import InputError

PRINTED = 10  # lines that are shown of what a student's code prints

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
    outline = lesson_asked_for(args, desk)
    print(f"lesson {outline.name}: {outline.title}", flush=True)
    checked = check_lesson(outline, desk, tell=print_verdict)
    exercises = len(checked.exercises)
    print(f"{exercises - len(checked.left)} of {count(exercises, 'exercise')} solved", flush=True)
    if checked.new:
        say(f"{checked.path} is yours now: open it in an editor and write what is missing.")
    if args.hint is not None:
        print_hint(checked, args.hint)
    if args.solution:
        name = checked.left[0].name if checked.left else None
        print(f"\n{solution_text(solution_of(outline), name)}")
    if args.figure:
        save_figures(desk, outline, checked)
    folder = f" --folder {shell_word(args.folder)}" if args.folder != USUAL else ""
    if checked.left:
        say(f"{checked.path}   a hint: {program()} check {outline.name} --hint{folder}")
        return 1
    say(f"All right. next: {program()} check --next{folder}")
    return 0


def lesson_asked_for(args, desk: Desk) -> Outline:
    """By its number, or the first with an exercise left."""
    if args.number is not None:
        if args.next:
            raise InputError("--next finds the lesson itself.", "Leave out the number, or --next.")
        return find(args.number)
    for lesson in desk.progress():
        if lesson.solved < lesson.exercises:
            return lesson.outline
    raise InputError(
        "Every exercise of every lesson is solved.", "Check one again by its number, or write a lesson of your own."
    )


def print_verdict(verdict: Verdict) -> None:
    print(
        f"  {'✓' if verdict.passed else '✗'} {verdict.name}{': ' * bool(verdict.message)}{verdict.message}", flush=True
    )
    printed = verdict.printed.splitlines()
    for line in printed[:PRINTED]:
        say(f"    | {line}")
    if len(printed) > PRINTED:
        say(f"    | ... ({verdict.name} printed more)")


def print_hint(checked: Checked, number: int) -> None:
    if not checked.left:
        raise InputError("There is nothing left to hint at.", "All of these exercises are solved.")
    exercise = checked.left[0]
    if not 1 <= number <= len(exercise.hints):
        raise InputError(
            f"There is no hint {number} for {exercise.name}.", f"There are hints 1 to {len(exercise.hints)}."
        )
    print(f"\nhint {number} of {len(exercise.hints)} for {exercise.name}: {exercise.hints[number - 1]}")


def save_figures(desk: Desk, outline: Outline, checked: Checked) -> None:
    """target | yours | difference of each exercise whose first answer is an array of the right shape."""
    from minillm.plots import comparison, refuse_to_replace, save

    for verdict in checked.verdicts:
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
