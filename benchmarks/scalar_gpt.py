"""A GPT in which every number is an object that passes its gradient back: what Karpathy's microgpt (2026) does, in our words.

No arrays: lists of `Number`, one operation at a time. `benchmarks.microgpt` measures what arrays save.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise


class Number:
    """A number, the numbers that it was computed from, and its slope with respect to each of them."""

    __slots__ = ("grad", "inputs", "slopes", "value")

    def __init__(self, value: float, inputs: tuple["Number", ...] = (), slopes: tuple[float, ...] = ()):
        self.value, self.inputs, self.slopes, self.grad = value, inputs, slopes, 0.0

    def __add__(self, other: "Number") -> "Number":
        return Number(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Number") -> "Number":
        return Number(self.value * other.value, (self, other), (other.value, self.value))

    def times(self, factor: float) -> "Number":
        return Number(self.value * factor, (self,), (factor,))

    def plus(self, term: float) -> "Number":
        return Number(self.value + term, (self,), (1.0,))

    def power(self, exponent: float) -> "Number":
        return Number(self.value**exponent, (self,), (exponent * self.value ** (exponent - 1),))

    def exp(self) -> "Number":
        y = math.exp(self.value)
        return Number(y, (self,), (y,))

    def log(self) -> "Number":
        return Number(math.log(self.value), (self,), (1 / self.value,))

    def relu(self) -> "Number":
        return Number(max(self.value, 0.0), (self,), (float(self.value > 0),))

    def backward(self) -> None:
        """The chain rule, from this number to all that it was computed from."""
        self.grad = 1.0
        for number in reversed(list(self._in_order())):
            for each, slope in zip(number.inputs, number.slopes, strict=True):
                each.grad += slope * number.grad

    def _in_order(self) -> Iterator["Number"]:
        """Each number once, after all that it was computed from."""
        seen, stack = set(), [(self, iter(self.inputs))]
        while stack:
            number, rest = stack[-1]
            for each in rest:
                if each not in seen:
                    seen.add(each)
                    stack.append((each, iter(each.inputs)))
                    break
            else:
                stack.pop()
                yield number


Vector = Sequence[Number]
Matrix = Sequence[Vector]  # rows


def total(numbers: Vector) -> Number:
    first, *rest = numbers
    for number in rest:
        first = first + number
    return first


def dot(one: Vector, other: Vector) -> Number:
    return total([a * b for a, b in zip(one, other, strict=True)])


def linear(x: Vector, weight: Matrix) -> list[Number]:
    """y = x W; a row of the weight for each number of x."""
    return [dot(x, column) for column in zip(*weight, strict=True)]


def rms_norm(x: Vector, gain: Vector, eps: float = 1e-6) -> list[Number]:
    scale = dot(x, x).times(1 / len(x)).plus(eps).power(-0.5)
    return [each * scale * gamma for each, gamma in zip(x, gain, strict=True)]


def softmax(scores: Vector) -> list[Number]:
    peak = max(score.value for score in scores)
    weights = [score.plus(-peak).exp() for score in scores]
    share = total(weights).power(-1)
    return [weight * share for weight in weights]


def loss_of(weights: Mapping[str, Matrix], ids: Sequence[int], heads: int) -> Number:
    """Mean of -log p of each token after the first, by a GPT of one block (its weights by their names); keys and values are kept."""
    keys, values, losses = [], [], []
    for position, (token, target) in enumerate(pairwise(ids)):
        x = [a + b for a, b in zip(weights["embedding"][token], weights["positions"][position], strict=True)]
        n = rms_norm(x, weights["norm1"][0])
        query, width = linear(n, weights["query"]), len(n) // heads
        keys.append(linear(n, weights["key"]))
        values.append(linear(n, weights["value"]))
        seen = []
        for start in range(0, len(n), width):
            own = slice(start, start + width)
            p = softmax([dot(query[own], key[own]).times(1 / math.sqrt(width)) for key in keys])
            seen += [
                total([a * value[j] for a, value in zip(p, values, strict=True)]) for j in range(start, start + width)
            ]
        x = [a + b for a, b in zip(x, linear(seen, weights["output"]), strict=True)]
        inside = [each.relu() for each in linear(rms_norm(x, weights["norm2"][0]), weights["expand"])]
        x = [a + b for a, b in zip(x, linear(inside, weights["contract"]), strict=True)]
        p = softmax(linear(rms_norm(x, weights["norm"][0]), weights["head"]))
        losses.append(p[target].log().times(-1))
    return total(losses).times(1 / len(losses))


class Adam:
    """Kingma & Ba 2015, number by number."""

    def __init__(self, numbers: Sequence[Number], betas: tuple[float, float] = (0.85, 0.99), eps: float = 1e-8):
        self.numbers, self.betas, self.eps, self.steps = numbers, betas, eps, 0
        self.moments = [[0.0, 0.0] for _ in numbers]

    def step(self, lr: float) -> None:
        self.steps += 1
        one, two = self.betas
        for number, moment in zip(self.numbers, self.moments, strict=True):
            moment[0] = one * moment[0] + (1 - one) * number.grad
            moment[1] = two * moment[1] + (1 - two) * number.grad**2
            first, second = moment[0] / (1 - one**self.steps), moment[1] / (1 - two**self.steps)
            number.value -= lr * first / (math.sqrt(second) + self.eps)
            number.grad = 0.0
