"""From conversations to batches, of which only what an assistant wrote is scored."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.batches import LikeLengths
from minillm.finetuning.chat.examples import Conversations, ConversationSplit
from minillm.objectives.rows import Rows, by_length
from minillm.ops import IGNORE
from minillm.text import CausalBatch, Tokenizer
from minillm.text.chat import ChatFormat, Conversation
from minillm.units import count


class ConversationRows(NamedTuple):
    """The conversations that can be learned from, as text and as tokens; and what had to be left out."""

    conversations: Conversations
    rows: list[Conversation]
    unknown: list[int]  # the lines of those left out, since the tokenizer knows nothing of a message
    long: list[int]  # the lines of those left out, since they have too many tokens
    dropped: int  # characters that the tokenizer doesn't know, and that were left out

    def longest(self) -> int:
        """Tokens that a model reads of the longest: all but its last."""
        return max(len(row.ids) for row in self.rows) - 1

    def scored(self) -> int:
        """Tokens of answers, their ends among them."""
        return sum(int(row.written.sum()) for row in self.rows)

    def left_out(self, context: int) -> Iterator[str]:
        """What is not learned from, in words."""
        if self.unknown:
            what = (
                f"{count(len(self.unknown), 'conversation')} with a message that the model's tokenizer knows nothing of"
            )
            yield f"{what} left out, the first in line {self.unknown[0]:,}"
        if self.long:
            what = count(len(self.long), "conversation")
            yield f"{what} of more than {context + 1} tokens left out, the first in line {self.long[0]:,}"
        if self.dropped:
            yield f"{count(self.dropped, 'character')} that the model's tokenizer does not know left out"


def tokenize_conversations(conversations: Conversations, tokenizer: Tokenizer, context: int) -> ConversationRows:
    """Conversations of at most context + 1 tokens, of which a model reads all but the last.

    One is left out if the tokenizer knows no character but white space of a message. InputError if none is left.
    """
    chat, places, rows, unknown, long, dropped = ChatFormat(tokenizer), [], [], [], [], 0
    readable = [
        [{**message, "content": tokenizer.readable(message["content"])} for message in messages]
        for messages in conversations.messages
    ]
    for place, messages in enumerate(readable):
        if not all(message["content"].strip() for message in messages):
            unknown.append(conversations.lines[place])
            continue
        row = chat.conversation(messages)
        if len(row.ids) > context + 1:
            long.append(conversations.lines[place])
            continue
        dropped += characters(conversations.messages[place]) - characters(messages)
        places.append(place)
        rows.append(row)
    if not rows:
        raise InputError(
            f"No conversation can be learned from: of {len(readable):,}, {len(unknown):,} have a message that the tokenizer knows nothing "
            f"of, and {len(long):,} more than {context + 1} tokens.",
            "Give shorter ones, or use a model with a longer context."
            if long
            else "Use a model that knows their characters.",
        )
    kept = conversations._replace(messages=readable).chosen(places)
    return ConversationRows(kept, rows, unknown, long, dropped)


def characters(messages: Sequence[dict]) -> int:
    return sum(len(message["content"]) for message in messages)


class ConversationParts(NamedTuple):
    """Conversations to train on, and held-out ones."""

    training: ConversationRows
    held_out: ConversationRows

    def longest(self) -> int:
        return max(part.longest() for part in self)


def tokenize_conversation_split(split: ConversationSplit, tokenizer: Tokenizer, context: int) -> ConversationParts:
    return ConversationParts(*(tokenize_conversations(part, tokenizer, context) for part in split))


def conversation_batch(rows: Sequence[Conversation]) -> CausalBatch:
    """Conversations side by side. What the assistant did not write is read, and not scored: its target is IGNORE, its gradient 0."""
    inputs = Rows.joined([row.ids[:-1] for row in rows])
    targets = Rows.joined([np.where(row.written[1:], row.ids[1:], IGNORE) for row in rows])
    return CausalBatch(inputs.padded(0), targets.padded(IGNORE))  # nobody looks at the padding on the right


class ConversationData:
    """Batches for `causal_lm`: conversations drawn at random, those of a batch of a like length."""

    def __init__(self, training: ConversationRows, held_out: ConversationRows):
        self.training, self.held_out = training, held_out
        self._drawn = LikeLengths([len(row.ids) for row in training.rows])

    def batch(self, rng: np.random.Generator, size: int) -> CausalBatch:
        return conversation_batch([self.training.rows[i] for i in self._drawn.draw(rng, size)])

    def validation_batches(self, size: int) -> Iterator[CausalBatch]:
        """All held-out conversations, the shortest first."""
        for chosen in by_length([row.ids for row in self.held_out.rows], size):
            yield conversation_batch([self.held_out.rows[i] for i in chosen])
