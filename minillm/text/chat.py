"""A conversation as tokens: a special token in front of each message says whose it is, and another one ends it.

    <|system|>Be brief.<|end|><|user|>Who has the ball?<|end|><|assistant|>Mia.<|end|>

What a message says is text: one that holds "<|end|>" holds seven characters, and ends nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from minillm.text.characters import check_text
from minillm.text.tokenizer import Tokenizer

SYSTEM, USER, ASSISTANT = ROLES = ("system", "user", "assistant")
END = "<|end|>"
CHAT_TOKENS = (*(f"<|{role}|>" for role in ROLES), END)

# {"role": one of ROLES, "content": what is said}, as in the files of Hugging Face and OpenAI.
Message = Mapping[str, str]


def check_messages(messages: object) -> None:
    """ValueError unless these are messages of a conversation: perhaps one of the system, then a user's and an assistant's in turn, none
    of them empty.
    """
    if not isinstance(messages, list | tuple) or not messages:
        raise ValueError("it has no messages")
    due = USER
    for number, message in enumerate(messages, start=1):
        if not isinstance(message, Mapping) or not all(
            isinstance(message.get(key), str) for key in ("role", "content")
        ):
            raise ValueError(f'message {number} has no strings "role" and "content"')
        role = message["role"]
        if role not in ROLES:
            raise ValueError(f"message {number} has the role {role!r}, which is none of {', '.join(ROLES)}")
        if not message["content"].strip():
            raise ValueError(f"message {number}, of the {role}, is empty")
        check_text(message["content"])
        if role == SYSTEM and number == 1:
            continue
        if role != due:
            raise ValueError(f"message {number} is of the {role}, where it is the {due}'s turn")
        due = ASSISTANT if role == USER else USER


def plain_messages(messages: Sequence[Message]) -> list[Message]:
    """The messages with nothing but their roles and contents: those of a file may have more."""
    return [{key: message[key] for key in ("role", "content")} for message in messages]


class Format(Protocol):
    """How a model reads conversations."""

    ends: list[int]  # the tokens that end an answer

    def prompt(self, messages: Sequence[Message]) -> np.ndarray:
        """What a model reads before it answers: the messages, and that it is the assistant's turn; int64 (T,)."""


class Conversation(NamedTuple):
    """A whole conversation as tokens."""

    ids: np.ndarray  # int64 (T,)
    written: np.ndarray  # boolean (T,), True for what an assistant wrote: the tokens of its answers, and their ends


class ChatFormat:
    """The `Format` of a tokenizer that has CHAT_TOKENS; ValueError for one without. A tokenizer's `start_tokens` come first."""

    def __init__(self, tokenizer: Tokenizer):
        if not has_chat_tokens(tokenizer):
            raise ValueError(f"the tokenizer lacks some of the special tokens {', '.join(CHAT_TOKENS)}")
        self._tokenizer = tokenizer
        self._role = {role: tokenizer.special_tokens[f"<|{role}|>"] for role in ROLES}
        self.ends = [tokenizer.special_tokens[END]]

    def answer(self, content: str) -> np.ndarray:
        """What an assistant writes: the tokens of an answer, and the end of it; int64 (T,)."""
        return np.append(self._tokenizer.encode(content).astype(np.int64), self.ends)

    def prompt(self, messages: Sequence[Message]) -> np.ndarray:
        """What it has read before that: the messages so far, and that it is the assistant's turn; int64 (T,)."""
        return np.append(self.conversation(messages).ids, self._role[ASSISTANT])

    def conversation(self, messages: Sequence[Message]) -> Conversation:
        ids = list(self._tokenizer.start_tokens)
        written = [False] * len(ids)
        for message in messages:
            content = self.answer(message["content"])
            ids += [self._role[message["role"]], *content]
            written += [False] + [message["role"] == ASSISTANT] * len(content)
        return Conversation(np.array(ids, np.int64), np.array(written, bool))


def has_chat_tokens(tokenizer: Tokenizer) -> bool:
    return all(token in tokenizer.special_tokens for token in CHAT_TOKENS)


def with_chat_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer with CHAT_TOKENS, whose ids come after all others; itself if it has them."""
    lacking = [token for token in CHAT_TOKENS if token not in tokenizer.special_tokens]
    return tokenizer.with_special_tokens(lacking) if lacking else tokenizer
