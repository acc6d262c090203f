"""The ranks of a job: processes, on one machine or many, that train one model together. mpiexec or srun starts them."""

from typing import Any

from minillm.backend import Array


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
