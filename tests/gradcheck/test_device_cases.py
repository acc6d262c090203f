"""Every op, layer, model and objective that has a gradient check computes on a GPU what it computes on NumPy, backward too."""

import numpy as np
import pytest

from minillm.backend import CPU, ON_HOST, to_host
from minillm.gradcheck import LayerCase, all_cases
from minillm.layers import ParameterVector
from minillm.models import Model

CASES = all_cases()


class Draws:
    """A generator whose numbers are the same on every device: drawn on the host."""

    def __init__(self, seed, xp):
        self.rng, self.xp = np.random.default_rng(seed), xp

    def random(self, shape, dtype):
        return self.xp.asarray(self.rng.random(shape, dtype=dtype))


def there(tree, xp):
    """The same inputs, by position or by name, with their arrays on that device."""
    if isinstance(tree, dict):
        return dict(zip(tree, there(list(tree.values()), xp), strict=True))
    return [xp.asarray(x) if isinstance(x, ON_HOST) else x for x in tree]


def results(name, device):
    """What a case computes there: its output, the gradients of its inputs, and those of its parameters."""
    case, xp = CASES[name](np.random.default_rng(0)), device.xp
    options = dict(case.options)
    if (seed := options.pop("dropout_seed", None)) is not None:
        options["rng"] = Draws(seed, xp)
    inputs, parameters = case.inputs, []
    if not isinstance(case, LayerCase):
        forward, backward = case.forward, case.backward
    else:
        forward, backward = options.pop("forward", case.layer.forward), options.pop("backward", case.layer.backward)
        parameters = case.layer.parameters()
        vector = ParameterVector(case.layer, np.float64, device)
        for layer in case.layer.sublayers():
            if isinstance(layer, Model):
                layer.vector = vector
    # A model takes its ids and masks from the host.
    if not (isinstance(case, LayerCase) and isinstance(case.layer, Model)):
        inputs, options = there(inputs, xp), there(options, xp)
    y, saved = forward(**inputs, **options) if isinstance(inputs, dict) else forward(*inputs, **options)
    dy = xp.asarray(np.random.default_rng(1).standard_normal(y.shape))
    gradients = backward(dy, saved)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    computed = [y, *(g for g in gradients if g is not None), *(parameter.grad for parameter in parameters)]
    assert all(isinstance(x, xp.ndarray) or x.shape == () for x in computed)
    return [to_host(x) for x in computed]


@pytest.mark.parametrize("name", CASES)
def test_a_case_equals_numpys(name, device):
    expected, found = results(name, CPU), results(name, device)
    scale = np.linalg.norm([np.linalg.norm(x) for x in expected])
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11 * scale)
