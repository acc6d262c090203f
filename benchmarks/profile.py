"""Where a training step's time goes, and how near it is to its matrix products alone: python -m benchmarks.profile [--size NAME]

One worker's share of the batch on one core. The products of a real step are written down with their shapes and strides, and then done
again with nothing between them: no NumPy implementation with these products can be faster than that.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.train_step import SIZES
from benchmarks.worker import VOCAB, task
from minillm.backend import reuse_freed_memory
from minillm.models import GPT, GPTConfig
from minillm.objectives import causal_lm, loss_backward
from minillm.training import Trainer, TrainOptions, default_workers

REPEATS = 30


class Profile(NamedTuple):
    step: float  # seconds of one worker's step
    products: float  # ... of its matrix products alone
    taken: list[int]  # of each array operation of a forward and backward pass, the bytes of new memory that it takes
    places: list[tuple[str, float]]  # the functions with the most time in their own lines, in seconds a step


class Recording(np.ndarray):
    """An array that writes down every operation that it or its results take part in."""

    products: list = []  # noqa: RUF012 (one list for all is the point)
    taken: list = []  # noqa: RUF012

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [x.view(np.ndarray) if isinstance(x, Recording) else x for x in inputs]
        if "out" in kwargs:
            kwargs["out"] = tuple(x.view(np.ndarray) for x in kwargs["out"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            self.products.append([(x.shape, x.strides) for x in plain])
        self.taken.append(0 if "out" in kwargs else result.nbytes)
        return result.view(Recording) if isinstance(result, np.ndarray) else result

    def __array_function__(self, function, types, args, kwargs):
        result = super().__array_function__(function, types, args, kwargs)
        return result.view(Recording) if isinstance(result, np.ndarray) else result  # `concatenate` makes a plain one


def record(config: GPTConfig, batch: int) -> tuple[list, list]:
    """Of one forward and backward pass: shapes and strides of both factors of every product, and what memory each operation takes."""
    model = GPT(config)
    for parameter in model.parameters():
        parameter.data = parameter.data.view(Recording)
    ids = np.random.default_rng(0).integers(VOCAB, size=(batch, config.context))
    Recording.products.clear()
    Recording.taken.clear()
    with mock.patch("numpy.ascontiguousarray", contiguous):
        _, saved = causal_lm(model, ids, ids)
        loss_backward(model, 1.0, saved)
    return list(Recording.products), list(Recording.taken)


def contiguous(x: np.ndarray) -> np.ndarray:
    """`numpy.ascontiguousarray`, but of a Recording it makes a Recording."""
    return np.array(x, order="C", copy=None, subok=True)


def random_like(shape: tuple, strides: tuple) -> np.ndarray:
    """An array of this shape that lies in memory the same way."""
    order = np.argsort([-stride for stride in strides], kind="stable")
    full = np.random.default_rng(0).standard_normal([shape[i] for i in order], np.float32)
    return full.transpose(np.argsort(order))


def multiply(factors: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for a, b in factors:
        np.matmul(a, b)  # its memory is free at once for the next, as it is in a step


def seconds(work: Callable, repeats: int = REPEATS) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def profile(name: str) -> Profile:
    reuse_freed_memory()
    sizes, batch = SIZES[name]
    share = batch // default_workers(batch)
    config = GPTConfig(vocab_size=VOCAB, **sizes)
    repeats = REPEATS if sizes["d_model"] < 256 else 3
    with threadpool_limits(1):
        products, taken = record(config, share)
        factors = [tuple(random_like(*factor) for factor in product) for product in products]
        alone = seconds(lambda: multiply(factors), repeats)
        data, objective = task(config, batch, config.context)
        trainer = Trainer(GPT(config), data, TrainOptions(batch=share, log_every=1), objective)
        step = seconds(trainer.step, repeats)
        profiler = cProfile.Profile()
        profiler.enable()
        for _ in range(repeats):
            trainer.step()
        profiler.disable()
    own: dict[str, float] = {}
    for (path, _, function), (_, _, in_itself, *_) in pstats.Stats(profiler).stats.items():
        place = Path(path)
        where = (
            f"`{place.parent.name}/{place.name}` {function}"
            if "minillm" in place.parts
            else "Python and NumPy around it"
        )
        own[where] = own.get(where, 0) + in_itself / repeats
    return Profile(step, alone, taken, sorted(own.items(), key=lambda item: -item[1])[:10])


def counts(taken: list[int]) -> str:
    fresh = [size for size in taken if size]
    return f"Forward and backward are {len(taken)} array operations; {len(fresh)} take new memory, {sum(fresh) / 1e6:.1f} MB in all.\n"


def table(names: list[str]) -> Iterator[str]:
    for name in names:
        found = profile(name)
        yield f"**{name}**: a step of one worker takes {1e3 * found.step:.1f} ms, its matrix products alone {1e3 * found.products:.1f} ms"
        yield f"({found.step / found.products:.2f} times the bound)."
        yield counts(found.taken)
        yield "| function | ms in its own lines | share |"
        yield "|---|---:|---:|"
        for place, own in found.places:
            yield f"| {place} | {1e3 * own:.2f} | {own / found.step:.0%} |"
        yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, help="this size only")
    args = parser.parse_args()
    for line in table([args.size] if args.size else list(SIZES)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
