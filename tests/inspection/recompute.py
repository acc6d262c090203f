"""The arrays of a page computed again in NumPy from those that the page holds: nothing here is the library's."""

import base64
import json
import math
import re

import numpy as np

BY_NUMBER = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "matmul": lambda a, b: a @ b,
    "gain_shift": lambda x, gamma, beta: gamma * x + beta,
    "sum": lambda x: x.sum(0),
    "sum_of_products": lambda a, b: (a * b).sum(0),
    "gather": lambda table, *ids: table,
    "relu": lambda x: np.maximum(x, 0),
    "relu_backward": lambda dy, x: dy * (x > 0),
    "gelu": lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))) / 2,
    "softmax": lambda s: (e := np.exp(s - s.max(-1, keepdims=True))) / e.sum(-1, keepdims=True),
    "softmax_backward": lambda dp, p: p * (dp - (dp * p).sum(-1, keepdims=True)),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    "layer_norm_rows": lambda x, rstd: (x - mean(x)) * rstd,
    "layer_norm_backward": lambda dy, x, gamma, rstd: rstd * ((g := dy * gamma) - mean(g) - x * mean(g * x)),
    "rms_norm_backward": lambda dy, x, gamma, rstd: rstd * ((g := dy * gamma) - x * mean(g * x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "silu_backward": lambda dy, x: dy * (1 + x * (1 - (p := 1 / (1 + np.exp(-x))))) * p,
    "gelu_erf": lambda x: x * normal(x),
    "gelu_erf_backward": lambda dy, x: dy * (normal(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
}  # fmt: skip

SUMS = ("add", "matmul", "sum", "sum_of_products", "scatter")


def mean(x):
    return x.mean(-1, keepdims=True)


def normal(x):
    return np.vectorize(lambda z: math.erfc(-z / math.sqrt(2)) / 2)(x)


def gelu_backward(dy, x, h=1e-6):
    """By the slope of the curve itself: the page uses the formula."""
    return dy * (BY_NUMBER["gelu"](x + h) - BY_NUMBER["gelu"](x - h)) / (2 * h)


def again(kind, operands, shape, options):
    """The array that this rule makes of its operands."""
    if kind in BY_NUMBER:
        return BY_NUMBER[kind](*operands)
    x = operands[0]
    if kind == "gelu_backward":
        return gelu_backward(*operands)
    if kind == "scale":
        return options["factor"] * x
    if kind in ("scatter", "place"):
        result = np.zeros(shape).reshape(-1) if kind == "scatter" else operands[1].reshape(-1).copy()
        places = np.asarray(options["places"]).reshape(-1)
        if kind == "place":
            result[places] = x.reshape(-1)
        else:
            np.add.at(result, places, x.reshape(-1))
        return result.reshape(shape)
    if kind == "layer_norm_factor":
        return 1 / np.sqrt(x.var(-1, keepdims=True) + options["eps"])
    if kind == "rms_norm_factor":
        return 1 / np.sqrt((x * x).mean(-1, keepdims=True) + options["eps"])
    if kind == "mean_loss":
        return -(options["weight"] * x[np.arange(len(x)), options["targets"]]).sum()
    if kind == "cross_entropy_backward":
        p = np.exp(x)
        p[np.arange(len(x)), options["targets"]] -= 1
        return p * np.asarray(options["weight"])[:, None]
    if kind == "length":
        return math.sqrt(sum((g * g).sum() for g in operands))
    if kind == "clip":
        return x * min(1, options["longest"] / (operands[1] + 1e-6))
    if kind == "adam_first":
        return (1 - options["beta"]) * x
    if kind == "adam_second":
        return (1 - options["beta"]) * x * x
    assert kind == "adam_weight", kind
    w, m, v = operands
    change = m / (1 - options["beta1"]) / (np.sqrt(v / (1 - options["beta2"])) + options["eps"])
    return w * (1 - options["lr"] * options["decay"]) - options["lr"] * change


class Page:
    """A page read back: its nodes with their numbers, NaN where one is not on it."""

    def __init__(self, path):
        self.source = path.read_text(encoding="utf-8")
        self.data = json.loads(re.search(r'<script id="data" type="application/json">(.*)</script>', self.source)[1])
        self.arrays = [self.array(node) for node in self.data["nodes"]]

    @staticmethod
    def array(node):
        held = np.frombuffer(base64.b64decode(node["values"]), "<f4").astype(float)
        if "runs" not in node:
            return held.reshape(node["shape"])
        there = np.repeat(np.arange(len(node["runs"])) % 2 == 1, node["runs"])
        values = np.full(len(there), np.nan)
        values[there] = held
        return values.reshape(node["shape"])

    def operand(self, view):
        values, shape = self.arrays[view["node"]].reshape(-1), view["shape"]
        if "places" in view:
            return values[np.frombuffer(base64.b64decode(view["places"]), "<i4").reshape(shape)]
        axes = (stride * np.arange(length) for stride, length in zip(view["strides"], shape, strict=True))
        return values[view["offset"] + sum(np.ix_(*axes), start=np.zeros(shape, int))]

    def errors(self):
        """For each array that can be computed again the largest error of a number, relative to its size in the array."""
        for node, array in zip(self.data["nodes"], self.arrays, strict=True):
            if node["again"]:
                operands = [self.operand(view) for view in node["operands"]]
                options = {name: unpacked(value) for name, value in node["options"].items()}
                expected = again(node["kind"], operands, array.shape, options)
                with np.errstate(invalid="ignore"):
                    error = np.where(array == expected, 0, np.abs(array - expected))
                    # A sum that cancels is known to the last digits of its terms.
                    terms = (
                        again(node["kind"], [np.abs(x) for x in operands], array.shape, options)
                        if node["kind"] in SUMS
                        else 0
                    )
                    largest = np.abs(array[np.isfinite(array)]).max(initial=0)
                    size = np.maximum(np.abs(array), 0.01 * np.maximum(terms, largest)) + 1e-12
                yield node, error / size


def unpacked(value):
    if not isinstance(value, dict):
        return value
    (kind, text), *_ = value.items()
    return np.frombuffer(base64.b64decode(text), "<i4" if kind == "ints" else "<f8")
