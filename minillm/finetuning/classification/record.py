"""What a run that trains a classifier remembers beside its training: with their types, since its folder may be anybody's."""

from dataclasses import dataclass

from minillm.errors import InputError
from minillm.finetuning.classification.methods import Method
from minillm.models import ClassifierConfig, ModelConfig, check_fields

TASK = "classification"


@dataclass(frozen=True)
class Choices:
    """What it began with, and what learns."""

    objective: str
    checkpoint: str  # the folder of the model that it began with
    dev: str | None  # held-out texts, if they are not a part of the others
    freeze: str | int
    lora: int | None
    init: str
    dropout: float

    @classmethod
    def check(cls, record: dict, config: ModelConfig) -> None:
        """Raise InputError unless a run that trains a model of this config can have remembered this."""
        check_fields(cls, record)
        if not isinstance(config, ClassifierConfig) or config.classes < 2:
            raise InputError(f"It does not train {config.name}.", "Train another model.")
        Method(record["freeze"], record["lora"]).check(config.body)
