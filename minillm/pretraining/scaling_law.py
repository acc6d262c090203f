"""A scaling law: what loss a model of N weights has after D tokens, fitted on small runs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError


class ScalingLaw(NamedTuple):
    """loss(N, D) = floor + A / N^a + B / D^b, in nats a token: Hoffmann et al. 2022, eq. 2 (after Kaplan et al. 2020).

    N counts the weights that are multiplied with each token, and D the tokens read. The floor is the loss of a model that is large enough,
    after tokens enough: the entropy of the text.
    """

    floor: float
    A: float
    a: float
    B: float
    b: float

    def loss(self, weights: float, tokens: float) -> float:
        return self.floor + self.A / weights**self.a + self.B / tokens**self.b

    def best_size(self, flops: float) -> tuple[float, float]:
        """The N and D of the lowest loss for so many operations, 6 N D: Hoffmann et al. 2022, eq. 4.

        With D = C / 6N the loss is least where its derivative is 0: a A / N^a = b B / D^b. What a larger model would gain is then what
        more tokens would gain.
        """
        weights = (self.a * self.A / (self.b * self.B) * (flops / 6) ** self.b) ** (1 / (self.a + self.b))
        return weights, flops / (6 * weights)


def fit_scaling_law(weights: Sequence[float], tokens: Sequence[float], losses: Sequence[float]) -> ScalingLaw:
    """The law with the least mean of squared relative errors; InputError from fewer than five runs, which it has constants for.

    For given exponents the law is linear in the floor, A and B: least squares. So only the exponents are searched, on a grid that is made
    finer around the best. A constant below 0 is refused.
    """
    if len(losses) < 5:
        raise InputError(f"{len(losses)} runs can't fit the five constants of a law.", "Give more runs.")
    N, D, L = (np.asarray(each, dtype=float) for each in (weights, tokens, losses))
    least, law = math.inf, None
    centre, half = np.array([0.8, 0.8]), 0.75
    for _ in range(5):
        for a, b in (
            np.array(np.meshgrid(*(np.linspace(max(c - half, 0.01), c + half, 21) for c in centre))).reshape(2, -1).T
        ):
            columns = np.stack([np.ones_like(N), N**-a, D**-b], axis=1) / L[:, None]
            constants = np.linalg.lstsq(columns, np.ones_like(L), rcond=None)[0]
            error = float(((columns @ constants - 1) ** 2).mean())
            if error < least and (constants >= 0).all():
                floor, A, B = map(float, constants)
                least, law = error, ScalingLaw(floor, A, float(a), B, float(b))
        if law is None:
            raise InputError("No law fits these runs: their losses don't fall with size and tokens.", "Give others.")
        centre, half = np.array([law.a, law.b]), half / 5
    return law
