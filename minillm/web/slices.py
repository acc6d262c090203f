"""Work in slices: between two of them the worker reads what the page has sent."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

SLICE = 0.15  # seconds
Item = TypeVar("Item")


def slices(items: Iterable[Item], seconds: float = SLICE) -> Iterator[list[Item]]:
    """The items in lists: in each what came in a slice of time. What is done between two lists doesn't count."""
    part, ends = [], time.perf_counter() + seconds
    for item in items:
        part.append(item)
        if time.perf_counter() >= ends:
            yield part
            part, ends = [], time.perf_counter() + seconds
    if part:
        yield part
