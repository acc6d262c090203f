"""How the ops are recorded: most of them line by line, since their arithmetic on traced arrays records itself.

An op whose lines are written for speed, or read ids, has a recipe here: it runs as it is, on plain arrays, and what it gives is recorded
by its formula. While `recording()` lasts, the recipes stand in the ops' places wherever the library has imported them; for arrays that
are not traced, such as another thread's, they call the op and do nothing else. The ops themselves stay as they are.
"""

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minillm import backend, ops
from minillm.inspection.traced import NUMPY, Operand, Trace, Traced, plain
from minillm.layers.feedforward import ACTIVATIONS

RECIPES: dict[str, Callable] = {}
ONE_AT_A_TIME = threading.RLock()


def recipe(function: Callable) -> Callable:
    """Registers a recipe under the name of its op, which is its first argument."""
    RECIPES[function.__name__] = function
    return function


def trace_of(*arrays: Any) -> Trace:
    return next(x.node.trace for x in arrays if isinstance(x, Traced))


def as_rows(x: Traced) -> Operand:
    """(..., D) as the rows of a matrix."""
    return Operand(x.node, x.index.reshape(-1, x.shape[-1]))


# ---- embeddings and relative positions: numbers that are looked up, and gradients that go back to where they were


@recipe
def embedding(op, ids, table):
    x, saved = op(ids, plain(table))
    rows = Operand(table.node, table.index[ids])
    return trace_of(table).record("gather", x, rows, ids, name="x"), saved


@recipe
def embedding_backward(op, dy, saved):
    dtable = op(plain(dy), saved)
    places = np.arange(dtable.size).reshape(dtable.shape)[saved.ids if hasattr(saved, "ids") else saved[0]]
    return trace_of(dy).record("scatter", dtable, dy, name="dtable", places=places)


@recipe
def relative_bias(op, table, buckets, queries):
    bias, saved = op(plain(table), buckets, queries)
    index = op(table.index, buckets, queries)[0]
    return trace_of(table).record("gather", bias, Operand(table.node, index), name="bias"), saved


@recipe
def relative_bias_backward(op, dbias, saved):
    dtable = op(plain(dbias), saved)
    places = ops.relative_bias(np.arange(dtable.size).reshape(dtable.shape), saved.buckets, dbias.shape[-2])[0]
    return trace_of(dbias).record("scatter", dtable, dbias, name="dtable", places=places)


