"""What a run remembers of itself in JSON, with the types that its values must have: its files may be anybody's."""

import hashlib
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from minillm.errors import InputError
from minillm.models import check_fields
from minillm.weights import find


def sha256_of(text: str) -> str:
    """What a run knows a text by."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def absolute(path: str | None) -> str | None:
    """A path that is right wherever a run is resumed from. Standard input has none."""
    return path if path in (None, "-") else str(Path(path).resolve())


def origin(checkpoint: str | None) -> str | None:
    """The whole path of the model that a run begins with, which may be called by its name."""
    return None if checkpoint is None else absolute(str(find(checkpoint)))


@dataclass(frozen=True)
class Facts:
    """What trainer.json says besides the options of training."""

    name: str  # of the text or the data, for messages
    source: str | None  # where that is: a whole path, - for standard input, None for the usual text
    sha256: str  # of its content
    prompt: str  # a few words of it, to try the model with
    settings: dict  # of the command that began the run, which checks them; "chosen" in the file
    characters: int | None = None
    reference: str | None = None  # the fingerprint of the model that alignment began with
    chance: float | None = None  # the validation loss of a blind guess
    unigram: float | None = None  # ... and of one that knows the frequencies

    def to_dict(self) -> dict:
        """As in the file: without what not every run has."""
        values = {name: value for name, value in asdict(self).items() if value is not None or name == "source"}
        return values | {"chosen": values.pop("settings")}

    @classmethod
    def from_dict(cls, values: object) -> "Facts":
        """From what a file holds; InputError for anything that `to_dict` can't have made."""
        if isinstance(values, dict):
            values = {{"chosen": "settings"}.get(name, name): value for name, value in values.items()}
        check_fields(cls, values)
        return cls(**values)


@dataclass(frozen=True)
class State:
    """How far a run has come: the metadata of trainer.safetensors."""

    step: int
    elapsed: float  # seconds
    best_loss: float | None  # None: there is none yet
    best_step: int
    evaluated_step: int

    def __post_init__(self):
        if self.step < 0 or not 0 <= self.elapsed < math.inf:
            raise InputError(
                f"Step {self.step} after {self.elapsed} s cannot be.", "It has another value than it should."
            )
        if self.best_loss is not None and not math.isfinite(self.best_loss):
            raise InputError(f"best_loss is {self.best_loss}.", "It has another value than it should.")
