"""`pretrain --size auto` beside the default preset: python -m benchmarks.auto_size shakespeare.txt novel.txt --minutes 1 5 --seeds 0 1

Both sides run as on the command line, at the same time, with one worker each on a core of its own, and change cores from text to text. The
minutes are those of the processor, not of the clock on the wall, so that what else the machine has to do doesn't count: start-up left out;
evaluations, samples, checkpoints and curves included. The loss is that of the weights which the run keeps, on the whole last tenth of the
text. After the texts named, the source of Python's library is read.

Runs are kept in benchmarks/auto_size.json, where those that are there already are not made again, and benchmarks/auto_size.md shows them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.claims import Claim, keep, over_seeds
from benchmarks.kept import read_runs, write_runs
from benchmarks.machine import machine
from minillm.files import write_atomic
from minillm.text import Corpus, read_text
from minillm.text.python_library import python_library
from minillm.training import Run, Trainer, TrainOptions, load

PAGE, KEPT = (Path(__file__).with_suffix(end) for end in (".md", ".json"))
LIBRARY = "Python's library"
MINUTES = [1, 5, 20]
SIDES = {"default": [], "auto": ["--size", "auto"]}
# The command line, with the processor's clock.
PROGRAM = """
import sys, time, types
from minillm.training import cost, trainer
trainer.time = cost.time = types.SimpleNamespace(perf_counter=time.process_time)
from minillm.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


@dataclass
class Outcome:
    """One run. loss: of the weights that it keeps, on the whole validation part, nats a character."""

    text: str
    minutes: float
    seed: int
    side: str
    layers: int
    d_model: int
    lr: float
    parameters: int
    steps: int
    evaluations: int
    loss: float


def run(side: str, text: str, minutes: float, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "text.txt", Path(folder) / "run"
        content = "".join(python_library()) if text == LIBRARY else read_text(text)
        source.write_text(content, encoding="utf-8")
        argv = ["pretrain", "--text", source, "--minutes", minutes, "--seed", seed, "--out", out, "--workers", 1]
        subprocess.run([sys.executable, "-c", PROGRAM, *map(str, argv), *SIDES[side]], check=True)
        log = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
        options, _ = Run(out).read_options()
        model, tokenizer = load(out)
        corpus = Corpus(tokenizer.encode(content), model.config.context)
        loss = Trainer(model, corpus, TrainOptions()).evaluate()
        evaluations = sum("validation" in line for line in log)
        config, steps = model.config, log[-1]["step"]
        sizes = (config.layers, config.d_model, options.lr, config.parameter_count())
        return Outcome(Path(text).stem, minutes, seed, side, *sizes, steps, evaluations, round(loss, 4))


def side_by_side(text: str, minutes: float, seed: int, cores: list[int]) -> list[Outcome]:
    """Both sides at once, the default on the first of two cores; each run in a process of its own."""
    begun = []
    for side, core in zip(SIDES, cores, strict=True):
        argv = [sys.executable, "-m", "benchmarks.auto_size", *([] if text == LIBRARY else [text]), "--side", side]
        argv += ["--core", str(core), "--minutes", str(minutes), "--seeds", str(seed)]
        begun.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, encoding="utf-8"))
    return [Outcome(**json.loads(process.communicate()[0])) for process in begun]


def pairs(outcomes: list[Outcome]) -> Iterator[tuple[Outcome, Outcome]]:
    """The default's run and auto's of the same text, minutes and seed, in the order of the page."""
    by_run = {(one.minutes, one.text, one.seed, one.side): one for one in outcomes}
    for minutes, text, seed, side in sorted(by_run):
        if side == "auto":
            yield by_run[minutes, text, seed, "default"], by_run[minutes, text, seed, "auto"]


