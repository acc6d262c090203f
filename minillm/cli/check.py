"""python -m minillm check: check the exercises of a lesson, and say what went wrong."""

import json

from minillm.cli.parser import add_language, path
from minillm.cli.terminal import program, say, shell_word
from minillm.course.checking import Checked, check_all, check_lesson, to_draw
from minillm.course.chinese import title, translated
from minillm.course.desk import USUAL, Desk, exercise_named, solution_of
from minillm.course.diagnosis import Verdict
from minillm.course.exercises import Exercise, solution_text
from minillm.course.outline import Outline, find, outlines
from minillm.errors import InputError
from minillm.language import speak
from minillm.units import count
from minillm.visible import visible

PRINTED = 10  # lines that are shown of what a student's code prints

DESCRIPTION = """example: python -m minillm check 05

Check the exercises of a lesson. The first time, your own copy of them is put into my_exercises/: open it in an editor, write what is
missing, and run this again. A line for each exercise says whether it is right, and if not, what went wrong."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("number", nargs="?", type=int, metavar="NN", help="the lesson")
    add(
        "--hint",
        nargs="*",
        metavar=("NAME", "N"),
        help="a hint for the exercise NAME, or for the first that is not solved: the first hint, or hint N",
    )
    add(
        "--solution", action="store_true", help="show the solution of the first exercise that is not solved (or of all)"
    )
    add("--figure", action="store_true", help="draw the right answer, yours, and the difference")
    add("--next", action="store_true", help="check the first lesson that has an exercise left")
    add("--all", action="store_true", help="check all lessons, and put nothing into the folder (for teachers)")
    add("--json", action="store_true", help="print the verdicts as JSON: lesson, exercise, passed, diagnosis, seconds")
    add("--seed", type=int, default=0, help="of the numbers that the functions are called with (default 0)")
    add("--folder", type=path, default=USUAL, metavar="DIR", help=f"where the exercises are (default {USUAL})")
    add_language(add)


def run(args) -> int:
    speak(args.lang)
    refuse_what_excludes_itself(args)
    desk = Desk(args.folder)
    if args.all:
        return run_all(desk, args.seed, args.json)
    name, number = wanted_hint(args.hint)
    if name:
        print_hint(exercise_named(name, outlines() if args.number is None else [find(args.number)]), number)
        return 0
    outline = lesson_asked_for(args, desk)
    if args.json:
        checked = check_lesson(outline, desk, args.seed)
        print_json([(outline, checked.verdicts)])
        return 1 if checked.left else 0
    shown = []

    def show(verdict: Verdict) -> None:
        if not shown:  # nothing is printed where there is nothing to check
            print(translated(f"lesson {outline.name}: {title(outline)}"))
        shown.append(verdict)
        print_verdict(verdict)

    checked = check_lesson(outline, desk, args.seed, show)
    exercises = len(checked.exercises)
    print(translated(f"{exercises - len(checked.left)} of {count(exercises, 'exercise')} solved"), flush=True)
    if checked.new:
        say(translated(f"{checked.path} is yours now: open it in an editor and write what is missing."))
    if args.hint is not None:
        if not checked.left:
            raise InputError("There is nothing left to hint at.", "All of these exercises are solved.")
        print_hint(checked.left[0], number)
    if args.solution:
        name = checked.left[0].name if checked.left else None
        print(f"\n{solution_text(solution_of(outline), name)}")
    if args.figure:
        save_figures(desk, outline, checked)
    folder = f" --folder {shell_word(args.folder)}" if args.folder != USUAL else ""
    if checked.left:
        say(translated(f"{checked.path}   a hint: {program()} check {outline.name} --hint{folder}"))
        return 1
    say(translated(f"All right. next: {program()} check --next{folder}"))
    return 0


def refuse_what_excludes_itself(args) -> None:
    if args.seed < 0:
        raise InputError(f"--seed {args.seed} is negative.", "Give 0 or more.")
    more = args.hint is not None or args.solution or args.figure
    if args.all and (args.number is not None or args.next or more):
        raise InputError(
            "--all checks all lessons.", "Leave out --all, or the number, --next, --hint, --solution, --figure."
        )
    if args.json and more:
        raise InputError("--json prints the verdicts alone.", "Leave out --json, or --hint, --solution and --figure.")


def run_all(desk: Desk, seed: int, as_json: bool) -> int:
    """Check every lesson; the exit code says whether everything is solved."""
    found = []
    for outline, verdicts in check_all(desk, seed):
        found.append((outline, verdicts))
        if not as_json:
            print(translated(f"lesson {outline.name}: {title(outline)}"))
            for verdict in verdicts:
                print_verdict(verdict)
    if as_json:
        print_json(found)
    passed = [verdict.passed for _, verdicts in found for verdict in verdicts]
    say(translated(f"{sum(passed)} of {count(len(passed), 'exercise')} solved"))
    return 0 if all(passed) else 1


def print_json(found: list[tuple[Outline, list[Verdict]]]) -> None:
    print(json.dumps([verdict.row(outline.name) for outline, verdicts in found for verdict in verdicts], indent=1))


def wanted_hint(words: list[str] | None) -> tuple[str, int]:
    """The name of the exercise ("" for the first that is left) and the number of the hint: of `--hint`, `2`, `merge`, `merge 2`."""
    match words or []:
        case []:
            return "", 1
        case [word] if word.isdecimal():
            return "", int(word)
        case [word]:
            return word, 1
        case [word, number] if not word.isdecimal() and number.isdecimal():
            return word, int(number)
    raise InputError(
        f"--hint {' '.join(words)} is not understood.",
        "--hint, --hint 2, --hint NAME or --hint NAME 2; the lesson's number stands before it.",
    )


def lesson_asked_for(args, desk: Desk) -> Outline:
    """By its number, or the first with an exercise left."""
    if args.number is not None:
        if args.next:
            raise InputError("--next finds the lesson itself.", "Leave out the number, or --next.")
        return find(args.number)
    return desk.first_unsolved()


def print_verdict(verdict: Verdict) -> None:
    message = visible(verdict.message)  # it may quote what a student's code raised
    print(f"  {'✓' if verdict.passed else '✗'} {verdict.name}{': ' * bool(message)}{message}", flush=True)
    printed = verdict.printed.splitlines()
    for line in printed[:PRINTED]:
        say(f"    | {line}")
    if len(printed) > PRINTED:
        say(f"    | ... {translated(f'({verdict.name} printed more)')}")


def print_hint(exercise: Exercise, number: int) -> None:
    head = translated(f"hint {number} of {len(exercise.hints)} for {exercise.name}:")
    print(f"\n{head} {exercise.hint(number)}")


def save_figures(desk: Desk, outline: Outline, checked: Checked) -> None:
    """target | yours | difference of each exercise whose first answer is an array of the right shape."""
    from minillm.plots import comparison, refuse_to_replace, save

    for verdict in checked.verdicts:
        target, yours = to_draw(verdict)
        if target is None:
            say(translated(f"{verdict.name}: its answer is not an array, so there is nothing to draw"))
        elif yours is None or yours.shape != target.shape:
            say(translated(f"{verdict.name}: no picture until it returns an array {target.shape}"))
        else:
            path = desk.folder / f"{outline.name}_{verdict.name}.png"
            refuse_to_replace(path, "Move it away, or name another --folder.")
            alt = f"Three panels for {verdict.name}: the right answer, yours, and their difference, which is zero where you are right."
            save(comparison(target, yours, title=verdict.name), path, alt=alt)
            say(f"{verdict.name}: {path}")
