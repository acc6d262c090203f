"""A training run of one command: what `pretrain`, `finetune` and `align` each have to say; `session` carries it out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from minillm.backend import Device
from minillm.models import ModelConfig
from minillm.text import Tokenizer
from minillm.training import Run, SavedRun, Trainer
from minillm.training.record import Facts, absolute, origin


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

    def describe_baselines(self, vocab: int) -> str:
        """Of a loss that is the mean over tokens of so large a vocabulary."""
        chance, frequencies = self.baselines
        return (
            f"        validation loss of a blind guess: ln {vocab} = {chance:.2f}; "
            f"of one that knows the frequencies: {frequencies:.2f}"
        )

    @abstractmethod
    def conclude(self, device: Device) -> None:
        """What came out, and what to try next."""

    def validation_batches(self) -> int:
        return sum(1 for _ in self.trainer.data.validation_batches(self.trainer.options.batch))


def fitting(text: str, tokenizer: Tokenizer, context: int) -> str:
    """As much of a short text as the model reads at once."""
    while len(tokenizer.encode(text)) > context:
        text = text[:-1]
    return text


def named_options(args) -> dict:
    """The options that were given, by the names of what they set. Paths that a run remembers are right from anywhere."""
    named = {name: value for name, value in vars(args).items() if value is not None}
    remembered = {"checkpoint": origin, "dev": absolute, "prompts": absolute}
    return named | {name: path(named[name]) for name, path in remembered.items() if name in named}
