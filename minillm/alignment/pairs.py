"""Preferences in a file: {"prompt": ..., "chosen": ..., "rejected": ...}, one JSON object a line; and their tokens.

All three are texts, or lists of messages, as in a conversation (the form of Hugging Face's TRL).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.ops import IGNORE
from minillm.text import Tokenizer, name_of, read_text
from minillm.text.chat import ASSISTANT, ChatFormat, Message, check_messages, has_chat_tokens, plain_messages
from minillm.units import count

KEYS = ("prompt", "chosen", "rejected")
FEWEST = 10  # pairs: a tenth is held out
EXAMPLE = 'A line looks like {"prompt": "Q: ", "chosen": "a good answer", "rejected": "a bad one"}.'
CHAT_EXAMPLE = (
    'A line of messages looks like {"prompt": [{"role": "user", "content": "Who?"}], '
    '"chosen": [{"role": "assistant", "content": "Mia."}], "rejected": [{"role": "assistant", "content": "No."}]}.'
)


@dataclass(frozen=True)
class Pair:
    """A prompt, an answer that people chose, and one that they rejected. Of a conversation the prompt is all that was said before."""

    prompt: str | tuple[Message, ...]
    chosen: str
    rejected: str
    place: str = field(default="", compare=False)  # the line and the file that it was read from, for messages

    def parts(self) -> tuple[str | tuple[Message, ...], str, str]:
        return self.prompt, self.chosen, self.rejected

    def asked(self) -> str:
        """The prompt, or the last message before the answer."""
        return self.prompt if isinstance(self.prompt, str) else self.prompt[-1]["content"]


def read_pairs(source: str) -> list[Pair]:
    """The pairs in a file (- is standard input), blank lines left out. InputError, with its number, for a line that holds none."""
    pairs = []
    for number, line in enumerate(read_text(source).split("\n"), 1):
        if line.strip():
            pairs.append(_pair(line, f"Line {number:,} of {name_of(source)}"))
    check_enough(pairs, source)
    return pairs


def check_enough(pairs: Sequence[Pair], source: str) -> None:
    if len(pairs) < FEWEST:
        raise InputError(
            f"{source} holds {count(len(pairs), 'pair')}.", f"Give {FEWEST} or more, since a tenth of them is held out."
        )


def as_pair(pair: object) -> Pair:
    """A pair as a program may give it: a `Pair`, three strings, or a dictionary with the names in KEYS, of strings or of messages."""
    if isinstance(pair, Pair):
        return pair
    if isinstance(pair, dict) and _has_messages(pair):
        return Pair(*_of_messages(pair, "A pair").parts())
    texts = [pair.get(key) for key in KEYS] if isinstance(pair, dict) else pair
    if not isinstance(texts, list | tuple) or len(texts) != 3 or not all(isinstance(text, str) for text in texts):
        raise InputError(f"{pair!r} is no pair.", "Give three strings: prompt, chosen, rejected.")
    return Pair(*texts)


def _pair(line: str, where: str) -> Pair:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is no JSON: {error}.", EXAMPLE) from None
    if not isinstance(record, dict):
        raise InputError(f"{where} is no JSON object.", EXAMPLE)
    if _has_messages(record):
        return _of_messages(record, where)
    for key in KEYS:
        if key not in record:
            raise InputError(f"{where} has no {key!r}.", EXAMPLE)
        if not isinstance(record[key], str):
            raise InputError(f"{where} has a {key!r} that is no string.", EXAMPLE)
    if not (record["chosen"] and record["rejected"]):
        raise InputError(f"{where} has an empty answer.", "Give each answer a character or more, a new line at least.")
    return _different(Pair(*(record[key] for key in KEYS), where))


def _different(pair: Pair) -> Pair:
    if pair.chosen == pair.rejected:
        raise InputError(f"{pair.place} has the same answer twice.", "Leave out pairs in which nothing is better.")
    return pair


def _has_messages(record: dict) -> bool:
    return any(isinstance(record.get(key), list) for key in KEYS)


def _of_messages(record: dict, where: str) -> Pair:
    """Two conversations that differ in their last message, an assistant's. Their common beginning may stand in "prompt", or in both."""
    conversations = []
    for key in ("chosen", "rejected"):
        before, answer = record.get("prompt", []), record.get(key)
        if not (isinstance(before, list) and isinstance(answer, list)):
            raise InputError(f"{where} has messages, and a part that is no list of them.", CHAT_EXAMPLE)
        try:
            check_messages(before + answer)
        except ValueError as error:
            raise InputError(f"{where} has in its {key!r} no conversation: {error}.", CHAT_EXAMPLE) from None
        conversations.append(plain_messages(before + answer))
        if not answer or len(conversations[-1]) < 2 or answer[-1]["role"] != ASSISTANT:
            raise InputError(f"{where} has a {key!r} that does not end with an answer.", CHAT_EXAMPLE)
    chosen, rejected = conversations
    if chosen[:-1] != rejected[:-1]:
        raise InputError(f"{where} has answers to different conversations.", "Let only their last messages differ.")
    return _different(Pair(tuple(chosen[:-1]), chosen[-1]["content"], rejected[-1]["content"], where))


