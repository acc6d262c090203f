"""The gradient's sum over the ranks: one all-reduce after the backward pass, or piece by piece while it is still at work."""

from collections import Counter, deque
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from minillm.backend import array_module
from minillm.layers import Parameter, ParameterVector
from minillm.training.ranks import OneRank

# Numbers in a message: the 128 KB take longer than their latency. In a ring of n ranks a message is an n-th of what is summed.
MESSAGE = 1 << 15


def sum_gradient(vector: ParameterVector, ranks: OneRank) -> None:
    """One all-reduce of what is trained; the zeros of frozen parameters stay at home."""
    trained = [vector.grad[run] for run, _ in vector.trainable_slices()]
    if ranks.size == 1 or not trained:
        return
    if sum(map(len, trained)) == vector.size:
        ranks.sum(vector.grad)
        return
    total, start = ranks.sum(array_module(vector.grad).concatenate(trained)), 0
    for part in trained:
        part[...] = total[start : start + len(part)]
        start += len(part)


class Piece(NamedTuple):
    """Some neighbours in the vector."""

    place: slice
    names: set[str]


def pieces(vector: ParameterVector, ranks: OneRank) -> list[Piece]:
    """The trained part of the vector, from the last matrix to the first, as a backward pass comes to them; then what is no matrix."""
    found: list[Piece] = []
    for name, parameter in sorted(reversed(vector.named.items()), key=lambda item: item[1].data.ndim < 2):
        place = vector.slices[name]
        if not parameter.trainable:
            continue
        last = found[-1] if found else None
        if last and last.place.start == place.stop and last.place.stop - last.place.start < ranks.size * MESSAGE:
            found[-1] = Piece(slice(place.start, last.place.stop), last.names | {name})
        else:
            found.append(Piece(place, {name}))
    return found


def overlapped_sum(vector: ParameterVector, ranks: OneRank, workers: int) -> "OverlappedSum | None":
    """None where it does not pay.

    On one machine summing takes the cores that compute, with workers a gradient is whole when all of them have ended, what fits in
    two pieces is not ready before the end, and what lies scattered, as LoRA's matrices do, is better sent together.
    """
    if not ranks.apart or workers > 1 or vector.device.name != "cpu":
        return None
    found = pieces(vector, ranks)
    trained = sum(place.stop - place.start for place, _ in found)
    pays = len(found) > 2 and trained >= (len(found) - 2) * ranks.size * MESSAGE
    return OverlappedSum(vector, ranks) if pays else None


class OverlappedSum:
    """A context for the backward pass, in which each piece is summed as soon as it is ready, by a thread; after it all are.

    Ready is a parameter to whose gradient was added as often as in an earlier step: once, or twice for tied weights, and so in each of
    several passes. The first step therefore sums everything at the end. If more comes to a piece that was sent, its sum is wrong, and
    `late` says so; by the next time the number is known. All ranks send all pieces in one order, also those that fail.
    Li et al. 2020, PyTorch Distributed (https://doi.org/10.14778/3415478.3415530), section 3.2.3.
    """

    def __init__(self, vector: ParameterVector, ranks: OneRank):
        self.vector, self.ranks, self.late = vector, ranks, False
        self.uses: Counter[str] = Counter()  # how often a step adds to the gradient of each parameter

    def __enter__(self) -> None:
        self.late, self._seen, self._sent = False, Counter(), set()
        self.waiting, self._ready = deque(pieces(self.vector, self.ranks)), SimpleQueue()
        self._error: Exception | None = None
        self._thread = Thread(target=self._carry, daemon=True)  # it must not keep a process that ends
        self._thread.start()
        self._hooks = {name: parameter.post_accumulate_grad_hook for name, parameter in self.vector.named.items()}
        for parameter in self.vector.named.values():
            parameter.post_accumulate_grad_hook = self._added

    def _added(self, parameter: Parameter) -> None:
        if hook := self._hooks[parameter.name]:
            hook(parameter)
        self._seen[parameter.name] += 1
        self.late |= parameter.name in self._sent
        while self.waiting and all(0 < self._seen[name] == self.uses[name] for name in self.waiting[0].names):
            self.send()

    def send(self) -> None:
        """Let the thread sum the next piece."""
        piece = self.waiting.popleft()
        self._sent |= piece.names
        self._ready.put(piece.place)

    def _carry(self) -> None:
        try:
            for place in iter(self._ready.get, None):
                self.ranks.sum_aside(self.vector.grad[place])
        except Exception as error:
            self._error = error

    def __exit__(self, *error) -> None:
        for name, hook in self._hooks.items():
            self.vector.named[name].post_accumulate_grad_hook = hook
        while self.waiting:
            self.send()
        self._ready.put(None)
        self._thread.join()
        if self._error:
            raise self._error
        self.uses |= self._seen  # the larger of the two
