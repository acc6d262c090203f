"""Where a text ends: at a token that means so, or before a stop string."""

from collections.abc import Iterable, Iterator, Sequence

from minillm.errors import InputError
from minillm.text import Tokenizer


def end_tokens(eos_token_id: int | Sequence[int] | None, tokenizer: Tokenizer) -> list[int]:
    """The ids of the tokens that end a text: those that the model's files name, `model.eos_token_id`, one, several or none.

    Ids that the tokenizer doesn't know end nothing: many a small model names GPT-2's 50256. Where none is left, transformers writes on to
    the last token that it may; here the tokenizer's eos_token is the end, if it has one.
    """
    named = [eos_token_id] if isinstance(eos_token_id, int) else eos_token_id or ()
    if ids := [i for i in named if 0 <= i < tokenizer.vocab_size]:
        return ids
    own = tokenizer.role("eos_token")
    return [] if own is None else [own]


def until_stop(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The pieces of a text up to where one of the stop strings begins, which is left out with all that follows.

    As if the text were read character by character: the stop string that is complete first ends it, of several the longest. It may begin in
    one piece and end in a later one, so a piece that could be its beginning waits for the next. No piece is asked for after the end: tokens
    that generation has not chosen by then are never chosen.

        until_stop(stream_continuation(tokenizer, prompt, generate(model, prompt, 400)), ["\\n\\n"])
    """
    if "" in stops:
        raise InputError("A stop string is empty.", "Give it at least one character, or leave it out.")
    waiting = ""
    for piece in pieces:
        waiting += piece
        found = [(at + len(stop), at) for stop in stops if (at := waiting.find(stop)) >= 0]
        if found:
            _, at = min(found)
            if at:
                yield waiting[:at]
            return
        held = max((_beginning(waiting, stop) for stop in stops), default=0)
        if held < len(waiting):
            yield waiting[: len(waiting) - held]
            waiting = waiting[len(waiting) - held :]
    if waiting:
        yield waiting


def _beginning(text: str, stop: str) -> int:
    """How many characters at the end of the text are the beginning of the stop string, and not all of it."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
