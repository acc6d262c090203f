"""Which numbers of a step a page shows, and which others it must hold so that each shown one can be computed again.

A small step is shown whole. Of a larger one each long axis is cut down to a few places: the tokens of the text on a vocabulary, the
first ones elsewhere. What a shown number is computed from is on the page in full, so that every sum is complete.
"""

from dataclasses import dataclass

import numpy as np

from minillm.inspection.step import Step
from minillm.inspection.traced import Node

WHOLE = 200_000  # numbers: a step of no more is shown whole
SHORT, FIRST = 16, 8  # an axis of no more than SHORT places is not cut, a longer one to its FIRST


@dataclass(frozen=True)
class Window:
    """What is shown of an axis, by its length."""

    whole: bool
    vocab_size: int
    ids: list[int]  # of the vocabulary

    def axis(self, length: int) -> np.ndarray:
        if self.whole or length <= SHORT:
            return np.arange(length)
        return np.array(self.ids) if length == self.vocab_size else np.arange(FIRST)

    def shown(self, node: Node) -> np.ndarray:
        """Which numbers of a node are shown: boolean, in its shape."""
        shown = np.zeros(node.values.shape, bool)
        shown[np.ix_(*map(self.axis, node.values.shape))] = True
        return shown


def window_for(step: Step, ids: np.ndarray) -> Window:
    """The window for a step on a text with these ids."""
    whole = sum(node.values.size for node in step.nodes) <= WHOLE
    return Window(whole, step.vocab_size, np.unique(ids)[: 2 * SHORT].tolist())


def held(step: Step, window: Window) -> tuple[list[np.ndarray], set[int]]:
    """For each node which of its numbers the page holds, flat; and the numbers of the nodes that it can't compute again.

    The gradient's length is such a one if the page does not hold the whole gradient.
    """
    shown = [window.shown(node) for node in step.nodes]
    kept = [mask.reshape(-1).copy() for mask in shown]
    given = set() if window.whole else {step.length.number}
    for node, mask in zip(step.nodes, shown, strict=True):
        if node.number not in given:
            for operand, needed in zip(node.operands, _needed(node, mask), strict=True):
                kept[operand.node.number][operand.index[needed]] = True
    return kept, given


ROWS = (  # the rules by which a number depends on its whole row
    "softmax", "softmax_backward", "log_softmax", "layer_norm_factor", "layer_norm_rows", "layer_norm_backward", "rms_norm_factor",
    "rms_norm_backward",
)  # fmt: skip


def _needed(node: Node, shown: np.ndarray) -> list[np.ndarray]:
    """For each operand which of its numbers the shown ones are computed from: boolean, in the operand's shape."""
    shapes = [operand.index.shape for operand in node.operands]
    if node.kind == "matmul":
        rows, columns = shown.any(axis=-1, keepdims=True), shown.any(axis=-2, keepdims=True)
        return [np.broadcast_to(rows, shapes[0]), np.broadcast_to(columns, shapes[1])]
    if node.kind in ROWS:
        rows = shown.any(axis=-1, keepdims=True)
        return [np.broadcast_to(rows, shape) for shape in shapes]
    if node.kind in ("sum", "sum_of_products"):  # over the first axis
        return [np.broadcast_to(shown, shape) for shape in shapes]
    if node.kind == "scatter":
        return [shown.reshape(-1)[node.options["places"]]]
    if node.kind == "place":
        return [shown.reshape(-1)[node.options["places"]], shown]
    if node.kind == "gather":
        return [shown, *(np.ones(shape, bool) for shape in shapes[1:])]
    if node.kind == "mean_loss":
        read = np.zeros(shapes[0], bool)
        read[np.arange(shapes[0][0]), node.options["targets"]] = True
        return [read]
    if node.kind == "length":
        return [np.ones(shape, bool) for shape in shapes]
    if node.kind == "clip":
        return [shown, np.ones(shapes[1], bool)]
    return [np.broadcast_to(shown, shape) for shape in shapes]  # number by number
