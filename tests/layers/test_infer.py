"""`infer` is the output of `forward`, bit for bit, without what backward needs."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import FeedForward, GatedFeedForward, LayerNorm, Linear, LoRALinear, Parameter, TiedLinear

RNG = np.random.default_rng(0)
LAYERS = {
    "Linear": Linear(6, 4, RNG),
    "Linear:no-bias": Linear(6, 4, RNG, bias=False),
    "TiedLinear": TiedLinear(Parameter(RNG.standard_normal((9, 6))), scale=0.6),
    "LoRALinear": LoRALinear(Linear(6, 4, RNG), 2, RNG),
    "LayerNorm": LayerNorm(6),
    "FeedForward": FeedForward(6, 9, RNG, activation="relu", dropout=0.3),
    "GatedFeedForward": GatedFeedForward(6, 9, RNG),
}


@pytest.mark.parametrize("name", LAYERS)
def test_infer_is_the_output_of_forward(name):
    layer, x = randomize(LAYERS[name], RNG), RNG.standard_normal((2, 3, 6))
    np.testing.assert_array_equal(layer.infer(x), layer.forward(x)[0])
