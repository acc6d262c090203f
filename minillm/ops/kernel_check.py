"""Before the kernels are trusted with a model, each is compared once with the plain op, on small arrays."""

import logging
from collections.abc import Callable
from functools import cache
from types import ModuleType

import numpy as np

from minillm import kernels
from minillm.backend import Array, CounterGenerator, to_host
from minillm.kernels import launching
from minillm.ops.activations import gelu, gelu_backward, gelu_erf, gelu_erf_backward, silu, silu_backward
from minillm.ops.chunked_attention import chunked_attention, chunked_attention_backward
from minillm.ops.dot_product_attention import attention, attention_backward
from minillm.ops.loss import IGNORE, cross_entropy, cross_entropy_backward
from minillm.ops.normalization import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from minillm.ops.regularization import dropout_mask

TOLERANCE = 1e-4  # of the largest number, or of 1: well above float32's rounding, well below any mistake
Compute = Callable[[ModuleType], list[Array]]
_log = logging.getLogger(__name__)


@cache
def check_kernels(cupy: ModuleType) -> None:
    """Once in a process: where a kernel does not compile, or differs from NumPy in float64, all are switched off, and one line says why."""
    if not launching.ON:
        return
    for name, compute in cases().items():
        try:
            problem = difference(compute(cupy), compute(np))
        except Exception as error:  # CUDA's errors have many classes
            problem = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if problem:
            launching.ON = False
            _log.warning(
                "The GPU does without the kernels of minillm, since one failed its check: %s: %s", name, problem
            )
            return


def difference(found: list[Array], wanted: list[np.ndarray]) -> str | None:
    """What is wrong; None if the numbers are the same, but for rounding."""
    for ours, exact in zip(found, wanted, strict=True):
        error = np.abs(to_host(ours) - exact).max() / max(1, np.abs(exact).max())
        if not error <= TOLERANCE:  # nor may it be NaN
            return f"it is off by {error:.2g}"
    return None


def cases() -> dict[str, Compute]:
    """What to compute, with NumPy or CuPy, so that each kernel runs; of sizes that leave some threads without work."""
    normal = np.random.default_rng(0).standard_normal
    x, gamma, beta, m, v = normal((40, 300)), normal(300), normal(300), normal(300), normal(300) ** 2
    qkv = normal((1, 2, 140, 64)), normal((1, 2, 150, 64)), normal((1, 2, 150, 64))
    targets, seen = np.where(np.arange(40) % 4, np.arange(40), IGNORE), {"causal": True, "window": 60}
    return {
        "layer_norm": both_ways(layer_norm, layer_norm_backward, x, gamma, beta),
        "rms_norm": both_ways(rms_norm, rms_norm_backward, x, gamma),
        "gelu": both_ways(gelu, gelu_backward, x),
        "gelu_erf": both_ways(gelu_erf, gelu_erf_backward, x),
        "silu": both_ways(silu, silu_backward, x),
        "softmax": both_ways(attention, attention_backward, *qkv),
        "softmax with a causal mask": both_ways(attention, attention_backward, *qkv, **seen),
        "attention": both_ways(chunked_attention, chunked_attention_backward, *qkv),
        "attention with a causal mask": both_ways(chunked_attention, chunked_attention_backward, *qkv, **seen),
        "cross_entropy": both_ways(cross_entropy, cross_entropy_backward, 5 * x, targets, label_smoothing=0.1),
        "dropout": lambda xp: [dropout_mask((40, 300), 0.3, CounterGenerator(xp, np.uint64(2**63 + 5)), np.float32)],
        "adamw": lambda xp: adamw(*(there(xp, each) for each in (gamma, beta, m, v))),
    }


def there(xp: ModuleType, x: np.ndarray) -> Array:
    """x as it is for NumPy; for CuPy on the device, in float32 if it is of floats."""
    return x if xp is np else xp.asarray(x.astype(np.float32) if x.dtype.kind == "f" else x)


def both_ways(forward: Callable, backward: Callable, *inputs: np.ndarray, **options: float) -> Compute:
    """y of an op, and the gradients of its inputs for a random dy."""

    def compute(xp: ModuleType) -> list[Array]:
        y, saved = forward(*(there(xp, x) for x in inputs), **options)
        gradients = backward(there(xp, np.array(np.random.default_rng(1).standard_normal(y.shape))), saved)
        return [y, *(each for each in (gradients if isinstance(gradients, tuple) else [gradients]) if each is not None)]

    return compute


def adamw(w: Array, g: Array, m: Array, v: Array) -> list[Array]:
    """A step, as `training.AdamW` has it."""
    shrink, unbias, length, (beta1, beta2), eps = 0.9, 1.5, 0.1, (0.9, 0.99), 1e-8
    if kernels.fit(w, g, m, v):
        kernels.adamw(w, g, m, v, (shrink, unbias, length), (beta1, beta2), eps)
        return [w, m, v]
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
    return [shrink * w - length * m / (unbias * np.sqrt(v) + eps), m, v]
