"""What a continuation adds to its prompt. Decoded alone, a token that is no text's first would lose its space, or show its ##."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from minillm.text import Tokenizer


def continuation(
    tokenizer: Tokenizer, prompt: Sequence[int] | np.ndarray, ids: Sequence[int] | np.ndarray, special: bool = True
) -> str:
    """The text that `ids` add to that of the ids of a prompt, which may be none; special=False leaves special tokens out."""
    before = tokenizer.decode(prompt, special=special)
    return tokenizer.decode([*prompt, *ids], special=special)[len(before) :]


def stream_continuation(
    tokenizer: Tokenizer, prompt: Sequence[int] | np.ndarray, ids: Iterable[int], special: bool = True
) -> Iterator[str]:
    """The same in pieces, as `ids` arrive. What is no whole character yet waits for the rest of it.

    stream_continuation(tokenizer, prompt, generate(model, prompt, 400))
    """
    skip = len(tokenizer.decode(prompt, special=special))
    for piece in tokenizer.stream(chain(map(int, prompt), ids), special=special):
        if new := piece[skip:]:
            yield new
        skip = max(skip - len(piece), 0)
