"""Pairs of texts, learned from nothing: python -m benchmarks.applications --train FILE.tsv --dev FILE.tsv --test FILE.tsv --name NAME

An encoder-decoder learns from --train, as with `finetune --task`. The weights of its lowest loss on --dev are kept, and --test is answered
once, at the end: greedily, by beam search, and by what needs no model.

Results are kept in benchmarks/applications.json, where a run replaces what was measured under its name. benchmarks/applications.md shows
them all: so other pairs add their table.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import machine
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic
from minillm.finetuning.pairs import PAIR_TASKS, Learner, Pairs, PairSplit, begin_pairs, evaluate_pairs, read_pairs
from minillm.metrics import Measured
from minillm.training import save
from minillm.training.train import run_to_end

PAGE, KEPT = (Path(__file__).with_suffix(end) for end in (".md", ".json"))
BEAMS = 4


@dataclass
class Result:
    """What was learned from some pairs, what that took, and how good the answers of each way are."""

    task: str
    where: str
    model: str
    pairs: int
    tested: int
    steps: int
    minutes: float  # of training, the evaluations on --dev included
    processor: float  # minutes that all cores together worked on it
    loss: float  # on --dev, at its lowest
    scores: dict[str, dict[str, tuple[float, float, float]]]  # way: metric: value, and its interval of 95 %
    seconds: dict[str, float]  # that the answers of a way took
    signatures: list[str]


def scores_of(measures: list[Measured]) -> dict[str, tuple[float, float, float]]:
    return {measured.name: (measured.value, measured.low, measured.high) for measured in measures}


def measured(learner: Learner, training: Pairs, test: Pairs, out: str | None) -> Result:
    trainer, task = learner.trainer, learner.task
    clock = sum(os.times()[:4])  # of this process, and of its workers that have ended
    run_to_end(trainer, best=True, progress=True)
    processor = (sum(os.times()[:4]) - clock) / 60
    if out is not None:
        save(out, trainer.model, learner.tokenizer)
    config = trainer.model.config
    result = Result(
        task.name,
        machine("numpy"),
        f"{config.layers} + {config.layers} layers, {config.d_model} wide, {config.parameter_count():,} numbers",
        len(learner.parts.training.sources),
        len(test.lines),
        trainer.steps_done,
        trainer.elapsed / 60,
        processor,
        trainer.best_loss,
        {},
        {},
        [],
    )
    for way, beams in (("greedy", 1), (f"{BEAMS} beams", BEAMS)):
        clock = time.perf_counter()
        evaluation = evaluate_pairs(trainer.model, learner.tokenizer, test, task, training, beams=beams).evaluation
        result.seconds[way] = time.perf_counter() - clock
        result.scores[way] = scores_of(evaluation.measures)
        print(way, result.scores[way], file=sys.stderr, flush=True)
    for baseline in evaluation.baselines:
        name, found, _ = baseline
        result.scores.setdefault(name, {}).update(scores_of([found]))
    result.signatures = [f"{each.name}|{each.signature}" for each in evaluation.measures]
    return result


def table(result: Result) -> Iterator[str]:
    metrics = [*result.scores["greedy"]]
    yield "| answers | " + " | ".join(metrics) + " | seconds |"
    yield "|---|" + "---:|" * (len(metrics) + 1)
    for way, scores in result.scores.items():
        cells = (f"{value:.1f} ({low:.1f} to {high:.1f})" for value, low, high in scores.values())
        seconds = f"{result.seconds[way]:.0f}" if way in result.seconds else ""
        yield f"| {way} | {' | '.join(cells)} | {seconds} |"


def page(results: dict[str, Result]) -> Iterator[str]:
    """The lines of benchmarks/applications.md."""
    yield "# Translation and summaries, learned from nothing\n"
    yield "What `finetune --task translate` or `summarise` makes of pairs of texts within minutes, on the test part that it has never"
    yield "seen, with intervals of 95 %, beside what needs no model. Do it on your machine and your pairs:\n"
    yield "```"
    yield "tr '\\t' ' ' < train.de | paste train.en - > train.tsv"
    yield 'python -m benchmarks.applications --train train.tsv --dev val.tsv --test test.tsv --name "Multi30k, en-de"'
    yield "```\n"
    yield "Multi30k (github.com/multi30k/dataset, task 1) has captions of photographs in English, with German translations."
    for name, result in results.items():
        yield f"\n## {name}: {result.task}\n"
        yield f"On {result.where}: {result.steps:,} steps, which took {result.processor:.1f} minutes of the processor and"
        yield f"{result.minutes:.1f} by the clock, beside whatever else ran there; from {result.pairs:,} pairs, by a Transformer of"
        yield f"{result.model}; lowest loss {result.loss:.3f} nats a token. Scores on {result.tested:,} others; seconds are"
        yield "those that all answers took, with the scores.\n"
        yield from table(result)
        yield "\nSignatures: " + ", ".join(f"`{each}`" for each in result.signatures) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add(
        "--train",
        required=True,
        metavar="FILE",
        help="pairs to learn from: in each line a source, a tab and its target",
    )
    add("--dev", required=True, metavar="FILE", help="others, whose loss says which weights are kept")
    add("--test", required=True, metavar="FILE", help="others, to be judged by")
    add("--name", required=True, help="what the pairs are called in the results")
    add("--task", choices=PAIR_TASKS, default="translate")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--steps", type=int, default=2600, help="updates of the weights (default 2600)")
    either.add_argument("--minutes", type=float, help="train for this long in place of --steps")
    add("--out", metavar="DIR", help="keep the model in this folder")
    args = parser.parse_args()
    reuse_freed_memory()
    split, task = PairSplit(read_pairs(args.train), read_pairs(args.dev)), PAIR_TASKS[args.task]
    learner = begin_pairs(split, task, {"steps": args.steps, "minutes": args.minutes})
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    results = {name: Result(**result) for name, result in kept.items()}
    results[args.name] = measured(learner, split.training, read_pairs(args.test), args.out)
    content = json.dumps({name: asdict(result) for name, result in results.items()}, indent=1, ensure_ascii=False)
    write_atomic(KEPT, (content + "\n").encode("utf-8"))
    write_atomic(PAGE, "\n".join([*page(results), ""]).encode("utf-8"))


if __name__ == "__main__":
    main()
