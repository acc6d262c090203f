"""What is reached by pretraining that repairs texts: python -m benchmarks.repair [--seeds 0 1 2]

`pretrain --objective masked` and `--objective denoise` as they run if nothing else is said, on the Python language reference, whose last
tenth is held out. What each can do then, on text that it has not seen, is what the command tells at its end.

Runs are kept in benchmarks/repair.json, where those that are there already are not made again, and benchmarks/repair.md shows them. A run
with `masked` takes two minutes of one core, and one with `denoise` three.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.claims import Claim, keep, over_seeds
from benchmarks.kept import read_runs, write_runs
from benchmarks.machine import machine, today
from minillm.files import write_atomic
from minillm.pretraining import prepare, settings_for
from minillm.pretraining.scores import filled_in, restorations
from minillm.training import train

PAGE, KEPT = (Path(__file__).with_suffix(end) for end in (".md", ".json"))
COMMAND = "python -m benchmarks.repair"
TITLE = "Pretraining that repairs texts"
SEEDS = [0, 1, 2]


@dataclass
class Run:
    """counts: of each kind, how many were right and how many there were."""

    objective: str
    seed: int
    where: str
    date: str
    counts: dict[str, tuple[int, int]]


def filled(*trained) -> dict[str, tuple[int, int]]:
    right, hidden = filled_in(*trained)
    return {"filled": (int(right), int(hidden.sum())), "commonest": (int(hidden.max()), int(hidden.sum()))}


def restored(*trained) -> dict[str, tuple[int, int]]:
    found = restorations(*trained)
    tokens = {"put back": (found.put_back, found.missing), "retained": (found.retained, found.others)}
    return {name: (sum(each), len(each)) for name, each in found.exactly.items()} | tokens


WORDS = {
    "filled": "hidden tokens of unseen text that are filled in right",
    "commonest": "the same, if the commonest token is always taken",
    "up to 8": "unseen sentences of up to 8 words that come back exactly after words were deleted",
    "up to 16": "the same of 9 to 16 words",
    "up to 32": "the same of 17 to 32 words",
    "longer": "the same of more words",
    "put back": "missing tokens that are put back in their places",
    "retained": "other tokens that are kept",
}
SCORES: dict[str, Callable] = {"masked": filled, "denoise": restored}


def run(objective: str, seed: int) -> Run:
    settings = settings_for(objective, seed=seed, workers=1)
    model, data, tokenizer = prepare(settings, settings.task.read(None))
    with threadpool_limits(1):
        train(model, data, settings.task.objective(), **settings.options.to_dict())
    return Run(objective, seed, machine("numpy"), today(), SCORES[objective](model, data, tokenizer))


def page(runs: list[Run], where: str) -> Iterator[str]:
    """The lines of benchmarks/repair.md."""
    yield f"# {TITLE}\n"
    yield "What `pretrain --objective masked` and `--objective denoise` reach if nothing else is said, on the last tenth of the Python"
    yield "language reference, which is held out: how many hidden tokens are filled in right, and how many if the commonest is always"
    yield "taken; how many of 200 sentences, from which words were deleted, come back exactly; how many tokens that were missing are put"
    yield "back in their places, and how many of the others are kept. What is gone can often not be known.\n"
    yield f"Measured on {where}, one core a run: `{COMMAND}`\n"
    yield "| objective | seed | what | right | of | % |"
    yield "|---|---:|---|---:|---:|---:|"
    for one in sorted(runs, key=lambda one: (one.objective, one.seed)):
        for kind, (right, there) in one.counts.items():
            yield f"| {one.objective} | {one.seed} | {WORDS[kind]} | {right:,} | {there:,} | {100 * right / there:.1f} |"


def claims(runs: list[Run]) -> Iterator[Claim]:
    """The mean over the seeds."""
    for objective in SCORES:
        counts = [one.counts for one in runs if one.objective == objective]
        for kind in counts[0] if counts else ():
            shares = [100 * right / there for right, there in (each[kind] for each in counts)]
            yield over_seeds(f"`{objective}`: {WORDS[kind]}, %", shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="(0 1 2)")
    args = parser.parse_args()
    for seed in args.seeds:
        for objective in SCORES:
            if not any((one.objective, one.seed) == (objective, seed) for one in read_runs(KEPT, Run)):
                found = run(objective, seed)
                print(found, flush=True)
                write_runs(KEPT, [*read_runs(KEPT, Run), found])
    runs = read_runs(KEPT, Run)
    where = " and ".join(sorted({one.where for one in runs}))
    write_atomic(PAGE, "\n".join([*page(runs, where), ""]).encode("utf-8"))
    keep("repair", TITLE, COMMAND, where, [*claims(runs)])


if __name__ == "__main__":
    main()
