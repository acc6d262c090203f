"""The stack: Transformer blocks one after the other, and a last norm."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from minillm.backend import Array, array_module
from minillm.layers.layer import Layer


class StackSaved(NamedTuple):
    blocks: list[Any]
    norm: Any
    layers_read: Sequence[int]


class Stack(Layer):
    """x (B, T, D) -> y (B, T, D) = norm(block_L(... block_1(x))). Without a last norm (post-norm models), y is the last block's output.

    The encoder's `memory` and a position `bias` are read by every block, so the gradients of all blocks for them add up. Every model is
    such a stack, with embeddings before it and a head after it.
    """

    def __init__(self, blocks: Sequence[Layer], norm: Layer | None = None):
        self.blocks = list(blocks)
        self.norm = norm

    def forward(self, x: Array, *, layers_read: Sequence[int] | None = None, **inputs: Any) -> tuple[Array, StackSaved]:
        """`inputs` are those of the blocks' `forward`: `memory`, `mask`, `bias`, `rng` ...

        With `layers_read`, ascending, y (B, T, n D) is what these n layers give, side by side: 0 is x, i is the output of the i-th block,
        and that of the last block has gone through the norm. Blocks above the highest of them are left out.
        """
        top = len(self.blocks)
        layers_read = (top,) if layers_read is None else layers_read
        outputs, saved, sn = [x], [], None
        for block in self.blocks[: max(layers_read)]:
            x, s = block.forward(x, **inputs)
            outputs.append(x)
            saved.append(s)
        if self.norm and len(saved) == top:
            outputs[top], sn = self.norm.forward(x)
        read = [outputs[i] for i in layers_read]
        y = read[0] if len(read) == 1 else array_module(x).concatenate(read, axis=-1)
        return y, StackSaved(saved, sn, layers_read)

    def backward(self, dy: Array, saved: StackSaved, *, needs_input_grad: bool = True) -> Any:
        """dy -> dx, then dmemory and dbias if the blocks read them.

        With `needs_input_grad=False`, nothing below the stack learns: backward ends at the lowest block that does, and returns None.
        """
        first, top = 0 if needs_input_grad else first_trainable(self.blocks), len(saved.blocks)
        if first >= top and not needs_input_grad and not (saved.norm is not None and self.norm.learns()):
            return None
        width = dy.shape[-1] // len(saved.layers_read)
        read = {layer: dy[..., i * width : (i + 1) * width] for i, layer in enumerate(saved.layers_read)}
        dx = read[top]  # y = the outputs that are read, side by side
        if saved.norm is not None:
            dx = self.norm.backward(dx, saved.norm)  # outputs[top] = norm(x)
        totals = None
        for i in range(top, first, -1):
            gradients = self.blocks[i - 1].backward(dx, saved.blocks[i - 1])  # x = block(x, memory, bias)
            dx, *shared = gradients if isinstance(gradients, tuple) else (gradients,)
            totals = shared if totals is None else [a + b for a, b in zip(totals, shared, strict=True)]
            if i - 1 in read:
                dx = dx + read[i - 1]  # the next block read this output, and y did
        if not needs_input_grad:
            return None
        return (dx, *totals) if totals else dx


def first_trainable(layers: Sequence[Layer]) -> int:
    """The index of the first layer with a trainable parameter, `len(layers)` if none has one."""
    return next((i for i, layer in enumerate(layers) if layer.learns()), len(layers))
