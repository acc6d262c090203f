"""What the ranks of a job make sure of before they train together: that none has failed, and that all are about to do the same."""

import contextlib
import hashlib
from collections.abc import Iterator

import numpy as np

from minillm import __version__
from minillm.cli import wrong_and_remedy
from minillm.cli.job import Job
from minillm.errors import InputError
from minillm.models import config_to_dict
from minillm.training.ranks import OneRank
from minillm.visible import shortened


@contextlib.contextmanager
def together(ranks: OneRank) -> Iterator[None]:
    """What fails in the context on one rank is an error on all of them."""
    error = problem = None
    try:
        yield
    except (InputError, MemoryError, ModuleNotFoundError, OSError) as caught:
        error, problem = caught, wrong_and_remedy(caught)
    problems = ranks.gather(problem)
    if error is not None:
        raise error
    for rank, found in enumerate(problems):
        if found is not None:
            wrong, remedy = found
            raise InputError(f"{ranks.name(rank)}: {wrong}", remedy)


def join(job: Job, args, ranks: OneRank) -> None:
    """Let the trainers share their batches; InputError unless all ranks have the same program, files and options."""
    if ranks.size == 1:
        return
    job.trainer.join(ranks)
    first, *others = ranks.gather(description(job, args))
    for rank, other in enumerate(others, start=1):
        for what, value in first.items():
            if other[what] != value:
                raise InputError(
                    f"{ranks.name(rank)} has {what} {shortened(str(other[what]))}, and {ranks.name(0)} {shortened(str(value))}.",
                    "Start all ranks with the same minillm, the same files and the same options.",
                )


class NoInput:
    """Standard input of the other ranks: a launcher gives it to the first one only, and a read would wait for ever."""

    def __getattr__(self, name: str):
        raise InputError("Standard input reaches the first rank only.", "Give all ranks a file.")


def description(job: Job, args) -> dict:
    """All that a step depends on."""
    trainer = job.trainer
    batch = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in trainer.batch(0)))
    return {
        "minillm": __version__,
        "NumPy": np.__version__,
        "the folder": args.out,
        "the device": trainer.model.vector.device.name,
        "the data": job.facts.sha256,
        **{f"`{name}`": value for name, value in config_to_dict(trainer.model.config).items()},
        **{f"`{name}`": value for name, value in trainer.options.to_dict().items()},
        "the first batch": batch.hexdigest(),
    }