class Answers(NamedTuple):
    """Texts (prompt and answer) as a matrix, padded on the right: what a GPT reads, and which of its guesses count."""

    inputs: np.ndarray  # (N, T) int64
    targets: np.ndarray  # (N, T) int64: the next token where it belongs to the answer, else IGNORE

    def lengths(self) -> np.ndarray:
        """Tokens of each answer, (N,)."""
        return (self.targets != IGNORE).sum(axis=1)


def answers_of(prompts: Sequence[np.ndarray], answers: Sequence[np.ndarray]) -> Answers:
    """Texts as a matrix, a row for each prompt and its answer. The tokens of the prompt are not scored."""
    width = max(len(prompt) + len(answer) for prompt, answer in zip(prompts, answers, strict=True)) - 1
    inputs = np.zeros((len(prompts), width), np.int64)
    targets = np.full((len(prompts), width), IGNORE, np.int64)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        text = np.concatenate([prompt, answer])
        inputs[row, : len(text) - 1] = text[:-1]
        targets[row, len(prompt) - 1 : len(text) - 1] = answer
    return Answers(inputs, targets)


class TokenPairs(NamedTuple):
    """P pairs as tokens. The answers to one prompt stand in one row of `prompts`."""

    prompts: list[np.ndarray]
    chosen: list[np.ndarray]
    rejected: list[np.ndarray]

    def part(self, which: np.ndarray) -> "TokenPairs":
        return TokenPairs(*([rows[i] for i in which] for rows in self))


def tokenize_pairs(pairs: Sequence[Pair], tokenizer: Tokenizer, context: int) -> TokenPairs:
    """InputError, with the pair's line or number, for one with a character that the tokenizer doesn't know, longer than the context, or
    with nothing to learn from: a prompt or an answer of no token (a tokenizer may leave out white space), or twice the same answer.

    An empty prompt becomes a new line: a model guesses nothing without a token to read.
    """
    rows: tuple[list, ...] = ([], [], [])
    for number, pair in enumerate(pairs, 1):
        tokens = _tokens_of(pair, pair.place or f"Pair {number:,}", tokenizer, context)
        for part, row in zip(rows, tokens, strict=True):
            part.append(row)
    return TokenPairs(*rows)


def _tokens_of(pair: Pair, where: str, tokenizer: Tokenizer, context: int) -> list[np.ndarray]:
    tokens = (_tokens_of_texts if isinstance(pair.prompt, str) else _tokens_of_messages)(pair, where, tokenizer)
    if np.array_equal(tokens[1], tokens[2]):
        raise InputError(
            f"{where} has the same answer twice, as the model's tokenizer reads it.",
            "Leave out pairs in which nothing is better.",
        )
    length = len(tokens[0]) + max(len(tokens[1]), len(tokens[2]))
    if length > context + 1:
        raise InputError(
            f"{where} has {length - 1:,} tokens to read, and the model sees {context:,} at once.",
            "Shorten the prompt or the answers, or pretrain a model with a longer `context`.",
        )
    return tokens


def _tokens_of_messages(pair: Pair, where: str, tokenizer: Tokenizer) -> list[np.ndarray]:
    """What `finetune --task chat` reads and scores: an answer's tokens, and its end."""
    if not has_chat_tokens(tokenizer):
        raise InputError(
            f"{where} is a conversation, and the model's tokenizer has no tokens for who speaks.",
            "Teach the model to answer first, by the task `chat` of finetuning.",
        )
    chat = ChatFormat(tokenizer)
    try:
        return [chat.prompt(pair.prompt), chat.answer(pair.chosen), chat.answer(pair.rejected)]
    except InputError as error:
        raise InputError(f"{where}: {error.wrong}", error.remedy) from None


def _tokens_of_texts(pair: Pair, where: str, tokenizer: Tokenizer) -> list[np.ndarray]:
    tokens = []
    for key, text in zip(KEYS, pair.parts(), strict=True):
        no_prompt = key == "prompt" and not text
        try:
            ids = tokenizer.encode("\n" if no_prompt else text)
        except InputError as error:
            if not no_prompt:
                raise InputError(f"{where}: {error.wrong}", error.remedy) from None
            ids = np.empty(0)
        if not len(ids):
            why = "the model's tokenizer knows no new line to put there" if no_prompt else "it comes to no token"
            raise InputError(f"{where} has nothing in its {key!r}: {why}.", "Give it a word or more.")
        tokens.append((tokenizer.with_start_tokens(ids) if key == "prompt" else ids).astype(np.int64))
    return tokens


def split_pairs(
    pairs: Sequence[Pair], tokenizer: Tokenizer, context: int, method: str, seed: int
) -> tuple[TokenPairs, TokenPairs]:
    """The tokens of the pairs to train on, and of those held out. InputError if a reward model, which scores texts, is to learn from
    conversations.
    """
    if method == "reward" and not all(isinstance(pair.prompt, str) for pair in pairs):
        raise InputError(
            "A reward model scores texts, and these are conversations.", "Choose another method, as `dpo`."
        )
    tokens = tokenize_pairs(pairs, tokenizer, context)
    training, held_out = hold_out(len(pairs), seed)
    return tokens.part(training), tokens.part(held_out)


def hold_out(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs to train on, and which tenth to hold out, at random from the seed."""
    order = np.random.default_rng((seed, 0xA)).permutation(count)
    held_out = max(1, count // 10)
    return np.sort(order[held_out:]), np.sort(order[:held_out])
