"""What a run on questions remembers beside its training: with their types, since its folder may be anybody's."""

from dataclasses import dataclass

from minillm.errors import InputError
from minillm.generation.answering import check_reads
from minillm.models import ModelConfig, QuestionAnsweringConfig, check_fields
from minillm.text import Tokenizer

QUESTIONS = "question answering"


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
