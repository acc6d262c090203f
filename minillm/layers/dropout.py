"""Dropout: in training, set a random part of the numbers to zero, so that no layer relies on a single unit."""

from minillm.backend import Array
from minillm.layers.layer import Layer
from minillm.ops import dropout, dropout_backward, dropout_mask


class Dropout(Layer):
    """x (any shape) -> x with each entry dropped with probability `rate` and the others scaled up by 1/(1 - rate).

    Without a generator (evaluation), or at rate 0, y is x.
    """

    def __init__(self, rate: float):
        if not 0 <= rate < 1:
            raise ValueError(f"the dropout rate must lie in [0, 1), got {rate}")
        self.rate = rate

    def _summary(self) -> str:
        return f"Dropout({self.rate})"

    def mask(self, shape: tuple[int, ...], rng, dtype) -> Array | None:
        """What to multiply by, or None where nothing is dropped."""
        return dropout_mask(shape, self.rate, rng, dtype) if self.rate and rng is not None else None

    def forward(self, x: Array, *, rng=None) -> tuple[Array, Array | None]:
        keep = self.mask(x.shape, rng, x.dtype)
        return (x, None) if keep is None else dropout(x, keep)

    def backward(self, dy: Array, saved: Array | None) -> Array:
        return dy if saved is None else dropout_backward(dy, saved)
