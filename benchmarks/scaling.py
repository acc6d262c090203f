"""How far a scaling law of a real text carries: python -m benchmarks.scaling

Small GPTs of several widths read the source of Python's standard library with four budgets of operations; each run is trained to its
end, with a learning rate that comes down to 0. A law is fitted to the three smaller budgets, or to two, and says what the largest one will
give. Lesson 20 does the same with a language whose entropy is known; here nobody knows it.

Runs are kept in benchmarks/scaling.json, where those that are there already are not made again, and benchmarks/scaling.md shows them. All
of them take four minutes of one core.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.claims import Claim, keep
from benchmarks.kept import read_runs, write_runs
from benchmarks.machine import machine
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic
from minillm.models import GPT, GPTConfig
from minillm.objectives import CAUSAL
from minillm.pretraining.scaling_law import ScalingLaw, fit_scaling_law
from minillm.text import CharTokenizer, Corpus
from minillm.text.corpus import windows
from minillm.text.python_library import python_library
from minillm.training import Trainer, TrainOptions
from minillm.training.trainer import batch_loss

PAGE, KEPT = (Path(__file__).with_suffix(end) for end in (".md", ".json"))
BUDGETS = {6e9: (8, 12, 16, 24, 32), 2e10: (8, 12, 16, 24, 32, 48), 6e10: (12, 16, 24, 32, 48), 6e11: (24, 32, 48)}
BATCH, CONTEXT, LAYERS = 4, 32, 2


@dataclass
class Run:
    """weights: those that are multiplied with each token. loss: on held-out files, in nats a character."""

    budget: float
    width: int
    weights: int
    tokens: int
    loss: float
    seconds: float  # of the processor


class Source:
    """Files of the library: the first ten drawn are held out."""

    def __init__(self) -> None:
        documents = python_library(4_000_000)
        train, held_out = "".join(documents[10:]), "".join(documents[:10])[:100_000]
        self.tokenizer = CharTokenizer.train(train + held_out)
        self.train, self.held_out = self.tokenizer.encode(train), self.tokenizer.encode(held_out)

    def run(self, width: int, budget: float) -> Run:
        vocab = self.tokenizer.vocab_size
        # without the help of an n-gram embedding, so small a model learns little but to look at the characters just before
        config = GPTConfig(vocab, context=CONTEXT, layers=LAYERS, heads=max(1, width // 16), d_model=width, ngram=4)
        steps = max(1, round(budget / config.flops_per_token() / BATCH / CONTEXT))
        options = TrainOptions(
            steps=steps, batch=BATCH, lr=0.12 / width, lr_floor=0.0, warmup=max(1, steps // 10), schedule="linear"
        )
        corpus = Corpus(np.concatenate([self.train, self.held_out]), CONTEXT)
        corpus.train, corpus.validation = self.train, self.held_out
        trainer, clock = Trainer(GPT(config), corpus, options), time.process_time()
        for _ in range(steps):
            trainer.step()
        seconds = time.process_time() - clock
        losses = [
            (float(batch_loss(trainer.model, CAUSAL, batch._asdict())), CAUSAL.count(batch))
            for batch in windows(self.held_out, CONTEXT, 64)
        ]
        loss = sum(each * count for each, count in losses) / sum(count for _, count in losses)
        weights = 12 * LAYERS * width**2 + vocab * width
        return Run(budget, width, weights, steps * BATCH * CONTEXT, round(loss, 4), round(seconds, 1))


def law_of(runs: list[Run], largest: float) -> ScalingLaw:
    """Fitted to the runs of budgets up to `largest`."""
    small = [run for run in runs if run.budget <= largest]
    return fit_scaling_law(*zip(*((run.weights, run.tokens, run.loss) for run in small), strict=True))


def straight_line(runs: list[Run], largest: float, budget: float) -> float:
    """The loss for a budget, on the straight line through the best runs of the budgets up to `largest`, where both axes are logarithmic."""
    best = {run.budget: run.loss for run in sorted(runs, key=lambda run: -run.loss) if run.budget <= largest}
    slope, start = np.polyfit(np.log([*best]), np.log([*best.values()]), 1)
    return float(np.exp(start + slope * np.log(budget)))


def forecasts(runs: list[Run]) -> Iterator[tuple[float, str, float, float]]:
    """Of the largest budget, from smaller ones: the largest of these, who says it, what, and by how much of the loss it is wrong, in %."""
    target = max(BUDGETS)
    best = min((run for run in runs if run.budget == target), key=lambda run: run.loss)
    for largest in sorted(BUDGETS)[1:-1]:
        law = law_of(runs, largest)
        told = {
            f"{law.floor:.2f} + {law.A:,.0f} / N^{law.a:.2f} + {law.B:,.0f} / D^{law.b:.2f}": law.loss(best.weights, best.tokens),
            "a straight line through the best of each budget": straight_line(runs, largest, target),
            "as the best so far": min(run.loss for run in runs if run.budget <= largest),
        }  # fmt: skip
        for name, loss in told.items():
            yield largest, name, loss, 100 * (loss / best.loss - 1)


def page(runs: list[Run], where: str) -> Iterator[str]:
    yield "# How far a scaling law of a real text carries\n"
    yield f"Measured on {where}. Do it on yours:\n"
    yield "```\npython -m benchmarks.scaling\n```\n"
    yield f"GPTs of {LAYERS} layers that read 4 characters to an embedding, batches of {BATCH} × {CONTEXT} characters of Python's"
    yield "standard library, a learning rate of 0.12 / width that comes down to 0. Loss on other files of it, in nats a character. Time"
    yield "does not come in: it is all counted in operations.\n"
    yield "| operations | width | N | D | loss |\n|---:|---:|---:|---:|---:|"
    for run in sorted(runs, key=lambda run: (run.budget, run.width)):
        best = run.loss == min(each.loss for each in runs if each.budget == run.budget)
        loss = f"**{run.loss:.3f}**" if best else f"{run.loss:.3f}"
        yield f"| {run.budget:.0e} | {run.width} | {run.weights:,} | {run.tokens:,} | {loss} |"
    yield f"\n## What was foretold of the best run with {max(BUDGETS):.0e} operations\n"
    yield "| fitted up to | by | loss | wrong by |\n|---:|---|---:|---:|"
    for largest, name, loss, wrong in forecasts(runs):
        yield f"| {largest:.0e} | {name} | {loss:.3f} | {wrong:+.1f}% |"
    yield "\nThe law is too high, since its floor is: runs that are all far above the entropy of the text don't tell where it lies, and"
    yield "the fit puts it not far below the lowest of them. With larger runs it comes down. Where the floor is far away, a straight line"
    yield "says more. In lesson 20 it is the other way round: there the floor is near, and a power law without one falls through it."


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    reuse_freed_memory()
    runs = read_runs(KEPT, Run)
    source = Source()
    with threadpool_limits(1):
        for budget, width in ((budget, width) for budget, widths in BUDGETS.items() for width in widths):
            if not any((run.budget, run.width) == (budget, width) for run in runs):
                runs.append(source.run(width, budget))
                print(runs[-1], flush=True)
                write_runs(KEPT, runs)
    where = machine("numpy")
    write_atomic(PAGE, "\n".join([*page(runs, where), ""]).encode("utf-8"))
    claims = [
        Claim(
            f"loss of a run of {max(BUDGETS):.0e} operations, from runs of up to {largest:.0e}: {name}: off by, %",
            wrong,
        )
        for largest, name, _, wrong in forecasts(runs)
        if largest == sorted(BUDGETS)[-2]
    ]
    keep(
        "scaling", "A scaling law of Python's source, ten times further", "python -m benchmarks.scaling", where, claims
    )


if __name__ == "__main__":
    main()
