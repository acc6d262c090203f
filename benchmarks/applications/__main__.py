"""Translation and summaries of real texts, learned from nothing: python -m benchmarks.applications NAME FOLDER

    multi30k       captions of photographs, English to German, in 2,600 steps: ten minutes of one core
    multi30k-long  the same by a wider model, in 8,000 steps: fifty minutes
    beside-torch   the same in 2,600 steps, and the same model in PyTorch beside it: twenty-five minutes
    debian         descriptions of Debian's packages, to their synopses: thirty-five minutes

FOLDER holds the files of github.com/multi30k/dataset, data/task1/raw, unpacked; for debian it is that of apt's lists, /var/lib/apt/lists.
Results are kept in benchmarks/applications.json, where a run replaces what was measured under its name; benchmarks/applications.md shows
them all.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from benchmarks.applications import data, pairs
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic
from minillm.finetuning.pairs.tasks import PAIR_TASKS

PAGE, KEPT = (Path(__file__).parents[1] / f"applications.{end}" for end in ("md", "json"))
TORCH = "beside-torch"


class Job(NamedTuple):
    """Pairs to learn from, and how."""

    title: str
    read: Callable[[Path], data.PairParts]
    task: str
    settings: dict


JOBS = {
    "multi30k": Job("Multi30k, English to German", data.multi30k, "translate", {"steps": pairs.STEPS}),
    "multi30k-long": Job(
        "Multi30k, English to German, wider and longer",
        data.multi30k,
        "translate",
        {"steps": 8000, "d_model": 192, "dropout": 0.2},
    ),
    "debian": Job("Debian's packages, in a line", data.debian, "summarise", {"steps": 5600, "context": 64}),
}


def page(kept: dict[str, dict]) -> Iterator[str]:
    """The lines of benchmarks/applications.md."""
    yield "# Translation and summaries, learned from nothing\n"
    yield "What `finetune --task translate` or `summarise` makes of pairs of texts, on a test part that it has never seen, with"
    yield "intervals of 95 %, beside what needs no model. Do it on your machine:\n"
    yield "```"
    yield "python -m benchmarks.applications multi30k data/task1/raw"
    yield "python -m benchmarks.applications multi30k-long data/task1/raw"
    yield "python -m benchmarks.applications beside-torch data/task1/raw"
    yield "python -m benchmarks.applications debian /var/lib/apt/lists"
    yield "```\n"
    yield "Multi30k (github.com/multi30k/dataset, task 1) has captions of photographs in English, with German translations; the test"
    yield "part is test_2016_flickr. Debian's packages have a description each, and a synopsis of it, a line that a person wrote:"
    yield "packages built from one source are on one side of the split, and in the test part one stands for all of them."
    for name, job in JOBS.items():
        if name in kept:
            yield f"\n## {job.title}\n"
            yield from learned(pairs.Learned(**kept[name]))
    if TORCH in kept:
        from benchmarks.applications import beside_torch

        yield "\n## Beside the same model in PyTorch: Multi30k, English to German\n"
        yield from beside_torch.lines(beside_torch.Beside(**kept[TORCH]))


def learned(result: pairs.Learned) -> Iterator[str]:
    yield f"On {result.where}: {result.steps:,} steps, which took {result.processor:.1f} minutes of the processor; from"
    yield f"{result.pairs:,} pairs, by a Transformer of {result.model}; lowest loss {result.loss:.3f} nats a token. Scores on"
    yield f"{result.tested:,} others; seconds are those that all answers took, with the scores, on a busy machine.\n"
    yield from pairs.table(result)
    if result.ahead:
        yield f"\n{pairs.BEAMS} beams beside what needs no model, on the same texts:\n"
    for baseline, scores in result.ahead.items():
        for metric, difference in scores.items():
            yield f"- {baseline}: {metric} {pairs.ahead(difference)}"
    yield "\nSignatures: " + ", ".join(f"`{each}`" for each in result.signatures) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[*JOBS, TORCH])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    reuse_freed_memory()
    if args.name == TORCH:
        from benchmarks.applications import beside_torch

        result = beside_torch.measured(*data.multi30k(args.folder))
    else:
        job = JOBS[args.name]
        result = pairs.learned(*job.read(args.folder), PAIR_TASKS[job.task], job.settings)
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept[args.name] = asdict(result)
    write_atomic(KEPT, (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    write_atomic(PAGE, "\n".join([*page(kept), ""]).encode("utf-8"))


if __name__ == "__main__":
    main()
