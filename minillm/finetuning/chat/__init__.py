"""From conversations to a GPT that answers."""

from minillm.finetuning.chat.data import ConversationData, conversation_batch
from minillm.finetuning.chat.examples import (
    Conversations,
    ConversationSplit,
    read_conversation_split,
    read_conversations,
    split_conversations,
    turns_of,
)

__all__ = [
    "ConversationData",
    "ConversationSplit",
    "Conversations",
    "conversation_batch",
    "read_conversation_split",
    "read_conversations",
    "split_conversations",
    "turns_of",
]
