"""From conversations to a GPT that answers in them."""

from minillm.finetuning.chat.data import ConversationData, conversation_batch
from minillm.finetuning.chat.evaluation import evaluate_conversations
from minillm.finetuning.chat.examples import (
    Conversations,
    ConversationSplit,
    read_conversation_split,
    read_conversations,
    split_conversations,
    turns_of,
)
from minillm.finetuning.chat.job import ChatLearner, HeldOutTurns, begin_chat, learn_chat, resume_chat
from minillm.finetuning.chat.record import CHAT, ChatChoices

__all__ = [
    "CHAT",
    "ChatChoices",
    "ChatLearner",
    "ConversationData",
    "ConversationSplit",
    "Conversations",
    "HeldOutTurns",
    "begin_chat",
    "conversation_batch",
    "evaluate_conversations",
    "learn_chat",
    "read_conversation_split",
    "read_conversations",
    "resume_chat",
    "split_conversations",
    "turns_of",
]
