"""Training steps as CUDA graphs: a GPU gets all of a step at once, and Python only fills in the batch."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minillm.backend import Array, array_module, device_seed, to_host
from minillm.gpu.cublas import check_products, matmul_by_cublas
from minillm.gpu.graph import Buffers, Graph
from minillm.models import Model
from minillm.objectives import Objective
from minillm.training.gradient_sum import sum_gradient
from minillm.training.optimizers import AdamW, Factors, clip_grad_norm
from minillm.training.ranks import OneRank

MOST = 4  # graphs, one for each shape of batch; each keeps the memory of a step
Inputs = dict[str, np.ndarray]
_log = logging.getLogger(__name__)


class CapturedSteps:
    """The steps of a trainer on a GPU. Batches of one shape are done plainly the first time, and then by a graph.

    The graph does what the plain step does: `gradient(shares)`, which leaves the gradient in the model and gives the loss, then clipping,
    then the optimiser. What changes from step to step are its inputs: the arrays of the batch as `Objective.prepare` gives them, the weight
    of each share, the seed of its dropout, and the optimiser's factors. Before a graph is used, its first replay is compared with the
    plain step, and undone. On a processor, for an objective that can't be captured, and where the card refuses or a replay differs, all
    steps are done plainly.

    Several ranks add up their gradients and their losses in the middle of a step, and that is in no graph: there are two then, one for what
    is before and one for what is after. So a step asks the same of the other ranks, be it captured or plain, and each rank captures
    what it can.
    """

    def __init__(
        self,
        model: Model,
        optimizer: AdamW,
        objective: Objective,
        gradient: Callable[[Sequence[Any]], Array],
        clip: float,
        precision: str,
    ):
        self.model, self.optimizer, self.objective = model, optimizer, objective
        self.gradient, self.clip, self.precision = gradient, clip, precision
        self.on_gpu = model.vector.device.name == "gpu"
        self.possible = self.on_gpu and objective.prepare is not None
        self._graphs: dict[tuple, Graph | None] = {}  # None for what came once
        if self.on_gpu:
            try:
                check_products(model.vector.device.xp)
            except Exception as error:  # no library, one without these functions, no room, or a wrong product
                self._give_up(error)
                self.on_gpu = False

    def products(self) -> contextlib.AbstractContextManager:
        """Inside, matrix products on a GPU are those that can be captured, in the precision that is asked for."""
        if not self.on_gpu:
            return contextlib.nullcontext()
        return matmul_by_cublas(self.model.vector.device.xp, self.precision)

    def step(self, shares: Sequence[Any], lr: float, ranks: OneRank) -> tuple[Array, Array] | None:
        """Change the weights, and give the loss and the gradient's length, scalars on the device; None if it must be done plainly."""
        if not self.possible:
            return None
        inputs = self._inputs(shares, lr)
        key = self._key(inputs)
        graph = self._graphs.get(key) or self._second_time(key, inputs, shares, ranks)
        if graph is None:
            return None

        def add_up(loss: Array) -> None:
            sum_gradient(self.model.vector, ranks)
            ranks.sum(loss)

        found = graph.replay(inputs, between=add_up)
        self.optimizer.steps += 1
        return found

    def _second_time(self, key: tuple, inputs: Inputs, shares: Sequence[Any], ranks: OneRank) -> Graph | None:
        """A graph for what came once before. None for what is new, and where there are enough."""
        new, full = key not in self._graphs, sum(graph is not None for graph in self._graphs.values()) == MOST
        self._graphs[key] = None if new or full else self._capture(inputs, shares, ranks)
        return self._graphs[key]

    def _inputs(self, shares: Sequence[Any], lr: float) -> Inputs:
        dtype = self.model.vector.data.dtype
        inputs = {
            "factors": np.array(self.optimizer.factors(lr), dtype),
            "weights": np.array([share.weight for share in shares], dtype),
            "seeds": np.array([device_seed(*share.seed) for share in shares]),
        }
        for number, share in enumerate(shares):
            for name, array in self.objective.prepare(self.model, **share.arrays).items():
                inputs[f"{number}.{name}"] = np.ascontiguousarray(array)
        return inputs

    def _key(self, inputs: Inputs) -> tuple:
        """What a graph is for: the shapes of its inputs, the parameters that learn, and where everything lies."""
        vector, optimizer = self.model.vector, self.optimizer
        lasting = (vector.data, vector.grad, optimizer.first_moment, optimizer.second_moment)
        shapes = tuple((name, array.shape, array.dtype.str) for name, array in inputs.items())
        learns = tuple(parameter.trainable for parameter in vector.named.values())
        return shapes, learns, tuple(array.data.ptr for array in lasting)

    def _capture(self, inputs: Inputs, shares: Sequence[Any], ranks: OneRank) -> Graph | None:
        def gradient(buffers: Buffers) -> tuple[Array]:
            return (self.gradient([from_buffers(share, number, buffers) for number, share in enumerate(shares)]),)

        def update(buffers: Buffers) -> tuple[Array]:
            norm = clip_grad_norm(self.model.vector, self.clip)
            self.optimizer.update(Factors(*buffers["factors"]))
            return (norm,)

        def step(buffers: Buffers) -> tuple[Array, Array]:
            return gradient(buffers) + update(buffers)

        rehearsed = []

        def rehearse(buffers: Buffers) -> None:
            rehearsed.append(self._trial(lambda: step(buffers)))

        parts = [step] if ranks.size == 1 else [gradient, update]
        try:
            graph = Graph(self.model.vector.device.xp, inputs, parts, rehearse)
            check_same(self._trial(lambda: graph.replay(inputs)), rehearsed[0])
            return graph
        except Exception as error:  # CUDA's errors have many classes
            self._give_up(error)
            return None

    def _trial(self, step: Callable[[], tuple[Array, Array]]) -> tuple[Array, ...]:
        """The loss of a step, the gradient's length, and how it changes the weights; they and the moments are as before.

        All of this rank alone: no other one needs to know.
        """
        weights = self.model.vector.data
        lasting = weights, self.optimizer.first_moment, self.optimizer.second_moment
        before = [array.copy() for array in lasting]
        try:
            loss, norm = step()
            return loss.copy(), norm.copy(), weights - before[0]
        finally:
            for array, earlier in zip(lasting, before, strict=True):
                array[...] = earlier

    def _give_up(self, error: Exception) -> None:
        self.possible = False
        self._graphs = {}
        reason = " ".join(str(error).split())[:200]
        _log.warning(
            "Steps go to the GPU one kernel at a time, not as a CUDA graph: %s: %s", type(error).__name__, reason
        )


def check_same(replayed: Sequence[Array], rehearsed: Sequence[Array]) -> None:
    """RuntimeError unless a replay of the graph did what the step itself does, but for rounding. It waits for the device, once."""
    xp = array_module(rehearsed[0])
    sizes = [xp.abs(x).sum() for ours, wanted in zip(replayed, rehearsed, strict=True) for x in (ours - wanted, wanted)]
    differences = to_host(xp.stack(sizes)).reshape(-1, 2)
    for name, (difference, size) in zip(
        ("loss", "gradient's length", "change of the weights"), differences, strict=True
    ):
        if np.isfinite(size) and not difference <= 0.01 * size:
            raise RuntimeError(f"a replay has another {name}: by {difference:.2g} of {size:.2g}")


def from_buffers(share: Any, number: int, buffers: Buffers) -> Any:
    """A share that is a part of the batch no more, but of the buffers."""
    prefix = f"{number}."
    arrays = {name.removeprefix(prefix): array for name, array in buffers.items() if name.startswith(prefix)}
    return share._replace(arrays=arrays, weight=buffers["weights"][number], seed=(buffers["seeds"][number],))
