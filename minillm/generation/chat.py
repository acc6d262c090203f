"""What a GPT that has learned to chat answers: to many conversations at once, or in one that goes on."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation.continuation import stream_continuation
from minillm.generation.generate import generate, generate_batch
from minillm.models import GPT, Model
from minillm.text import Tokenizer
from minillm.text.chat import ASSISTANT, SYSTEM, USER, Format, Message

TOGETHER = 64  # conversations that are answered at once


def check_chats(model: Model) -> None:
    """Raise InputError for a model that can't go on with a conversation."""
    if not isinstance(model, GPT):
        raise InputError(f"This is {model.config.name}, which does not go on with a text.", "Use a GPT.")


def rules_of(model: GPT, tokenizer: Tokenizer, chat: Format) -> dict:
    """For `generate`: what ends an answer, and what is never in one, special tokens and the padding of a vocabulary."""
    special = {*tokenizer.special_tokens.values()} - {*chat.ends}
    return {"eos": chat.ends, "banned": [*special, *range(tokenizer.vocab_size, model.config.vocab_size)]}


def replies(
    model: GPT, tokenizer: Tokenizer, chat: Format, conversations: Sequence[Sequence[Message]], max_tokens: int
) -> list[str]:
    """What follows each of several conversations, the likeliest token every time; those of a length are answered together."""
    prompts = [chat.prompt(messages) for messages in conversations]
    rules, written = rules_of(model, tokenizer, chat), [""] * len(prompts)
    for length in {len(prompt) for prompt in prompts}:
        places = [i for i, prompt in enumerate(prompts) if len(prompt) == length]
        for first in range(0, len(places), TOGETHER):
            chosen = places[first : first + TOGETHER]
            rows = np.stack([prompts[i] for i in chosen])
            answers = generate_batch(model, rows, max_tokens, temperature=0, **rules)
            for place, ids in zip(chosen, answers, strict=True):
                written[place] = tokenizer.decode(ids, special=False).strip()
    return written


class Exchange(NamedTuple):
    """What the model reads for its next answer."""

    prompt: np.ndarray  # (T,)
    left_out: int  # of the oldest messages, since they don't fit into the context


class ChatSession:
    """A conversation with a model, turn by turn.

        session = ChatSession(model, tokenizer, ChatFormat(tokenizer))
        print("".join(session.answer("Who has the ball?")))

    A conversation that grows longer than the context loses its oldest questions, each with its answer, until the rest leaves room for an
    answer: for `max_tokens`, or for a quarter of the context if that is less. The system's message stays. `left_out` says how many messages
    the last answer did without. `settings` are the fields of `Sampling`. InputError for a system's message that leaves no room for others.
    """

    def __init__(
        self,
        model: GPT,
        tokenizer: Tokenizer,
        chat: Format,
        *,
        system: str | None = None,
        max_tokens: int = 200,
        seed: int = 0,
        **settings,
    ):
        check_chats(model)
        self.model, self.tokenizer, self.chat = model, tokenizer, chat
        self.max_tokens, self.seed = max_tokens, seed
        self.settings = settings | rules_of(model, tokenizer, chat)
        self._system: list[Message] = []
        if system is not None:
            self._system = [{"role": SYSTEM, "content": self._readable(system, "system's message")}]
            self._check_room(len(tokenizer.encode(self._system[0]["content"])), "system's message")
        self.reset()

    def reset(self) -> None:
        """Forget what was said. The system's message stays."""
        self.messages: list[Message] = [*self._system]
        self.left_out = 0

    def answer(self, text: str) -> Iterator[str]:
        """The answer to a message, piece by piece. An answer that is not waited for is kept as far as it came, and an empty one is not.

        InputError for a message without a character that the tokenizer knows, and for one that is too long for the context.
        """
        messages = [*self.messages, {"role": USER, "content": self._readable(text, "message")}]
        prompt, self.left_out = self._fitting(messages)
        return self._written(messages, prompt)

    def _readable(self, text: str, what: str) -> str:
        """What of a text the tokenizer knows; InputError if that is nothing."""
        known = self.tokenizer.readable(text).strip()
        if not known:
            wrong = "has no character that the model's tokenizer knows" if text.strip() else "is empty"
            raise InputError(f"The {what} {wrong}.", "Write a word or more that the model can have learned.")
        return known

    def _room(self) -> int:
        """How many tokens are kept for an answer."""
        return max(1, min(self.max_tokens, self.model.config.context // 4))

    def _check_room(self, length: int, what: str) -> None:
        """InputError unless an answer fits into the context beside so many tokens; its last one need not be read."""
        context, room = self.model.config.context, self._room()
        if length + room > context + 1:
            raise InputError(
                f"The {what} is too long: it has {length:,} tokens, and the model reads {context:,} at once, "
                f"an answer of {room:,} among them.",
                "Write a shorter one.",
            )

    def _fitting(self, messages: list[Message]) -> Exchange:
        """The newest messages that fit into the context with an answer."""
        fixed = len(self._system)
        for left_out in range(0, len(messages) - fixed, 2):
            prompt = self.chat.prompt([*self._system, *messages[fixed + left_out :]])
            if len(prompt) + self._room() <= self.model.config.context + 1:
                break
        self._check_room(len(prompt), "message, with what must stand around it,")
        return Exchange(prompt, left_out)

    def _written(self, messages: list[Message], prompt: np.ndarray) -> Iterator[str]:
        most = min(self.max_tokens, self.model.config.context + 1 - len(prompt))  # the last token need not be read
        tokens = generate(self.model, prompt, most, seed=self.seed + len(messages), **self.settings)
        pieces: list[str] = []
        try:
            for piece in stream_continuation(self.tokenizer, [], tokens, special=False):
                pieces.append(piece)
                yield piece
        finally:
            if written := "".join(pieces).strip():
                self.messages = [*messages, {"role": ASSISTANT, "content": written}]
