"""Count what would make a GPU program wait: synchronisations, and transfers from the host."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .capturing import refuse


@dataclass
class Counts:
    synchronisations: int = 0  # the host waited for the device: float(x), x.get(), x[mask] ...
    transfers: int = 0  # host data was copied to the device: asarray(numpy_array), x.set(...)


_active: list[Counts] = []


@contextmanager
def counting() -> Iterator[Counts]:
    """Count within the `with` block. Blocks may be nested: each counts all that happens inside it."""
    counts = Counts()
    _active.append(counts)
    try:
        yield counts
    finally:
        _active[:] = [other for other in _active if other is not counts]


def synchronised() -> None:
    refuse("waiting for the device")
    for counts in _active:
        counts.synchronisations += 1


def transferred() -> None:
    refuse("a copy from the host")
    for counts in _active:
        counts.transfers += 1
