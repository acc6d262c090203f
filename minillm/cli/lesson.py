"""python -m minillm lesson: list the lessons, run one or all of them, or make a notebook of one."""

import time

from minillm.cli.parser import add_language, path
from minillm.cli.terminal import PROGRAM, program, say
from minillm.course.chinese import title, translated
from minillm.course.desk import USUAL, Desk
from minillm.course.notebook import write_notebook
from minillm.course.outline import find, outlines
from minillm.course.running import run_lesson
from minillm.errors import InputError
from minillm.language import speak
from minillm.units import count, duration
from minillm.visible import columns

DESCRIPTION = """example: python -m minillm lesson 05

Without a number: list the lessons, with their times and what you have done. With one: run that lesson, which prints its numbers and
saves its figures; it is the script lessons/05_....py, to be read beside it. --to ipynb makes a notebook of it instead."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("number", nargs="?", type=int, metavar="NN", help="the lesson")
    add("--all", action="store_true", help="run all of them, one after the other")
    add("--quick", action="store_true", help="a few steps only: does everything run?")
    add("--seed", type=int, metavar="S", help="of the random numbers (default 0)")
    add(
        "--out",
        type=path,
        metavar="PATH",
        help="the folder of the figures; with --to a file for the notebook, or a folder that is there",
    )
    add("--to", metavar="ipynb", help="write a notebook, and do not run it")
    add(
        "--install",
        metavar="WHAT",
        help="with --to: what pip installs where minillm is missing, such as git+https://... (for Colab)",
    )
    add("--folder", type=path, metavar="DIR", help=f"where your exercises are (default {USUAL})")
    add_language(add)


def run(args) -> int:
    speak(args.lang)
    if args.all and args.number is not None:
        raise InputError("--all runs all lessons.", "Leave out the number, or --all.")
    if args.number is None and not args.all:
        if args.to or args.install or args.quick or args.out or args.seed is not None:
            raise InputError("Of which lesson?", f"Give its number, as in: {PROGRAM} lesson 05 --quick")
        print_list(Desk(args.folder or USUAL))
        return 0
    if args.to:
        if args.to != "ipynb":
            raise InputError(f"A lesson can't become {args.to!r}.", "The one form is --to ipynb.")
        if args.number is None:
            raise InputError(
                "One notebook holds one lesson.", f"Give its number, as in: {PROGRAM} lesson 05 --to ipynb"
            )
        if args.quick or args.seed is not None or args.folder:
            raise InputError(
                "A notebook is written and not run: --quick, --seed and --folder have no meaning for it.",
                "Leave them out; --out says where the notebook goes.",
            )
        print(write_notebook(find(args.number), args.out, args.install))
        return 0
    if args.install:
        raise InputError(
            "--install is for a notebook.", f"As in: {PROGRAM} lesson 05 --to ipynb --install {args.install}"
        )
    for outline in outlines() if args.all else [find(args.number)]:
        about = f"({outline.shown}, about {duration(outline.seconds)})"
        say(translated(f"lesson {outline.name}: {title(outline)}   {about}"))
        clock = time.perf_counter()
        code = run_lesson(outline, quick=args.quick, seed=args.seed, out=args.out, folder=args.folder)
        if code:
            say(translated(f"Lesson {outline.name} ended with exit code {code}."))
            return code
        took = duration(time.perf_counter() - clock)
        say(translated(f"done in {took}   next: {program()} check {outline.name}") + "\n")
    return 0


def print_list(desk: Desk) -> None:
    lessons = desk.progress()
    titles = [title(lesson.outline) for lesson in lessons]
    width = max(map(columns, titles))
    for name, lesson in zip(titles, lessons, strict=True):
        tick = "✓" if lesson.ran else " "
        padding = " " * (width - columns(name))
        solved = translated(f"{lesson.solved} of {count(lesson.exercises, 'exercise')}")
        print(f"{tick} {lesson.outline.name}  {name}{padding} {duration(lesson.outline.seconds):>10}   {solved}")
    print()
    print(translated(f"✓: you ran it. Run one: {program()} lesson 01   Check its exercises: {program()} check 01"))
