"""Kernels in CUDA C for the passes of a training step that take longest on a GPU besides the matrix products.

An op of `minillm.ops` that finds its arrays on a GPU, in float32 and contiguous (`fit`), has a kernel do in one pass over the numbers
what its own lines do in many. Everywhere else those lines run, and they are what the kernels are tested against: each gives the same
numbers to float32's rounding, and keeps the same for the backward pass. `MINILLM_KERNELS=0` in the environment switches them all off.
"""

from minillm.kernels.activations import activation, activation_backward
from minillm.kernels.adamw import adamw
from minillm.kernels.attention import attention, attention_backward, fit_tiles
from minillm.kernels.cross_entropy import cross_entropy_backward, log_softmax
from minillm.kernels.dropout import dropout_mask
from minillm.kernels.launching import fit, fit_mask
from minillm.kernels.normalization import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from minillm.kernels.softmax import softmax, softmax_backward

__all__ = [
    "activation",
    "activation_backward",
    "adamw",
    "attention",
    "attention_backward",
    "cross_entropy_backward",
    "dropout_mask",
    "fit",
    "fit_mask",
    "fit_tiles",
    "layer_norm",
    "layer_norm_backward",
    "log_softmax",
    "rms_norm",
    "rms_norm_backward",
    "softmax",
    "softmax_backward",
]
