"""What a run on pairs of texts remembers beside its training: with their types, since its folder may be anybody's."""

from dataclasses import dataclass

from minillm.errors import InputError, check_known
from minillm.finetuning.pairs.tasks import PAIR_TASKS
from minillm.models import ModelConfig, T5Config, TransformerConfig, check_fields

PAIRS = "sequence to sequence"


@dataclass(frozen=True)
class PairChoices:
    """What a run on pairs of texts began with, and what it is for."""

    objective: str
    task: str
    checkpoint: str | None  # the folder of the model that it began with; None: from nothing
    dev: str | None  # held-out pairs, if they are not a part of the others
    context: int

    @classmethod
    def check(cls, record: dict, config: ModelConfig) -> None:
        """Raise InputError unless a run that trains a model of this config can have remembered this."""
        check_fields(cls, record)
        check_known([record["task"]], PAIR_TASKS, "task")
        if not isinstance(config, TransformerConfig | T5Config):
            raise InputError(f"It does not train {config.name}.", "Train another model.")
        if record["context"] < 2:
            raise InputError(f"context is {record['context']}.", "It has another value than it should.")
