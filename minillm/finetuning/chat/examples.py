"""Conversations: a file with one in each line, as JSON: a list "messages" of objects with a "role" and a "content"."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.files import parse_json, reading
from minillm.finetuning.held_out import tenth_of
from minillm.text import name_of, read_text
from minillm.text.chat import ASSISTANT, Message, check_messages, plain_messages
from minillm.training.record import sha256_of
from minillm.visible import visible

FORM = (
    'A line looks like {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Mia."}]}.'
)


class Conversations(NamedTuple):
    """Conversations, and in which line each stands, for messages."""

    messages: list[list[Message]]
    lines: list[int]

    def chosen(self, places: Sequence[int] | np.ndarray) -> "Conversations":
        return Conversations(*([column[i] for i in places] for column in self))


class Turn(NamedTuple):
    """A place in a conversation at which an assistant answered."""

    before: Sequence[Message]
    answer: str
    line: int

    @property
    def question(self) -> str:
        return self.before[-1]["content"]


class ConversationSplit(NamedTuple):
    """Conversations to train on, and held-out ones."""

    training: Conversations
    held_out: Conversations

    def words(self) -> str:
        """A held-out question, to try a model on."""
        return visible(" ".join(turns_of(self.held_out)[0].question.split()))

    def sha256(self) -> str:
        return sha256_of(json.dumps([part.messages for part in self], ensure_ascii=False))


def turns_of(conversations: Conversations) -> list[Turn]:
    """All answers, each with the messages before it."""
    return [
        Turn(messages[:number], message["content"].strip(), line)
        for messages, line in zip(*conversations, strict=True)
        for number, message in enumerate(messages)
        if message["role"] == ASSISTANT
    ]


def check_conversation(messages: object) -> None:
    """ValueError unless there is something to learn from these messages."""
    check_messages(messages)
    if all(message["role"] != ASSISTANT for message in messages):
        raise ValueError("the assistant says nothing in it")


def read_conversations(path: str | Path) -> Conversations:
    """The conversations of a UTF-8 file of JSON lines; "-" is standard input, and blank lines are left out.

    InputError, with the number of the line, for one that is none, and for a file without any.
    """
    found = Conversations([], [])
    for number, line in enumerate(read_text(str(path)).split("\n"), start=1):
        if not line.strip():
            continue
        with reading(f"Line {number:,} of {name_of(path)}", "conversation", FORM):
            record = parse_json(line)
            messages = record.get("messages") if isinstance(record, dict) else None
            check_conversation(messages)
            found.messages.append(plain_messages(messages))
            found.lines.append(number)
    if not found.lines:
        raise InputError(f"{name_of(path)} has no conversation.", FORM)
    return found


def split_conversations(conversations: Conversations, seed: int, path: str | Path) -> ConversationSplit:
    """The conversations to train on, and a tenth, drawn at random from the seed. `path` is what messages call them.

    Those up to whose first answer all is the same are on one side only: else a model could know the answer by heart.
    """
    remedy = "Give more conversations, or held-out ones of their own: `dev` FILE.jsonl."
    asked = [json.dumps(first_question(messages)) for messages in conversations.messages]
    held = tenth_of(asked, seed, path, "conversation", remedy)
    return ConversationSplit(conversations.chosen(np.flatnonzero(~held)), conversations.chosen(np.flatnonzero(held)))


def first_question(messages: Sequence[Message]) -> list[str]:
    """What is said before the first answer."""
    answered = next(number for number, message in enumerate(messages) if message["role"] == ASSISTANT)
    return [message["content"] for message in messages[:answered]]


def read_conversation_split(path: str | Path, dev: str | Path | None = None, seed: int = 0) -> ConversationSplit:
    """The conversations of a file, with those of the file `dev` as held-out ones, or without it a tenth of them."""
    conversations = read_conversations(path)
    if dev is None:
        return split_conversations(conversations, seed, name_of(path))
    return ConversationSplit(conversations, read_conversations(dev))
