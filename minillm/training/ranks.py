"""The ranks of a job: processes, on one machine or many, that train one model together. mpiexec or srun starts them."""

from typing import Any

from minillm.backend import Array
from minillm.errors import InputError
from minillm.visible import shortened


class OneRank:
    """A process that trains alone. `mpi.Ranks` does the same for several, where all of them make the same calls in the same order."""

    rank, size, local_rank = 0, 1, 0
    cores: int | None = None  # of the machine's, for each rank; None is all
    apart = False  # whether a network lies between them: it sums a part with `sum_aside` while they compute another

    def sum(self, x: Array) -> Array:
        """The sum over the ranks, equal on all of them bit for bit. An array is summed in place."""
        return x

    def any(self, flag: bool) -> bool:
        """Whether it is so on any rank."""
        return flag

    def first(self, thing: Any) -> Any:
        """What the first rank has."""
        return thing

    def gather(self, thing: Any) -> list:
        """What each rank has, in their order."""
        return [thing]

    def name(self, rank: int) -> str:
        return f"Rank {rank}"

    def __enter__(self) -> "OneRank":
        return self

    def __exit__(self, *error) -> bool | None:
        pass


def check_same(ranks: OneRank, facts: dict[str, Any]) -> None:
    """InputError unless all ranks have the same facts, each by what it is: they would wait for ever, or learn what nobody asked for."""
    first, *others = ranks.gather(facts)
    for rank, other in enumerate(others, start=1):
        for what, value in first.items():
            if other.get(what) != value:
                raise InputError(
                    f"{ranks.name(rank)} has {what} {shortened(str(other.get(what)))}, and {ranks.name(0)} {shortened(str(value))}.",
                    "Start all ranks with the same minillm, the same files and the same options.",
                )
