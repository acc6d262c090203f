"""What a way to pretrain consists of."""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import numpy as np

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import GPTConfig, Model, ModelConfig, build, check_types
from minillm.objectives import Data, Objective
from minillm.objectives.corrupted import CorruptedData
from minillm.text import Tokenizer, name_of, read_text
from minillm.text.corpus import training_part
from minillm.training.record import Facts, absolute, sha256_of
from minillm.visible import visible

SIZES = {field.name: field.default for field in dataclasses.fields(GPTConfig) if field.name != "vocab_size"}


@dataclass(frozen=True, kw_only=True)
class Pretraining(ABC):
    """One way to pretrain: its special tokens, its model, its batches, its objective, and how it shows what the model has learned.

    The fields are its settings, which a run remembers. `defaults` are settings of the whole run that suit it better than those of any
    preset, and `laptop` those that suit it better than the preset of that name.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    special_tokens: ClassVar[tuple[str, ...]] = ()
    defaults: ClassVar[dict] = {}
    laptop: ClassVar[dict] = {}
    usual_text: ClassVar[str] = "the Python language reference"  # what `read` gives where no source is named

    trains: ClassVar[type[ModelConfig]]  # the kind of its model
    smooths_labels: ClassVar[bool] = True  # whether label smoothing means anything to it

    context: int  # tokens that the model sees at once

    @classmethod
    def own_settings(cls) -> tuple[str, ...]:
        """The names of the settings that not every way has."""
        return tuple(field.name for field in dataclasses.fields(cls) if field.name != "context")

    @classmethod
    def from_settings(cls, settings: dict) -> "Pretraining":
        """Made of its own settings among others; InputError for a value of another type."""
        own = {name: settings[name] for name in ("context", *cls.own_settings()) if name in settings}
        check_types(cls, own)
        return cls(**own)

    def record(self) -> dict:
        """What a run remembers of it: see `task_from_record`."""
        return {"objective": self.name} | dataclasses.asdict(self)

    def check_model(self, config: ModelConfig, tokenizer: Tokenizer) -> None:
        """Raise InputError unless it can train a model of this config with this tokenizer, which stand in files beside its record."""
        if type(config) is not self.trains:
            raise InputError(f"The objective {self.name} does not train {config.name}.", "Train another model.")
        if getattr(config, "context", self.context) != self.context:
            raise InputError(
                f"Its context is {self.context}, and the model's {config.context}.", "Train another model."
            )
        for token in self.special_tokens:
            if token not in tokenizer.special_tokens:
                raise InputError(f"The tokenizer lacks the special token {token}.", "Use another tokenizer.")

    def read(self, source: str | None) -> str:
        """The text of a file; "-" is standard input, None the usual text."""
        return read_text(source)

    def facts(self, source: str | None, text: str) -> Facts:
        """What a run must remember of its text: enough to find it again, and to know it if it changed; and some of its words."""
        opening = text[len(text) // 2 :].split("\n\n", 1)[-1].split()
        plain = (w for w in opening if w == visible(w) and not any(token in w for token in self.special_tokens))
        words = list(islice(plain, 4 if " " in text else 1))
        return Facts(
            name=self.usual_text if source is None else name_of(source),
            source=absolute(source),
            sha256=sha256_of(text),
            prompt=" ".join(words)[:40] or text[:1],
            settings=self.record(),
            characters=len(text),
        )

    @abstractmethod
    def config(self, vocab_size: int, sizes: dict) -> ModelConfig:
        """The config of its model, of sizes by the names that `GPTConfig` has for them; InputError for one that can't be."""

    def build(self, config: ModelConfig, *, seed: int | None = 0, device: Device = CPU) -> Model:
        return build(config, seed=seed, device=device)

    @abstractmethod
    def data(self, text: str, tokenizer: Tokenizer) -> Data:
        """The batches of a text: nine tenths to train on, one tenth to validate on."""

    @abstractmethod
    def tokens(self, data: Data) -> tuple[np.ndarray, np.ndarray]:
        """The token ids to train on, and those to validate on."""

    @abstractmethod
    def objective(self) -> Objective: ...

    @abstractmethod
    def sample(self, model: Model, tokenizer: Tokenizer, words: str, seed: int) -> str:
        """What the model, as it is now, makes of a few words of its text."""

    def example(self, words: str) -> str:
        """A few words, made into a text to try the trained model on."""
        return words

    def score(self, model: Model, data: Data, tokenizer: Tokenizer) -> str | None:
        """What the model can do on held-out text, in words; None where its loss says it all."""
        return None

    def describe(self, data: Data) -> str | None:
        """What there is to know of the data besides its size."""
        return None


class Repairing(Pretraining):
    """To repair a damaged text: nine tenths of its pieces to train on."""

    def tokens(self, data: CorruptedData) -> tuple[np.ndarray, np.ndarray]:
        ids = data.pieces.ids
        end = training_part(len(ids))
        return ids[:end], ids[end:]


def around(words: str, place: int) -> tuple[str, str]:
    """What stands before one of a few words, and after it."""
    parts = words.split(" ")
    return "".join(f"{word} " for word in parts[:place]), "".join(f" {word}" for word in parts[place + 1 :])


def sizes_without(sizes: dict, config: type[ModelConfig]) -> dict:
    """The sizes that this kind of model has; InputError if one that it lacks is not at its default."""
    known = {field.name for field in dataclasses.fields(config)}
    for name in SIZES:
        if name not in known and sizes.get(name, SIZES[name]) != SIZES[name]:
            raise InputError(f"{config.name.capitalize()} has no {name}.", f"Leave `{name}` out.")
    return {name: value for name, value in sizes.items() if name in known}
