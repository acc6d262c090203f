"""What a run on conversations remembers beside its training: with their types, since its folder may be anybody's."""

from dataclasses import dataclass

from minillm.errors import InputError
from minillm.models import GPTConfig, ModelConfig, check_fields
from minillm.text import Tokenizer
from minillm.text.chat import has_chat_tokens

CHAT = "chat"


@dataclass(frozen=True)
class ChatChoices:
    """What a run on conversations began with."""

    objective: str
    checkpoint: str  # the folder of the model that it began with
    dev: str | None  # held-out conversations, if they are not a part of the others
    dropout: float

    @classmethod
    def check(cls, record: dict, config: ModelConfig, tokenizer: Tokenizer) -> None:
        """Raise InputError unless a run that trains a model of this config can have remembered this."""
        check_fields(cls, record)
        if not isinstance(config, GPTConfig):
            raise InputError(f"It does not train {config.name}.", "Train another model.")
        if not has_chat_tokens(tokenizer):
            raise InputError("Its tokenizer has no tokens for conversations.", "Use the tokenizer of the run.")
