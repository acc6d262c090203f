"""The stack's backward stops at the lowest block that learns, and what the blocks share is owed the sum over them."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import LayerNorm, PreNormBlock, PreNormDecoderBlock, Stack

L = 4


def build(kind=PreNormBlock):
    rng = np.random.default_rng(0)
    return randomize(Stack([kind(6, 2, 5, rng) for _ in range(L)], LayerNorm(6)), rng)


def ran_backward(stack, monkeypatch):
    """The list of the stack's layers, into which each is entered when its backward runs."""
    ran = []

    def counted(layer, backward):
        return lambda *given: (ran.append(layer), backward(*given))[1]

    for layer in (*stack.blocks, stack.norm):
        monkeypatch.setattr(layer, "backward", counted(layer, layer.backward))
    return ran


@pytest.mark.parametrize("frozen", range(L + 1))
def test_backward_runs_down_to_the_lowest_block_that_learns(frozen, monkeypatch):
    x, dy = np.random.default_rng(1).standard_normal((2, 2, 3, 6))
    stack = build()
    for block in stack.blocks[:frozen]:
        block.freeze()
    _, saved = stack.forward(x)
    stack.backward(dy, saved)
    whole = {name: parameter.grad.copy() for name, parameter in stack.named_parameters()}
    for parameter in stack.parameters():
        parameter.grad[...] = 0
    ran = ran_backward(stack, monkeypatch)
    assert stack.backward(dy, saved, needs_input_grad=False) is None
    assert ran == [stack.norm, *stack.blocks[frozen:][::-1]]
    for name, parameter in stack.named_parameters():
        np.testing.assert_array_equal(parameter.grad, whole[name])


def test_where_nothing_learns_nothing_is_computed(monkeypatch):
    stack = build()
    stack.freeze()
    y, saved = stack.forward(np.ones((1, 3, 6)))
    ran = ran_backward(stack, monkeypatch)
    assert stack.backward(y, saved, needs_input_grad=False) is None and ran == []
    assert stack.backward(y, saved).shape == (1, 3, 6) and len(ran) == L + 1


def test_every_block_reads_the_memory_and_it_is_owed_the_sum():
    rng = np.random.default_rng(1)
    x, memory, dy = rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 5, 6)), rng.standard_normal((2, 3, 6))
    stack = build(PreNormDecoderBlock)
    _, saved = stack.forward(x, memory=memory)
    dx, dmemory = stack.backward(dy, saved)
    total, d = 0, stack.norm.backward(dy, saved.norm)
    for block, s in list(zip(stack.blocks, saved.blocks, strict=True))[::-1]:
        d, owed = block.backward(d, s)
        total = total + owed
    np.testing.assert_allclose(dmemory, total, rtol=1e-12)
    np.testing.assert_array_equal(dx, d)
