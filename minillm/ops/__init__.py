"""The mathematics of a Transformer as pairs of pure functions, forward and backward.

    y, saved = op(x, ...)                  gradients = op_backward(dy, saved)

Arrays in, arrays out, on NumPy or CuPy. `dy` is the gradient of the loss with respect to y; a backward function returns the gradient with
respect to each array that the forward function read, in the same order. No function writes into an array that it was given.

Shapes: B batch, T query tokens, S source (key) tokens, D d_model, H heads, K = D/H, F d_ff, V vocabulary; (..., D) is any number of rows.
"""

from minillm.ops.activations import gelu, gelu_backward, gelu_erf, gelu_erf_backward, normal_cdf, relu, relu_backward
from minillm.ops.dot_product_attention import (
    attention,
    attention_backward,
    bilinear_attention,
    bilinear_attention_backward,
    forbid,
    softmax,
    softmax_backward,
)
from minillm.ops.embeddings import embedding, embedding_backward, sinusoidal_positions
from minillm.ops.linear_map import linear, linear_backward
from minillm.ops.loss import IGNORE, cross_entropy, cross_entropy_backward
from minillm.ops.normalization import layer_norm, layer_norm_backward
from minillm.ops.reductions import sum_last, sum_rows
from minillm.ops.regularization import dropout, dropout_backward, dropout_mask

__all__ = [
    "IGNORE",
    "attention",
    "attention_backward",
    "bilinear_attention",
    "bilinear_attention_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "embedding",
    "embedding_backward",
    "forbid",
    "gelu",
    "gelu_backward",
    "gelu_erf",
    "gelu_erf_backward",
    "layer_norm",
    "layer_norm_backward",
    "linear",
    "linear_backward",
    "normal_cdf",
    "relu",
    "relu_backward",
    "sinusoidal_positions",
    "softmax",
    "softmax_backward",
    "sum_last",
    "sum_rows",
]
