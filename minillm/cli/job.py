"""A training run of one command: what `pretrain`, `finetune` and `align` each have to say; `session` carries it out."""

import dataclasses
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

from minillm.backend import Device
from minillm.errors import InputError
from minillm.models import ModelConfig
from minillm.text import Tokenizer
from minillm.training import Run, Trainer, TrainOptions

CHANGEABLE = ("steps", "minutes", "eval_every", "eval_batches", "workers")  # what --resume may alter


class Kept(NamedTuple):
    """What the folder of a run says of it."""

    options: TrainOptions
    facts: dict
    config: ModelConfig
    tokenizer: Tokenizer

    def altered(self, named: dict, **fixed) -> TrainOptions:
        """The run's options, with what is `named` on the command line; InputError for what --resume can't alter.

        `fixed` are values that the folder does not have under the names of the options.
        """
        fixed = self.config.to_dict() | self.options.to_dict() | self.facts["chosen"] | fixed
        changed = {}
        for name, value in named.items():
            if name not in fixed or fixed[name] == value:
                continue
            if name not in CHANGEABLE:
                raise InputError(
                    f"This run has {name} {fixed[name]}, and --resume cannot change it to {value}.",
                    f"Leave `{name}` out, or start another run.",
                )
            changed[name] = value
        if "steps" in changed:
            changed.setdefault("minutes", None)
        return dataclasses.replace(self.options, **changed)

    def source(self, given: str | None, option: str) -> str | None:
        """Where the run's text is: the one given now, or the one that it began with."""
        if given is None and self.facts["source"] == "-" and sys.stdin.isatty():
            raise InputError(
                "This run read its text from standard input.", f"Give it again: {option} FILE, or through a pipe."
            )
        return self.facts["source"] if given is None else given

    def check_same(self, facts: dict) -> None:
        """InputError if what was read now is not what the run began with."""
        if facts["sha256"] != self.facts["sha256"]:
            raise InputError(
                f"{facts['name']} does not hold what this run began with.",
                "Give the same again, or start another run.",
            )


class Job(ABC):
    """A training run of one command, ready to go on. `facts` is what its folder remembers."""

    command: ClassVar[str]
    per: ClassVar[str] = "token"  # what a loss is the mean of
    choices: ClassVar[str] = "V"  # the letter for the number of classes of a guess

    folder: Run
    trainer: Trainer
    tokenizer: Tokenizer
    facts: dict

    @classmethod
    @abstractmethod
    def open(cls, args) -> Run:
        """The folder; nothing in it is touched."""

    @classmethod
    @abstractmethod
    def start(cls, folder: Run, args, device: Device) -> "Job":
        """A new run. Everything that can be wrong is found here, and nothing is written."""

    @classmethod
    @abstractmethod
    def began(cls, chosen: dict) -> bool:
        """Whether this command began the run that remembers this."""

    @classmethod
    @abstractmethod
    def resume(cls, folder: Run, args, kept: Kept, device: Device) -> "Job":
        """The same run again, its data read anew; its weights are loaded after this."""

    @abstractmethod
    def describe(self) -> Iterator[str]:
        """What is about to be done, with what, and what is to be beaten."""

    @abstractmethod
    def tokens(self) -> float:
        """Tokens to a step."""

    @abstractmethod
    def sample(self) -> str:
        """What the model can do now, in words."""

    @property
    @abstractmethod
    def baselines(self) -> tuple[float | None, float | None]:
        """The validation losses of a blind guess, and of one that knows the frequencies; None for what nobody knows."""

    @abstractmethod
    def conclude(self, device: Device) -> None:
        """What came out, and what to try next."""

    def validation_batches(self) -> int:
        return sum(1 for _ in self.trainer.data.validation_batches(self.trainer.options.batch))


def named_options(args) -> dict:
    """The options that were given, by the names of what they set."""
    return {name: value for name, value in vars(args).items() if value is not None}


def absolute(path: str | None) -> str | None:
    """A path that is right wherever `--resume` is called from. Standard input has none."""
    return path if path in (None, "-") else str(Path(path).resolve())