def page(outcomes: list[Outcome], where: str) -> Iterator[str]:
    yield "# A size for the minutes, beside the default preset\n"
    yield f"Measured on {where}, one core for each side. Do it on yours:\n"
    yield "```\npython -m benchmarks.auto_size shakespeare.txt novel.txt --minutes 1 5 20\n```\n"
    yield "`pretrain --minutes M --size auto` beside `pretrain --minutes M`, side by side. Minutes are those of the processor. The loss is"
    yield "that of the weights which a run keeps, on the last tenth of its text, in nats a character. Auto evaluates less often, so that"
    yield "more of the time goes into training: that is part of what it gains. Evaluated only when it ends, the default came in a minute to"
    yield "1.736 on tiny Shakespeare and to 5.030 on 红楼梦 (seed 0)."
    yield "\nIn 20 minutes 红楼梦 is read more than ten times. Without dropout auto lost there: 2 × 192 learned the novel by heart, was"
    yield "best in the middle of its steps (4.060), and ended at 4.168. Since then a tenth of the activations is dropped where a model has"
    yield "more parameters than its text has tokens, and reads it more than four times. In the run below auto chose that itself."
    yield "\nAfter 20 minutes on tiny Shakespeare auto gains nothing: its wider models have read that megabyte 17 times by then. A tenth"
    yield "dropped there as well made it worse (1.534, seed 1)."
    yield "Of 5 and 20 minutes there are one or two runs each: a difference of a few thousandths says nothing."
    yield "\n| minutes | text | seed | default: steps | evaluations | loss | auto: size | steps | evaluations | loss | gained |"
    yield "|---:|---|---:|---:|---:|---:|---|---:|---:|---:|---:|"
    for default, auto in pairs(outcomes):
        yield (
            f"| {auto.minutes:g} | {auto.text} | {auto.seed} | {default.steps:,} | {default.evaluations} | {default.loss:.3f} | "
            f"{auto.layers} × {auto.d_model} | {auto.steps:,} | {auto.evaluations} | {auto.loss:.3f} | "
            f"{default.loss - auto.loss:+.3f} |"
        )
    for minutes in MINUTES:
        there = {one.text for one in outcomes if one.minutes == minutes}
        if missing := sorted({one.text for one in outcomes} - there):
            yield f"\nNot measured yet for {minutes} minutes: {', '.join(missing)}."


def claims(outcomes: list[Outcome]) -> Iterator[Claim]:
    """The mean over the seeds, for each text and time."""
    for minutes, text in sorted({(one.minutes, one.text) for one in outcomes}):
        gains = [d.loss - a.loss for d, a in pairs(outcomes) if (a.minutes, a.text) == (minutes, text)]
        what = f"{minutes:g} min on {text}: loss of the default preset less that of `--size auto`, nats a character"
        yield over_seeds(what, gains, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", help="UTF-8 files")
    parser.add_argument("--minutes", type=float, nargs="+", default=MINUTES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--side", choices=SIDES, help="run this side only, and print JSON")
    parser.add_argument("--core", type=int, default=0, help="... on this core")
    args = parser.parse_args()
    if args.side:
        os.sched_setaffinity(0, {args.core})
        text = args.texts[0] if args.texts else LIBRARY
        print(json.dumps(asdict(run(args.side, text, args.minutes[0], args.seeds[0]))))
        return
    cores = sorted(os.sched_getaffinity(0))[:2]
    for minutes in args.minutes:
        for number, text in enumerate([*args.texts, LIBRARY]):
            for seed in args.seeds:
                if any(
                    (one.text, one.minutes, one.seed) == (Path(text).stem, minutes, seed)
                    for one in read_runs(KEPT, Outcome)
                ):
                    continue
                found = side_by_side(text, minutes, seed, cores if (number + seed) % 2 else cores[::-1])
                write_runs(KEPT, [*read_runs(KEPT, Outcome), *found])
    outcomes, where = read_runs(KEPT, Outcome), machine("numpy")
    write_atomic(PAGE, "\n".join([*page(outcomes, where), ""]).encode("utf-8"))
    command = "python -m benchmarks.auto_size shakespeare.txt novel.txt --minutes"
    commands = f"{command} 1 --seeds 0 1 2 && {command} 5 20"
    keep("auto_size", "A size for the minutes, beside the default preset", commands, where, [*claims(outcomes)])


if __name__ == "__main__":
    main()
