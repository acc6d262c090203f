"""What each rank of `benchmarks.many_machines` does: mpiexec -n N python -m benchmarks.rank WHAT; the first one prints JSON.

step MODEL STEPS        processor seconds of a step without its all-reduces, for each rank, and seconds by the clock
allreduce NUMBERS ...   the shortest of many all-reduces of so many float32, in seconds
pieces MODEL STEPS N    of one of N ranks: processor seconds of a step, when each piece of its gradient is ready, and its bytes
gradients               for each objective, how far the gradient of all ranks is from that of one process
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.train_step import SIZES
from minillm.alignment.job import options_from, trainer_on_pairs
from minillm.alignment.methods import METHODS, ON_POLICY
from minillm.alignment.methods import settings_for as alignment_settings
from minillm.alignment.offline import PairData
from minillm.alignment.pairs import as_pair, split_pairs
from minillm.backend import Array, reuse_freed_memory
from minillm.models import GPT, GPTConfig
from minillm.pretraining import OBJECTIVES, PREFERENCES, prepare, settings_for
from minillm.text import CharTokenizer, Corpus
from minillm.training import Trainer, TrainOptions
from minillm.training.gradient_sum import OverlappedSum, pieces
from minillm.training.mpi import world
from minillm.training.ranks import OneRank

QUICK = {"layers": 1, "heads": 2, "d_model": 16, "batch": 11, "workers": 1}


class Watched(OneRank):
    """Ranks, and the processor time that this one spends among them: in an all-reduce a rank that waits is busy all the same."""

    def __init__(self, ranks: OneRank):
        self.ranks, self.rank, self.size, self.spent = ranks, ranks.rank, ranks.size, 0.0

    def sum(self, x: Array) -> Array:
        start = time.process_time()
        total = self.ranks.sum(x)
        self.spent += time.process_time() - start
        return total


class Silent(OneRank):
    """One of many ranks with a network between them, which are not there."""

    apart = True

    def __init__(self, size: int):
        self.size = size

    def sum_aside(self, x: Array) -> None:
        pass


class Timed(OverlappedSum):
    """It writes down when a piece of the gradient is ready."""

    def __enter__(self) -> None:
        self.ready: list[float] = []
        super().__enter__()

    def send(self) -> None:
        self.ready.append(time.process_time())
        super().send()


def trainer_of(name: str, ranks: OneRank, batch: int) -> Trainer:
    config = GPTConfig(vocab_size=65, **SIZES[name][0])
    data = Corpus(np.random.default_rng(0).integers(0, 65, 20_000), config.context)
    trainer = Trainer(GPT(config, seed=0), data, TrainOptions(batch=batch))
    trainer.join(ranks)
    trainer.step()  # warms caches up
    return trainer


def time_pieces(name: str, steps: int, size: int) -> dict:
    """On a rank that reads a whole batch by itself. Each is the median of the steps."""
    ranks, found, sizes = Silent(size), [], []
    trainer = trainer_of(name, ranks, size * SIZES[name][1])
    vector = trainer.model.vector
    if trainer.overlapped:
        trainer.overlapped = Timed(vector, ranks)
        trainer.step()
        sizes = [vector.grad[place].nbytes for place, _ in pieces(vector, ranks)]
    for _ in range(steps):
        start = time.process_time()
        trainer.step()
        ready = trainer.overlapped.ready if trainer.overlapped else []
        found.append([time.process_time() - start, *(when - start for when in ready)])
    seconds, *ready = np.median(found, axis=0)
    return {"seconds": seconds, "ready": ready, "sizes": sizes}


def time_steps(ranks: OneRank, name: str, steps: int) -> dict:
    watched = Watched(ranks)
    trainer = trainer_of(name, watched, SIZES[name][1])
    watched.spent, clock, start = 0.0, time.perf_counter(), time.process_time()
    for _ in range(steps):
        trainer.step()
    busy = (time.process_time() - start - watched.spent) / steps
    return {"busy": ranks.gather(busy), "clock": (time.perf_counter() - clock) / steps}


def time_allreduce(ranks: OneRank, numbers: int) -> float:
    array, found = np.ones(numbers, np.float32), []
    for _ in range(20 if numbers > 1e6 else 300):
        start = time.perf_counter()
        ranks.sum(array)
        found.append(time.perf_counter() - start)
        array[:] = 1
    return min(max(each) for each in zip(*ranks.gather(found), strict=True))


def trainers() -> Iterator[tuple[str, Trainer]]:
    """One for each way to pretrain and each method that learns from pairs."""
    for name in OBJECTIVES:
        run = settings_for(name, preset="tiny", **QUICK)
        model, data, _ = prepare(run, run.task.read(None)[:60_000])
        yield name, Trainer(model, data, run.options, run.task.objective())
    for name in PREFERENCES:
        run = settings_for(preference=name, preset="tiny", **QUICK)
        model, data, _ = prepare(run, run.task.read(None))
        yield name, Trainer(model, data, run.options, run.task.objective())
    words = ["one", "two", "three", "four", "five", "six"]
    pairs = [as_pair((f"{a} ", f"{b}\n", f"{c}\n")) for a, b, c in itertools.permutations(words, 3)]
    tokenizer = CharTokenizer.train(" ".join(words) + "\n")
    for method in METHODS:
        if method not in ON_POLICY:
            settings = alignment_settings(method, {"batch": QUICK["batch"], "workers": 1}, context=16)
            base = GPT(GPTConfig(tokenizer.vocab_size, context=16, layers=1, heads=2, d_model=16), seed=0)
            parts = split_pairs(pairs, tokenizer, 16, seed=0)
            trainer = trainer_on_pairs(method, base, *parts, options_from(settings), settings)
            if isinstance(trainer.data, PairData):
                trainer.data.ask_reference(base, QUICK["batch"])
            yield method, trainer


def compare_gradients(ranks: OneRank) -> dict[str, float]:
    found = {}
    for name, trainer in trainers():
        vector = trainer.model.vector
        rng = np.random.default_rng(1)
        vector.data += rng.normal(0, 0.02, vector.data.shape).astype(vector.data.dtype)  # policy and reference differ
        trainer.gradient(0)
        whole = vector.grad.copy()
        trainer.join(ranks)
        trainer.gradient(0)
        found[name] = float(np.linalg.norm(vector.grad - whole) / np.linalg.norm(whole))
    return found


def main() -> None:
    reuse_freed_memory()
    what, *given = sys.argv[1:]
    with world() as ranks:
        if what == "step":
            answer = time_steps(ranks, given[0], int(given[1]))
        elif what == "pieces":
            answer = time_pieces(given[0], *map(int, given[1:]))
        elif what == "allreduce":
            answer = [time_allreduce(ranks, int(numbers)) for numbers in given]
        else:
            answer = compare_gradients(ranks)
        if ranks.rank == 0:
            print(json.dumps(answer))


if __name__ == "__main__":
    main()
