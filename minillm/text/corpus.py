"""Where a text comes from, and how its tokens become batches."""

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.ops import IGNORE

BEGINNING = 1 << 16  # bytes, in which a NUL tells what is no text before the rest of it is read: /dev/zero has no end


def default_text() -> str:
    """The Python language reference that ships with Python: about 460,000 characters of English on every machine.

    Its topics in alphabetical order, a blank line between two. It differs a little from one Python version to the next.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise InputError(
            "This Python lacks pydoc_data.topics, the text that is read when none is named.",
            "Name a text of your own: `text` FILE.",
        ) from None
    return "\n\n".join(topics[name].strip("\n") for name in sorted(topics)) + "\n"


def read_text(source: str | Path | None, *, files_only: bool = False) -> str:
    """The text of a UTF-8 file; "-" is standard input, None the default text. New lines are "\\n", and a BOM is dropped.

    A user may name a pipe, such as `<(zcat book.gz)`. With `files_only` it must be a regular file: for a source that some file names.
    """
    if source is None:
        return default_text()
    if source == "-":
        return _as_text(sys.stdin.buffer.read(), "standard input")
    if files_only and Path(source).exists() and not Path(source).is_file():
        raise InputError(f"{source} is no file.", "Name the text yourself.")
    return _as_text(_read_file(Path(source)), source)


def name_of(source: str | Path) -> str:
    """What messages call the source of a text."""
    return "standard input" if str(source) == "-" else str(source)


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a text.", "Name one file in it.")
    try:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING)
            return beginning if b"\0" in beginning else beginning + file.read()
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", _nearest(path)) from None
    except PermissionError:
        raise InputError(
            f"{path} may not be read by you.", "Change its permissions, or copy it to a place of yours."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None


def _nearest(path: Path) -> str:
    """What to do when a file is missing: the file that may have been meant, if one has nearly that name."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"Check the path: there is no folder {path.parent} that can be read."
    if near := difflib.get_close_matches(path.name, names, n=1):
        return f"Did you mean {path.with_name(near[0])}?"
    return "Check the name, and the folder that you are in."


def _as_text(data: bytes, source: str | Path) -> str:
    as_utf8 = "minillm reads plain text in UTF-8; if it is text, save it again with that encoding."
    if b"\0" in data:
        raise InputError(f"{source} is not plain text: byte {data.index(0)} is NUL.", as_utf8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not UTF-8: byte {error.start} is {data[error.start]:#04x}.", as_utf8) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise InputError(f"{source} holds no text.", "Give a text with something in it.")
    return text


def training_part(count: int) -> int:
    """How many of so many tokens, the first ones of a text, are to train on: nine tenths. The others are to validate on."""
    return count * 9 // 10


class CausalBatch(NamedTuple):
    """B windows of text, in which each target is the token after its input."""

    inputs: np.ndarray  # (B, T) int64
    targets: np.ndarray  # (B, T) int64, IGNORE where nothing is scored


class Corpus:
    """The token ids of a text, the first 90 % to train on and the last 10 % to validate on; both are views of `ids`."""

    def __init__(self, ids: np.ndarray, context: int):
        ids = np.asarray(ids)
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise ValueError(f"a corpus is a 1-D array of integers, and this is {ids.dtype} of shape {ids.shape}")
        end = training_part(len(ids))
        self.context = context
        self.train = ids[:end]
        self.validation = ids[end:]
        check_lengths(self.train, self.validation, context)
        self._windows = np.lib.stride_tricks.sliding_window_view(self.train, context)

    def __repr__(self) -> str:
        parts = f"{len(self.train):,} tokens to train on, {len(self.validation):,} to validate on"
        return f"Corpus({parts}, context={self.context})"

    def batch(self, rng: np.random.Generator, size: int) -> CausalBatch:
        """`size` windows at random places of the training part."""
        starts = rng.integers(len(self._windows) - 1, size=size)
        return CausalBatch(self._windows[starts].astype(np.int64), self._windows[starts + 1].astype(np.int64))

    def validation_batches(self, size: int) -> Iterator[CausalBatch]:
        """The whole validation part in order: see `windows`."""
        return windows(self.validation, self.context, size)


def windows(ids: np.ndarray, context: int, size: int) -> Iterator[CausalBatch]:
    """A text in order, at most `size` windows at a time.

    Every token but the first is a target once. The last window is filled up with inputs 0 and targets IGNORE, unless it is the only one:
    some models have a context of 100,000 tokens.
    """
    last = len(ids) - 1
    context = min(context, max(last, 1))
    for start in range(0, last, size * context):
        stop = min(start + size * context, last)
        shape = (-(-(stop - start) // context), context)
        inputs, targets = np.zeros(shape, np.int64), np.full(shape, IGNORE, np.int64)
        inputs.reshape(-1)[: stop - start] = ids[start:stop]
        targets.reshape(-1)[: stop - start] = ids[start + 1 : stop + 1]
        yield CausalBatch(inputs, targets)


def check_lengths(train: np.ndarray, validation: np.ndarray, context: int) -> None:
    """Raise InputError unless both parts of a corpus are longer than the context, so that every token of a window has a target."""
    if context < 1:
        raise InputError(f"A context of {context} tokens is too short.", "Use `context` 1 or longer.")
    shorter = min(len(train), len(validation))
    if shorter <= context:
        enough = f"a longer text ({10 * (context + 1):,} tokens are enough)"
        raise InputError(
            f"The text is too short for a context of {context:,} tokens: its training part has {len(train):,}, "
            f"its validation part {len(validation):,}, and each needs {context + 1:,}.",
            f"Use `context` {shorter - 1}, or {enough}." if shorter > 1 else f"Use {enough}.",
        )


def unigram_entropy(train_ids: np.ndarray, validation_ids: np.ndarray, vocab_size: int) -> float:
    """The loss, in nats a token, of a model that knows nothing but how frequent each token is.

    Frequencies p are counted in train_ids, and one is added to each count; the loss is the mean of -ln p over validation_ids.
    """
    counts = np.bincount(train_ids, minlength=vocab_size) + 1
    seen = np.bincount(validation_ids, minlength=vocab_size)
    if len(counts) > vocab_size or len(seen) > vocab_size:
        largest = max(len(counts), len(seen)) - 1
        raise ValueError(f"token id {largest} is outside the vocabulary, 0 to {vocab_size - 1}")
    return float(seen @ -np.log(counts / counts.sum()) / seen.sum())
