"""For each file of kernels a call of its ops, forward and backward, with sizes that leave some threads without work."""

from minillm import ops
from tests.kernels.compare import numbers, on, same


def layer_norm(xp) -> None:
    x, gamma, beta, dy = numbers((70, 257), (257,), (257,), (70, 257))
    y, saved = ops.layer_norm(x, gamma, beta)
    same(ops.layer_norm(*on(xp, x, gamma, beta)), (y, saved))
    same(ops.layer_norm_backward(*on(xp, dy, saved)), ops.layer_norm_backward(dy, saved))


SPECIMENS = {"layer_norm.cu": layer_norm}
