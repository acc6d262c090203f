"""What the ranks of a job make sure of before they train together: that none has failed, and that all are about to do the same."""

import contextlib
from collections.abc import Iterator

import numpy as np

from minillm import __version__
from minillm.cli import wrong_and_remedy
from minillm.cli.job import Job
from minillm.errors import InputError
from minillm.training.ranks import OneRank, check_same


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
    if ranks.size > 1:
        versions = {"minillm": __version__, "NumPy": np.__version__}
        check_same(ranks, {**versions, "the folder": args.out, "the data": job.facts.sha256})
        job.trainer.join(ranks)


class NoInput:
    """Standard input of the other ranks: a launcher gives it to the first one only, and a read would wait for ever."""

    def __getattr__(self, name: str):
        raise InputError("Standard input reaches the first rank only.", "Give all ranks a file.")
