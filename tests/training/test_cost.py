"""What a training step costs by formulas is what NumPy is seen to do: operations to the last one, bytes within a few percent."""

import numpy as np
import pytest

from minillm.models import GPT, GPTConfig
from minillm.objectives import CAUSAL
from minillm.training import AdamW, TrainOptions, clip_grad_norm
from minillm.training.cost import Rates, StepCost, step_cost


class Counted(np.ndarray):
    """Counts the operations of the matrix products that it takes part in, and the bytes that all other operations on it read and write."""

    operations = moved = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **rest):
        plain = [np.asarray(x) if isinstance(x, Counted) else x for x in inputs]
        if out is not None:
            rest["out"] = tuple(map(np.asarray, out))
        result = getattr(ufunc, method)(*plain, **rest)
        arrays = [x for x in (*plain, result) if isinstance(x, np.ndarray)]
        if ufunc is np.matmul and min(x.ndim for x in plain) > 1:
            Counted.operations += 2 * result.size * plain[0].shape[-1]
        else:
            Counted.moved += sum(x.nbytes for x in arrays)
        if out is not None:
            return out[0]
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def counted_step(config: GPTConfig, options: TrainOptions) -> StepCost:
    """A step as the trainer makes it, watched; the gradient of the embedding, a product with a one-hot matrix, is none of the model's."""
    model = GPT(config)
    model.vector.rebind(model.vector.data.view(Counted), model.vector.grad.view(Counted))
    optimizer = AdamW(model.vector)
    optimizer.first_moment, optimizer.second_moment = (np.zeros_like(model.vector.data) for _ in range(2))
    ids = np.random.default_rng(0).integers(config.vocab_size, size=(options.batch, config.context + 1))
    Counted.operations = Counted.moved = 0
    _, saved = CAUSAL.forward(model, inputs=ids[:, :-1], targets=ids[:, 1:])
    CAUSAL.backward(model, 1.0, saved)
    clip_grad_norm(model.vector, 1.0)
    optimizer.step()
    one_hot = 2 * options.batch * config.context * config.vocab_size * config.d_model
    return StepCost(Counted.operations - one_hot, Counted.moved)


@pytest.mark.parametrize(
    "sizes",
    [
        {"d_model": 64, "layers": 2, "context": 32, "heads": 2},
        {"d_model": 32, "layers": 3, "context": 64, "heads": 4},
        {"d_model": 48, "layers": 1, "context": 16, "heads": 3, "d_ff": 96},
    ],
)
def test_the_formulas_are_what_is_counted(sizes):
    config, options = GPTConfig(vocab_size=80, **sizes), TrainOptions(batch=8)
    counted, foretold = counted_step(config, options), step_cost(config, options)
    assert foretold.flops == counted.flops
    assert foretold.bytes == pytest.approx(counted.bytes, rel=0.03)


def test_several_passes_to_a_step_cost_as_much_as_one_large_one_but_for_adam():
    config = GPTConfig(vocab_size=80, d_model=32, layers=1, context=16, heads=2)
    one, four = (step_cost(config, options) for options in (TrainOptions(batch=8), TrainOptions(batch=2, accumulate=4)))
    assert one == four


def test_the_time_of_a_step_is_that_of_its_products_and_of_its_passes():
    assert StepCost(flops=300, bytes=50).seconds(Rates(flops=100.0, bytes=25.0)) == 5.0
