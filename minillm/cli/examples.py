"""What all tasks of `finetune` have in common: they learn from a file of examples, some of which are held out."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

import numpy as np

from minillm.cli.job import Job
from minillm.cli.run_options import inputs_of
from minillm.text import name_of
from minillm.training import Run, SavedRun
from minillm.training.record import Facts, absolute


class Split(Protocol):
    """Examples to learn from, and held-out ones."""

    def words(self) -> str: ...

    def sha256(self) -> str: ...


class ExamplesJob(Job):
    """A run that learns from the examples of --data, and validates on those of --dev or on a tenth of them."""

    command: ClassVar[str] = "finetune"

    @classmethod
    def open(cls, args) -> Run:
        return Run(args.out)

    @classmethod
    def inputs(cls, args) -> dict[str, str | None]:
        return inputs_of(args)

    def tokens(self) -> float:
        options = self.trainer.options
        return round(options.batch * options.accumulate * np.mean(self.lengths()))

    @abstractmethod
    def lengths(self) -> list[int]:
        """The tokens of each example to learn from."""


def facts_of(args, split: Split, choices: Any) -> Facts:
    """What a new run remembers of its examples, and of what was chosen, a dataclass."""
    return Facts(name_of(args.data), absolute(args.data), split.sha256(), split.words(), asdict(choices))


def read_again(args, saved: SavedRun, read: Callable[..., Split], seed: int) -> Any:
    """The split of a run that goes on, by `read(data, dev, seed)`; InputError if it is another than the run began with."""
    data = saved.source(args.data, "data", saved.facts.source)
    dev = saved.source(args.dev, "dev", saved.facts.settings["dev"])
    split = read(data, dev, seed)
    saved.check_same(name_of(data), split.sha256())
    return split


def compared(scores: str, name: str, *, beaten: bool) -> str:
    """A line of what is to be beaten, and whether it was."""
    return f"{scores}  ({name}{'' if beaten else ', which the model does not beat'})"