@recipe
def rotary(op, x, cos, sin):
    """y = x cos + partner sin: the partner of a column is half a row away, and where it is turned back, its sine is negative."""
    _, saved = op(plain(x), cos, sin)
    width = x.shape[-1]
    partner = x.take(np.roll(np.arange(width), width // 2), axis=-1)
    return x * np.tile(cos, 2) + partner * np.concatenate([-sin, sin], axis=-1), saved


# ---- softmax and activations


@recipe
def softmax(op, scores):
    p = trace_of(scores).record("softmax", op(plain(scores))[0], scores, name="p")
    return p, p


@recipe
def softmax_backward(op, dp, saved):
    return trace_of(dp).record("softmax_backward", op(plain(dp), plain(saved)), dp, saved, name="ds")


def activation(op, x):
    y, saved = op(plain(x))
    y = trace_of(x).record(op.__name__, y, x, name="a")
    if op.__name__ == "tanh":
        return y, y
    return y, saved._replace(x=x) if isinstance(saved, tuple) else x


def activation_backward(op, dy, saved):
    x = saved.x if isinstance(saved, tuple) else saved
    return trace_of(dy).record(op.__name__, op(plain(dy), plain(saved)), dy, x, name="dx")


for name in ("gelu", "gelu_erf", "relu", "silu", "tanh"):
    RECIPES[name], RECIPES[f"{name}_backward"] = activation, activation_backward


# ---- normalisation: x̂ and the factor 1/√(...) are arrays of their own, since backward reads them


@recipe
def layer_norm(op, x, gamma, beta, eps=1e-5):
    y, saved = op(plain(x), plain(gamma), plain(beta), eps)
    trace = trace_of(x)
    rstd = trace.record("layer_norm_factor", saved.rstd, x, name="rstd", eps=eps)
    xhat = trace.record("layer_norm_rows", saved.xhat, x, _to(rstd, x.shape), name="x̂")
    y = trace.record("gain_shift", y, xhat, _to(gamma, x.shape), _to(beta, x.shape), name="y")
    return y, saved._replace(xhat=xhat, rstd=rstd, gamma=gamma)


@recipe
def layer_norm_backward(op, dy, saved, weights=True):
    return _norm_backward(op, "layer_norm_backward", dy, saved, weights)


@recipe
def rms_norm(op, x, gamma, eps=1e-6):
    y, saved = op(plain(x), plain(gamma), eps)
    trace = trace_of(x)
    rstd = trace.record("rms_norm_factor", saved.rstd, x, name="rstd", eps=eps)
    xhat = trace.record("multiply", saved.xhat, x, _to(rstd, x.shape), name="x̂")
    y = trace.record("multiply", y, xhat, _to(gamma, x.shape), name="y")
    return y, saved._replace(xhat=xhat, rstd=rstd, gamma=gamma)


@recipe
def rms_norm_backward(op, dy, saved, weights=True):
    return _norm_backward(op, "rms_norm_backward", dy, saved, weights)


def _norm_backward(op, kind, dy, saved, weights):
    dx, dgamma, *dbeta = op(plain(dy), plain(saved), weights=weights)
    trace = trace_of(dy)
    gamma, rstd = _to(saved.gamma, dy.shape), _to(saved.rstd, dy.shape)
    dx = trace.record(kind, dx, dy, saved.xhat, gamma, rstd, name="dx")
    dgamma = trace.record("sum_of_products", dgamma, as_rows(dy), as_rows(saved.xhat), name="dgamma")
    if not dbeta:
        return dx, dgamma
    return dx, dgamma, trace.record("sum", dbeta[0], as_rows(dy), name="dbeta")


def _to(x: Traced, shape: tuple[int, ...]) -> Operand:
    return Operand(x.node, np.broadcast_to(x.index, shape))


# ---- the loss, and sums over rows


@recipe
def cross_entropy(op, logits, targets, label_smoothing=0.0):
    loss, saved = op(plain(logits), targets, label_smoothing)
    if label_smoothing:
        raise ValueError("a step is recorded without label smoothing")
    trace = trace_of(logits)
    logp = trace.record("log_softmax", saved.logp, as_rows(logits), name="log p")
    options = {"targets": saved.places[1], "weight": saved.weight}
    return trace.record("mean_loss", loss, logp, name="loss", **options), saved._replace(logp=logp)


@recipe
def cross_entropy_backward(op, dloss, saved):
    dlogits = op(dloss, plain(saved))
    flat = dlogits.reshape(saved.logp.shape)
    options = {"targets": saved.places[1], "weight": dloss * saved.weight}
    recorded = trace_of(saved.logp).record("cross_entropy_backward", flat, saved.logp, name="dlogits", **options)
    return recorded.reshape(dlogits.shape)


@recipe
def sum_rows(op, x):
    return trace_of(x).record("sum", op(plain(x)), as_rows(x), name="total")


# ---- recipes in the ops' places


def _standing_in(op: Callable, record: Callable) -> Callable:
    @functools.wraps(op)
    def call(*arguments, **named):
        values = [*arguments, *named.values()]
        values += [x for value in values if isinstance(value, tuple) for x in value]
        return (
            record(op, *arguments, **named) if any(isinstance(x, Traced) for x in values) else op(*arguments, **named)
        )

    return call


def _array_module(x: Any) -> Any:
    return NUMPY if isinstance(x, Traced) else backend.array_module(x)


@contextmanager
def recording() -> Iterator[None]:
    """While it lasts, the library's ops record what they do with traced arrays. A second thread waits for the first to end."""
    with ONE_AT_A_TIME:
        yield from _recording()


def _recording() -> Iterator[None]:
    stand_ins = {getattr(ops, name): _standing_in(getattr(ops, name), record) for name, record in RECIPES.items()}
    stand_ins[backend.array_module] = _array_module
    changed = []
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith(
            ("minillm.ops.", "minillm.layers.", "minillm.models.", "minillm.objectives.")
        ):
            for name, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in stand_ins:
                    changed.append((module, name, value))
    pairs = dict(ACTIVATIONS)
    try:
        for module, name, value in changed:
            setattr(module, name, stand_ins[value])
        ACTIVATIONS.update({name: tuple(stand_ins[op] for op in pair) for name, pair in pairs.items()})
        yield
    finally:
        for module, name, value in changed:
            setattr(module, name, value)
        ACTIVATIONS.update(pairs)
