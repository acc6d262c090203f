"""The same training step on one core and on two: python -m benchmarks.cores [--quick]

Parallel efficiency is the time on one core over twice the time on two. The run on two cores is done twice, to see whether its
weights repeat bit for bit.
"""

import argparse
import itertools
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from benchmarks.train_step import SIZES, Side, in_turns


class Row(NamedTuple):
    model: str
    one: float  # seconds a step on one core
    two: float
    repeats: bool  # the second run on two cores ended with the weights of the first


def measure(names: list[str], quick: bool) -> Iterator[Row]:
    for name in names:
        sizes, batch = SIZES[name]
        sides = [Side("minillm", sizes, batch, cores) for cores in (1, 2, 2)]
        pace = sides[0].ask("step 3")[-1]
        for side in sides[1:]:
            side.ask("step 3")
        steps = max(1, int((0.3 if quick else 3) / pace))
        one, two, again = ([*itertools.chain(*turns)] for turns in in_turns(sides, f"step {steps}"))
        _, first, second = (side.ask("digest") for side in sides)
        yield Row(name, median(one), median(two + again), first == second)
        for side in sides:
            side.close()


def table(rows: Iterator[Row]) -> Iterator[str]:
    yield "| model | ms on 1 core | ms on 2 cores | parallel efficiency | two runs equal bit for bit |"
    yield "|---|---:|---:|---:|---|"
    for model, one, two, repeats in rows:
        yield f"| {model} | {1e3 * one:.1f} | {1e3 * two:.1f} | {one / two / 2:.0%} | {'yes' if repeats else 'NO'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds in all")
    parser.add_argument("--size", choices=SIZES, help="this size only")
    args = parser.parse_args()
    for line in table(measure([args.size] if args.size else list(SIZES), args.quick)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
