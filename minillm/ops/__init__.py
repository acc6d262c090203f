"""The mathematics of a Transformer as pairs of pure functions, forward and backward.

    y, saved = op(x, ...)                  gradients = op_backward(dy, saved)

Arrays in, arrays out, on NumPy or CuPy. `dy` is the gradient of the loss with respect to y; a backward function returns the gradient with
respect to each array that the forward function read, in the same order. No function writes into an array that it was given.

Shapes: B batch, T query tokens, S source (key) tokens, D d_model, H heads, K = D/H, F d_ff, V vocabulary; (..., D) is any number of rows.
"""

from minillm.ops.activations import (
    gelu,
    gelu_backward,
    gelu_erf,
    gelu_erf_backward,
    normal_cdf,
    relu,
    relu_backward,
    silu,
    silu_backward,
    tanh,
    tanh_backward,
)
from minillm.ops.chunked_attention import (
    chunk_size,
    chunked_attention,
    chunked_attention_backward,
)
from minillm.ops.divergence import kl_divergence, kl_divergence_backward
from minillm.ops.dot_product_attention import (
    attention,
    attention_backward,
    bilinear_attention,
    bilinear_attention_backward,
    softmax,
    softmax_backward,
)
from minillm.ops.embeddings import embedding, embedding_backward, sinusoidal_positions
from minillm.ops.grouped_queries import repeat_heads, repeat_heads_backward
from minillm.ops.linear_map import linear, linear_backward, linear_output
from minillm.ops.loss import IGNORE, cross_entropy, cross_entropy_backward
from minillm.ops.masks import causal_mask, mask_scores, padding_mask
from minillm.ops.normalization import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from minillm.ops.quantization import dequantize, int8_embedding, int8_linear, int8_tied_linear, quantize
from minillm.ops.reductions import log_softmax, max_last, mean_last, sum_last, sum_rows, sum_to
from minillm.ops.regularization import dropout, dropout_backward, dropout_mask
from minillm.ops.relative_positions import (
    alibi_bias,
    alibi_slopes,
    relative_bias,
    relative_bias_backward,
    relative_buckets,
)
from minillm.ops.rotary_positions import rotary, rotary_angles, rotary_backward, rotary_frequencies
from minillm.ops.sequence_logp import sequence_logp, sequence_logp_backward, token_logp, token_logp_backward

__all__ = [
    "IGNORE",
    "alibi_bias",
    "alibi_slopes",
    "attention",
    "attention_backward",
    "bilinear_attention",
    "bilinear_attention_backward",
    "causal_mask",
    "chunk_size",
    "chunked_attention",
    "chunked_attention_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dequantize",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "embedding",
    "embedding_backward",
    "gelu",
    "gelu_backward",
    "gelu_erf",
    "gelu_erf_backward",
    "int8_embedding",
    "int8_linear",
    "int8_tied_linear",
    "kl_divergence",
    "kl_divergence_backward",
    "layer_norm",
    "layer_norm_backward",
    "linear",
    "linear_backward",
    "linear_output",
    "log_softmax",
    "mask_scores",
    "max_last",
    "mean_last",
    "normal_cdf",
    "padding_mask",
    "quantize",
    "relative_bias",
    "relative_bias_backward",
    "relative_buckets",
    "relu",
    "relu_backward",
    "repeat_heads",
    "repeat_heads_backward",
    "rms_norm",
    "rms_norm_backward",
    "rotary",
    "rotary_angles",
    "rotary_backward",
    "rotary_frequencies",
    "sequence_logp",
    "sequence_logp_backward",
    "silu",
    "silu_backward",
    "sinusoidal_positions",
    "softmax",
    "softmax_backward",
    "sum_last",
    "sum_rows",
    "sum_to",
    "tanh",
    "tanh_backward",
    "token_logp",
    "token_logp_backward",
]
