"""What a run of fine-tuning remembers besides the options of training: the types that it must have, since its folder may be anybody's."""

from dataclasses import dataclass

from minillm.errors import InputError, check_known
from minillm.finetuning.methods import Method
from minillm.finetuning.pair_tasks import PAIR_TASKS
from minillm.generation.answering import check_reads
from minillm.models import (
    ClassifierConfig,
    ModelConfig,
    QuestionAnsweringConfig,
    T5Config,
    TransformerConfig,
    check_fields,
)
from minillm.text import Tokenizer

TASK, PAIRS, QUESTIONS = "classification", "sequence to sequence", "question answering"


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


@dataclass(frozen=True)
class QuestionChoices:
    """What a run on questions began with."""

    objective: str
    checkpoint: str  # the folder of the model that it began with
    dev: str | None  # held-out questions, if they are not a part of the others
    init: str
    dropout: float

    @classmethod
    def check(cls, record: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        """Raise InputError unless a run that trains a model of this config can have remembered this."""
        check_fields(cls, record)
        if not isinstance(config, QuestionAnsweringConfig):
            raise InputError(f"It does not train {config.name}.", "Train another model.")
        check_reads(config.body.context, tokenizer)
