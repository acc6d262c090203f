"""Little conversations that can be learned within seconds: who has what, and what else?"""

import json
from pathlib import Path

import numpy as np

from minillm.finetuning.chat import Conversations
from minillm.text import CharTokenizer
from minillm.text.chat import with_chat_tokens

NAMES = ["Ann", "Ben", "Cleo", "Dan"]
THINGS = ["ball", "fox", "hat", "key", "map", "pen"]
SIZES = {"context": 64, "layers": 2, "heads": 2, "d_model": 32, "ngram": 2}


def tokenizer() -> CharTokenizer:
    return with_chat_tokens(CharTokenizer.train(" ".join([*NAMES, *THINGS, "has Who the? .0123456789"])))


def said(*contents: str, system: str | None = None) -> list[dict]:
    """What a user and an assistant say in turn."""
    roles = ["user", "assistant"] * len(contents)
    turns = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return turns if system is None else [{"role": "system", "content": system}, *turns]


def conversations(number: int, seed: int = 0) -> Conversations:
    """Each of two turns; the number makes them different."""
    rng, found = np.random.default_rng(seed), Conversations([], [])
    for i in range(number):
        name, other = rng.choice(NAMES, 2, replace=False)
        thing, more = rng.choice(THINGS, 2, replace=False)
        asked = f"{name} has the {thing}. Who? {i}"
        found.messages.append(said(asked, f"{name}.", f"{other} has the {more}. Who?", f"{other}."))
        found.lines.append(i + 1)
    return found


def write_conversations(path: Path, some: Conversations) -> Path:
    path.write_text("".join(json.dumps({"messages": each}) + "\n" for each in some.messages), encoding="utf-8")
    return path
