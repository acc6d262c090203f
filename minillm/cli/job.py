"""A training run of one command: what `pretrain`, `finetune` and `align` each have to say; `session` carries it out."""

import dataclasses
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

from minillm.backend import Device
from minillm.cli.terminal import say
from minillm.errors import InputError
from minillm.models import ModelConfig
from minillm.text import Tokenizer
from minillm.training import Run, Trainer, TrainOptions
from minillm.training.record import Facts, absolute
from minillm.training.run import OPTIONS
from minillm.weights import find

CHANGEABLE = ("steps", "minutes", "eval_every", "eval_batches", "workers")  # what --resume may alter


class SavedRun(NamedTuple):
    """What the folder of a run says of it."""

    folder: Run
    options: TrainOptions
    facts: Facts
    config: ModelConfig
    tokenizer: Tokenizer

    def altered(self, named: dict, **fixed) -> TrainOptions:
        """The run's options, with what is `named` on the command line; InputError for what --resume can't alter.

        `fixed` are values that the folder does not have under the names of the options.
        """
        fixed = self.config.to_dict() | self.options.to_dict() | self.facts.settings | fixed
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
        if "steps" in named:
            changed.setdefault("minutes", None)
        return dataclasses.replace(self.options, **changed)

    def source(self, given: str | None, option: str) -> str | None:
        """Where the run's text is: the one given now, or the one that it began with."""
        return source_again(self.folder, self.facts.source, option) if given is None else given

    def check_same(self, name: str, sha256: str) -> None:
        """InputError if what was read now, of this name, is not what the run began with."""
        if sha256 != self.facts.sha256:
            raise InputError(
                f"{name} does not hold what this run began with.", "Give the same again, or start another run."
            )


def source_again(folder: Run, remembered: str | None, option: str) -> str | None:
    """Where a text is, by what the folder of a run says; a user who names it anew gives the `option`, and this is not asked.

    The folder may be anybody's: what lies outside it is told before it is read, and neither a pipe nor a device is.
    """
    if remembered is None:
        return None
    again = f"Give it again: {option} FILE, or through a pipe."
    if remembered == "-":
        if sys.stdin.isatty():
            raise InputError("This run read its text from standard input.", again)
        return "-"
    path, said_by = Path(remembered), folder.path(OPTIONS)
    if not path.is_absolute():
        raise InputError(f"{said_by} names the text {remembered}, and does not say in which folder.", again)
    if path.exists() and not path.is_file():
        raise InputError(f"{said_by} names the text {remembered}, which is no file.", again)
    if not path.is_relative_to(folder.directory.resolve()):
        say(f"reads   {remembered}, which {said_by} names")
    return remembered


class Job(ABC):
    """A training run of one command, ready to go on."""

    command: ClassVar[str]
    per: ClassVar[str] = "token"  # what a loss is the mean of
    choices: ClassVar[str] = "V"  # the letter for the number of classes of a guess

    folder: Run
    trainer: Trainer
    tokenizer: Tokenizer
    facts: Facts

    @classmethod
    @abstractmethod
    def open(cls, args) -> Run:
        """The folder; nothing in it is touched."""

    @classmethod
    @abstractmethod
    def inputs(cls, args) -> dict[str, str | None]:
        """The files and folders that a new run reads, each by what it is: no run may replace them."""

    @classmethod
    @abstractmethod
    def start(cls, folder: Run, args, device: Device) -> "Job":
        """A new run. Everything that can be wrong is found here, and nothing is written."""

    @classmethod
    @abstractmethod
    def began(cls, settings: dict) -> bool:
        """Whether this command began the run that remembers this."""

    @classmethod
    @abstractmethod
    def check(cls, settings: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        """InputError unless a run of this command can remember this, beside such a model: its folder may be anybody's."""

    @classmethod
    @abstractmethod
    def resume(cls, folder: Run, args, saved: SavedRun, device: Device) -> "Job":
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
    """The options that were given, by the names of what they set. Paths that a run remembers are right from anywhere."""
    named = {name: value for name, value in vars(args).items() if value is not None}
    remembered = {"checkpoint": origin, "dev": absolute, "prompts": absolute}
    return named | {name: path(named[name]) for name, path in remembered.items() if name in named}


def origin(checkpoint: str | None) -> str | None:
    """The whole path of the model that a run begins with, which may be called by its name."""
    return None if checkpoint is None else absolute(str(find(checkpoint)))
