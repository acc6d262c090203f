"""Pooling: one vector for a text, made of the vectors of its tokens."""

from minillm.backend import Array, array_module
from minillm.errors import InputError
from minillm.layers.layer import Layer

POOLINGS = ("first", "last", "mean")


class Pooling(Layer):
    """x (B, T, D) -> y (B, D) with y_b = Σ_t w_bt x_bt; w depends on `kind` and on which tokens are real.

    `first` takes the first real token (BERT's [CLS]), `last` the last one (the only one that has seen all of a GPT's text), and `mean` the
    average over the real ones. Padding has w = 0, and a text without any real token gives zeros. Nothing is learned.
    """

    def __init__(self, kind: str):
        if kind not in POOLINGS:
            raise ValueError(f"there is no pooling {kind!r}: choose one of {', '.join(POOLINGS)}")
        self.kind = kind

    def _summary(self) -> str:
        return f"Pooling({self.kind!r})"

    def weights(self, x: Array, mask: Array | None) -> Array:
        """w (B, T), for x (B, T, D) and mask (B, T)."""
        xp, (batch, length, _) = array_module(x), x.shape
        real = xp.ones((batch, length), bool) if mask is None else mask
        if self.kind == "mean":
            count = xp.maximum(real.sum(axis=1, keepdims=True), 1)
            return real.astype(x.dtype) / count.astype(x.dtype)
        rank = xp.arange(length, 0, -1) if self.kind == "first" else xp.arange(1, length + 1)
        position = (real * rank).argmax(axis=1)
        return (real & (xp.arange(length) == position[:, None])).astype(x.dtype)

    def forward(self, x: Array, *, mask: Array | None = None) -> tuple[Array, Array]:
        """`mask` (B, T) is boolean, True = real token; without one all of them are."""
        if x.ndim != 3 or (mask is not None and mask.shape != x.shape[:2]):
            given = "" if mask is None else f" and a mask {mask.shape}"
            raise InputError(
                f"Pooling got x {x.shape}{given}.", "Give x (B, T, D), and a mask (B, T): one for each token."
            )
        w = self.weights(x, mask)
        return (w[:, None] @ x)[:, 0], w

    def backward(self, dy: Array, saved: Array) -> Array:
        return saved[:, :, None] * dy[:, None, :]  # y = Σ w x
