"""python -m minillm lesson: list the lessons, run one or all of them, or make a notebook of one."""

import os
import subprocess
import sys
import time
from pathlib import Path

from minillm.cli.terminal import PROGRAM, count, duration, program, say
from minillm.course.desk import USUAL, Desk, exercises_of
from minillm.course.lesson import ROOT
from minillm.course.notebook import to_notebook
from minillm.course.outline import PLANNED, Outline, find, outlines
from minillm.errors import InputError
from minillm.files import write_atomic

DESCRIPTION = """example: python -m minillm lesson 05

Without a number: list the lessons, with their times and what you have done. With one: run that lesson, which prints its numbers and
saves its figures; it is the script lessons/05_....py, to be read beside it. --to ipynb makes a notebook of it instead."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("number", nargs="?", type=int, metavar="NN", help="the lesson")
    add("--all", action="store_true", help="run all of them, one after the other")
    add("--quick", action="store_true", help="a few steps only: does everything run?")
    add("--seed", type=int, metavar="S", help="of the random numbers (0)")
    add("--out", type=Path, metavar="PATH", help="the folder of the figures, or with --to the file of the notebook")
    add("--to", metavar="ipynb", help="write a notebook, and do not run it")
    add("--folder", type=Path, default=USUAL, metavar="DIR", help=f"where your exercises are ({USUAL})")


def run(args) -> int:
    desk = Desk(args.folder)
    if args.all and args.number is not None:
        raise InputError("--all runs all lessons.", "Leave out the number, or --all.")
    if args.number is None and not args.all:
        if args.to or args.quick or args.out or args.seed is not None:
            raise InputError("Of which lesson?", f"Give its number, as in: {PROGRAM} lesson 05 --quick")
        print_list(desk)
        return 0
    if args.to:
        return write_notebook(args)
    chosen = outlines() if args.all else [find(args.number)]
    for outline in chosen:
        code = run_lesson(outline, args, desk)
        if code:
            say(f"Lesson {outline.name} ended with exit code {code}.")
            return code
    return 0


def print_list(desk: Desk) -> None:
    done = desk.done()
    width = max(map(len, [*PLANNED.values(), *(outline.title for outline in outlines())]))
    lines = {
        number: f"  {number:02d}  {title:<{width}} {'':>10}   not written yet" for number, title in PLANNED.items()
    }
    for outline in outlines():
        names = done.get(outline.name, [])
        exercises = [exercise.name for exercise in exercises_of(outline)]
        solved = sum(name in names for name in exercises)
        ran = "✓" if "run" in names else " "
        score = f"{solved} of {count(len(exercises), 'exercise')}"
        lines[outline.number] = (
            f"{ran} {outline.name}  {outline.title:<{width}} {duration(outline.seconds):>10}   {score}"
        )
    print(*(lines[number] for number in sorted(lines)), sep="\n")
    print(f"\n✓: you ran it. Run one: {program()} lesson 01   Check its exercises: {program()} check 01")


def run_lesson(outline: Outline, args, desk: Desk) -> int:
    """Run the script in a Python of its own, as `python lessons/NN_name.py` would."""
    options = ["--quick"] * args.quick + (["--seed", str(args.seed)] if args.seed is not None else [])
    options += ["--out", str(args.out)] if args.out else []
    say(f"lesson {outline.name}: {outline.title}   (lessons/{outline.path.name}, about {duration(outline.seconds)})")
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    clock = time.perf_counter()
    process = subprocess.Popen([sys.executable, str(outline.path), *options], env={**os.environ, "PYTHONPATH": paths})
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    if code == 0:
        say(f"done in {duration(time.perf_counter() - clock)}   next: {program()} check {outline.name}\n")
        if not args.quick:
            desk.note(outline, ["run"])
    return code


def write_notebook(args) -> int:
    if args.to != "ipynb":
        raise InputError(f"A lesson can't become {args.to!r}.", "The one form is --to ipynb.")
    if args.number is None:
        raise InputError("One notebook holds one lesson.", f"Give its number, as in: {PROGRAM} lesson 05 --to ipynb")
    outline = find(args.number)
    path = args.out or Path(f"{outline.path.stem}.ipynb")
    if path.exists():
        raise InputError(
            f"{path} is there already, and may hold your own work.", "Rename it, or name another file with --out."
        )
    write_atomic(path, to_notebook(outline.path.read_text(encoding="utf-8")).encode())
    print(path)
    return 0
