"""The stack: Transformer blocks one after the other, and a last norm."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from minillm.backend import Array
from minillm.layers.layer import Layer


class StackSaved(NamedTuple):
    blocks: list[Any]
    norm: Any


class Stack(Layer):
    """x (B, T, D) -> y (B, T, D) = norm(block_L(... block_1(x))). Without a last norm (post-norm models), y is the last block's output.

    The encoder's `memory` and a position `bias` are read by every block, so the gradients of all blocks for them add up. Every model is
    such a stack, with embeddings before it and a head after it.
    """

    def __init__(self, blocks: Sequence[Layer], norm: Layer | None = None):
        self.blocks = list(blocks)
        self.norm = norm

    def forward(self, x: Array, **inputs: Any) -> tuple[Array, StackSaved]:
        """`inputs` are those of the blocks' `forward`: `memory`, `mask`, `bias`, `rng` ..."""
        saved = []
        for block in self.blocks:
            x, s = block.forward(x, **inputs)
            saved.append(s)
        y, sn = self.norm.forward(x) if self.norm else (x, None)
        return y, StackSaved(saved, sn)

    def backward(self, dy: Array, saved: StackSaved, *, needs_input_grad: bool = True) -> Any:
        """dy -> dx, then dmemory and dbias if the blocks read them.

        With `needs_input_grad=False`, nothing below the stack learns: backward ends at the lowest block that does, and returns None.
        """
        first = 0 if needs_input_grad else first_trainable(self.blocks)
        if first == len(self.blocks) and not (self.norm and self.norm.learns()):
            return None
        dx = self.norm.backward(dy, saved.norm) if self.norm else dy  # y = norm(x)
        totals = None
        for block, s in reversed(list(zip(self.blocks, saved.blocks, strict=True))[first:]):
            gradients = block.backward(dx, s)  # x = block(x, memory, bias)
            dx, *shared = gradients if isinstance(gradients, tuple) else (gradients,)
            totals = shared if totals is None else [a + b for a, b in zip(totals, shared, strict=True)]
        if not needs_input_grad:
            return None
        return (dx, *totals) if totals else dx


def first_trainable(layers: Sequence[Layer]) -> int:
    """The index of the first layer with a trainable parameter, `len(layers)` if none has one."""
    return next((i for i, layer in enumerate(layers) if layer.learns()), len(layers))
