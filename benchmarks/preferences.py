"""Pretraining with preferences, the six objectives of Korbak et al. 2023: python -m benchmarks.preferences [--device gpu --jobs 18]

The text is the standard library of the Python that runs, with faults of style put into two fifths of its lines. Every objective is
trained from every seed, with the same number of steps; then each model writes 96 texts of 200 characters, line by line, and is asked how
well it knows held-out good lines. Writes benchmarks/preferences.md and figures/17_table.png. Takes hours on two cores, and five minutes
on an H100, where --jobs 18 trains all models at once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.claims import Claim, keep, over_seeds
from benchmarks.machine import machine
from minillm.backend import choose_device, reuse_freed_memory, to_host
from minillm.files import write_atomic
from minillm.models import GPT, GPTConfig
from minillm.plots import save, trade_off
from minillm.preferences import distinct_n, expected_maximum, mean_and_error
from minillm.preferences.samples import control_of, kl_to, misalignment, sample_ids
from minillm.pretraining import PREFERENCES, SPOILED, Pretraining
from minillm.text import CharTokenizer, Tokenizer
from minillm.training import Trainer, TrainOptions

PAGE = Path(__file__).parent / "preferences.md"
FIGURE = Path(__file__).parents[1] / "figures" / "17_table.png"
SIZES = {"context": 128, "layers": 3, "heads": 4, "d_model": 128, "ngram": 4}
TRAINING = {"batch": 32, "lr": 4e-3, "schedule": "linear", "lr_floor": 0.0, "warmup": 100}
SAMPLES, LENGTH = 96, 200


class Outcome(NamedTuple):
    """What one run came to."""

    bad: float  # share of bad lines in samples
    worst: float  # of 25 samples, on average
    loss: float  # on held-out good lines, nats a character
    distinct: float  # share of different 4-grams
    kl: float  # to the MLE model of the same seed, nats a character
    bad_asked: float  # share of bad lines when asked for bad ones; NaN without control tokens


def task_for(name: str) -> Pretraining:
    return PREFERENCES[name](context=SIZES["context"])


def tokenizer_for(task: Pretraining, text: str) -> CharTokenizer:
    return CharTokenizer.train(text, task.special_tokens)


def work(name: str, seed: int, steps: int, device_name: str, folder: Path) -> None:
    """Train one model, and leave its weights and its samples in the folder."""
    reuse_freed_memory()
    task = task_for(name)
    text = task.read(None)
    tokenizer = tokenizer_for(task, text)
    data = task.data(text, tokenizer)
    config = GPTConfig(tokenizer.vocab_size, **SIZES)
    model = task.build(config, seed=seed, device=choose_device(device_name))
    options = TrainOptions(steps=steps, eval_every=max(1, steps // 4), seed=seed, **TRAINING)
    trainer = Trainer(model, data, options, task.objective())
    for progress in trainer.run():
        if progress.validation is not None:
            print(f"{name} {seed} step {progress.step} {progress.validation:.4f}", file=sys.stderr, flush=True)
            loss = progress.validation
    body: GPT = model.body
    texts = sample_ids(body, tokenizer, SAMPLES, LENGTH, control=control_of(tokenizer), seed=seed)
    scores = misalignment(texts, tokenizer, data.reward)
    asked = float("nan")
    if control_of(tokenizer):
        bad = sample_ids(body, tokenizer, SAMPLES, LENGTH, control=control_of(tokenizer, False), seed=seed)
        asked = float(misalignment(bad, tokenizer, data.reward).mean())
    written = [tokenizer.decode(ids, special=False) for ids in texts]
    figures = [float(scores.mean()), expected_maximum(scores, 25), loss, distinct_n(written, 4), asked]
    weights = {f"weight {key}": to_host(parameter.data) for key, parameter in body.named_parameters()}
    np.savez(folder / f"{name}-{seed}.npz", figures=figures, texts=np.array([ids[:LENGTH] for ids in texts]), **weights)


def load(name: str, seed: int, tokenizer: Tokenizer, folder: Path) -> tuple[GPT, np.ndarray, np.ndarray]:
    """A model, its figures and its samples."""
    with np.load(folder / f"{name}-{seed}.npz") as kept:
        model = GPT(GPTConfig(tokenizer.vocab_size, **SIZES), seed=None)
        for key, parameter in model.named_parameters():
            parameter.data[...] = kept[f"weight {key}"]
        return model, kept["figures"], kept["texts"]


def train_all(seeds: int, steps: int, device: str, jobs: int, folder: Path) -> None:
    """Each in a process of its own, so many at once."""
    waiting = [(name, seed) for seed in range(seeds) for name in PREFERENCES]
    waiting = [each for each in waiting if not (folder / f"{each[0]}-{each[1]}.npz").exists()]
    running: list[subprocess.Popen] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            name, seed = waiting.pop(0)
            given = [name, str(seed), str(steps), device, str(folder)]
            running.append(
                subprocess.Popen([sys.executable, "-m", "benchmarks.preferences", "--work", json.dumps(given)])
            )
        if running.pop(0).wait() != 0:
            raise SystemExit("A run failed; what the others made is lost.")


def outcomes(seeds: int, folder: Path) -> dict[str, list[Outcome]]:
    text = task_for("mle").read(None)
    found: dict[str, list[Outcome]] = {}
    for name in PREFERENCES:
        tokenizer = tokenizer_for(task_for(name), text)
        for seed in range(seeds):
            base, _, _ = load("mle", seed, tokenizer_for(task_for("mle"), text), folder)
            model, (bad, worst, loss, distinct, asked), texts = load(name, seed, tokenizer, folder)
            kl = kl_to(model, base, list(texts), tokenizer)
            found.setdefault(name, []).append(Outcome(bad, worst, loss, distinct, kl, asked))
    return found


def page(found: dict[str, list[Outcome]], where: str, command: str, steps: int, parameters: int) -> Iterator[str]:
    """The lines of benchmarks/preferences.md."""
    seeds = len(found["mle"])
    yield "# Pretraining with preferences\n"
    yield f"Measured on {where}. Do it on yours:\n"
    yield f"```\npython -m benchmarks.preferences{command}\n```\n"
    yield f"A GPT of {parameters:,} parameters, {steps:,} steps of {TRAINING['batch']} × {SIZES['context']} characters; {seeds} seeds,"
    yield "mean ± standard error. The text is Python's standard library, 3 million characters, with a fault of style put into"
    yield f"{SPOILED:.1%} of its lines of code: the rate differs from file to file. *Bad lines*: the share of lines that break a rule, in"
    yield f"{SAMPLES} samples of {LENGTH} characters at temperature 1. *Worst of 25*: the expected share in the worst of 25 samples."
    yield "*Loss*: on held-out good lines, in nats a character. *KL*: to the MLE model of the same seed, exact at every character of"
    yield "the model's own samples. *Distinct*: the share of different sequences of four characters among all that were written.\n"
    yield "| objective | bad lines, % | worst of 25, % | loss | KL | distinct |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, runs in found.items():
        bad, worst, loss, distinct, kl = (told([getattr(run, field) for run in runs], factor, digits) for field, factor, digits in (
            ("bad", 100, 1), ("worst", 100, 0), ("loss", 1, 3), ("distinct", 1, 3), ("kl", 1, 3)
        ))  # fmt: skip
        yield f"| {name} | {bad} | {worst} | {loss} | {'' if name == 'mle' else kl} | {distinct} |"
    yield ""
    asked = told([run.bad_asked for run in found["conditional"]], 100, 1)
    mle, conditional = (
        np.mean([(run.bad, run.loss) for run in found[name]], axis=0) for name in ("mle", "conditional")
    )
    fewer, dearer = mle[0] / conditional[0], conditional[1] / mle[1] - 1
    yield f"Asked for bad lines, the conditional model writes {asked} % of them. Asked for good ones it writes {fewer:.1f} times"
    yield f"fewer bad lines than MLE, and its loss on good lines is {dearer:+.1%} of MLE's.\n"
    order = sorted(found, key=lambda name: np.mean([run.bad for run in found[name]]))
    capable = sorted(found, key=lambda name: np.mean([run.loss for run in found[name]]))
    yield f"By bad lines, fewest first: {', '.join(order)}. By loss, lowest first: {', '.join(capable)}."
    yield "In the paper (gpt2-small, 3.3 billion tokens, PEP8 over whole files) conditional training is on the frontier, with AWR next"
    yield "to it; filtering pays the largest KL, and unlikelihood is the least capable."
    yield "\n![Bad lines against loss on good lines, one point an objective.](../figures/17_table.png)"


def claims(found: dict[str, list[Outcome]]) -> Iterator[Claim]:
    for name, runs in found.items():
        yield over_seeds(
            f"{name}: lines with a fault of style among those that it writes, %", [100 * run.bad for run in runs]
        )
        yield over_seeds(f"{name}: loss on lines without one, nats a character", [run.loss for run in runs], 3)


def told(values: list[float], factor: float, digits: int) -> str:
    mean, error = mean_and_error(np.array(values) * factor)
    return f"{mean:.{digits}f} ± {error:.{digits}f}" if len(values) > 1 else f"{mean:.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a folder for the trained models, to be used again")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        name, seed, steps, device, folder = json.loads(args.work)
        work(name, int(seed), int(steps), device, Path(folder))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        train_all(args.seeds, args.steps, args.device, args.jobs, folder)
        found = outcomes(args.seeds, folder)
    where = machine("numpy") + (" and a GPU" if args.device == "gpu" else "")
    command = "".join(f" --{name} {getattr(args, name)}" for name in ("device", "jobs") if args.device == "gpu")
    lines = list(page(found, where, command, args.steps, GPTConfig(97, **SIZES).parameter_count()))
    print("\n".join(lines))
    write_atomic(PAGE, "\n".join([*lines, ""]).encode("utf-8"))
    title = "Pretraining with preferences, on Python's standard library"
    keep("preferences", title, f"python -m benchmarks.preferences{command}", where, [*claims(found)])
    points = {name: [(run.loss, 100 * run.bad) for run in runs] for name, runs in found.items()}
    figure = trade_off(
        points,
        xlabel="loss on held-out good lines (nats a character)",
        ylabel="bad lines in samples (%)",
        title="Six ways to pretrain with preferences",
    )
    save(
        figure,
        FIGURE,
        alt="Bad lines in samples against loss on held-out good lines, for six objectives, three seeds each.",
    )


if __name__ == "__main__":
    main()
