"""The numbers of the lessons, with three seeds each: python -m benchmarks.lessons [10 13 ...]

Every lesson is run as a student runs it, one after the other. What it prints where a band is promised, and how long it took, are kept in
benchmarks/lessons.json, where a run replaces what was measured of the same lesson; RESULTS.md and a test read them there. All of them take
about an hour of two cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine, today
from minillm.course.expected import broken, numbers_in, promises
from minillm.course.outline import Outline, outlines
from minillm.files import write_atomic

KEPT = Path(__file__).with_suffix(".json")
SEEDS = 3


def measured(lesson: Outline) -> dict:
    """What is kept of a lesson. ValueError if a line that it promises was not printed."""
    expected = promises(lesson.path.read_text(encoding="utf-8"))
    found: dict = {"where": machine("numpy"), "date": today(), "seconds": [], "numbers": {}}
    for seed in range(SEEDS):
        clock = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(lesson.path), "--seed", str(seed), "--out", folder]
            printed = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
        found["seconds"].append(round(time.perf_counter() - clock, 1))
        for text, values in numbers_in(expected, printed).items():
            found["numbers"].setdefault(text, []).append(values)
        print(
            f"lesson {lesson.name}, seed {seed}: {found['seconds'][-1]:.0f} s", *broken(expected, printed), sep="\n  "
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [lesson.name for lesson in outlines()]
    parser.add_argument("lessons", nargs="*", metavar="NUMBER", help="some of them; all, if none is named")
    args = parser.parse_args()
    if unknown := sorted({*args.lessons} - {*names}):
        parser.error(f"there is no lesson {unknown[0]}: there are {', '.join(names)}")
    for lesson in outlines():
        if lesson.name in (args.lessons or names):
            found = measured(lesson)
            kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
            kept[lesson.name] = found
            lines = [f'"{name}": {json.dumps(found, ensure_ascii=False)}' for name, found in sorted(kept.items())]
            write_atomic(KEPT, ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8"))


if __name__ == "__main__":
    main()
