"""What may happen between captured steps: evaluations, a return to an earlier state, other trainers, parts that freeze and thaw."""

import numpy as np
import pytest

from minillm.backend import Device, choose_device, to_host
from minillm.training.run import state_arrays
from tests.training.test_captured import CAPTURED, CASES, OTHERS, Shuffled, causal_case, losses_of, trainer

KINDS = {
    "plain": {},
    "dropout": {"dropout": 0.3},
    "rotary": {"positions": "rotary", "d_kv": 4},
    "alibi": {"positions": "alibi", "window": 4},
    "sinusoidal": {"positions": "sinusoidal"},
}


@pytest.fixture
def standin(cupy_standin) -> Device:
    return choose_device("gpu")


class Validated(Shuffled):
    """With a batch to validate on, of another shape."""

    def validation_batches(self, size):
        return iter([self.whole._make(array[:3, :5] for array in self.whole)])


def pair(device, make, **options):
    """A trainer that captures its steps, and one that does not."""
    ours, plain = trainer(device, make(), **options), trainer(device, make(), **options)
    plain.captured.possible = False
    return ours, plain


def case_of(name):
    return (CASES[name], {}) if name in CAPTURED else OTHERS[name]


def assert_same(ours, plain):
    assert any(ours.captured._graphs.values()) and not any(plain.captured._graphs.values())
    for one, other in zip(state_arrays(ours).values(), state_arrays(plain).values(), strict=True):
        np.testing.assert_allclose(to_host(one), to_host(other), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_evaluations_between_steps_change_nothing_and_are_not_changed(device, kind):
    case = lambda: causal_case(**KINDS[kind])  # noqa: E731
    ours, plain = pair(device, case, data=Validated(case().batch))
    for _ in range(4):
        assert ours.evaluate() == pytest.approx(plain.evaluate(), rel=1e-9)
        np.testing.assert_allclose(losses_of(ours, 2), losses_of(plain, 2), rtol=1e-9)
    assert_same(ours, plain)


def test_a_return_to_an_earlier_state_is_the_run_from_there(device):
    """As when a run goes on: the state is copied into the arrays that the graph has."""
    ours, plain = pair(device, lambda: causal_case(dropout=0.3))
    losses_of(ours, 3)
    state = [array.copy() for array in state_arrays(ours).values()]
    first = losses_of(ours, 3)
    for trained in ours, plain:
        for array, earlier in zip(state_arrays(trained).values(), state, strict=True):
            array[...] = earlier
        trained.steps_done = trained.optimizer.steps = 3
    np.testing.assert_allclose(losses_of(ours, 3), first, rtol=1e-12)
    np.testing.assert_allclose(losses_of(plain, 3), first, rtol=1e-9)
    assert_same(ours, plain)


@pytest.mark.parametrize("name", [*CAPTURED, *OTHERS])
def test_captured_steps_are_the_plain_ones_bit_for_bit(standin, name):
    """A run that goes on begins plainly, where one that never stopped has a graph; and so may one of several ranks."""
    make, options = case_of(name)
    ours, plain = pair(standin, make, **(options | {"dtype": np.float32}))
    assert losses_of(ours, 4) == losses_of(plain, 4)
    assert all(ours.captured._graphs.values()), "what was compared is two plain runs"
    for one, other in zip(state_arrays(ours).values(), state_arrays(plain).values(), strict=True):
        np.testing.assert_array_equal(to_host(one), to_host(other))


def test_two_trainers_take_turns(device):
    first, second = trainer(device, causal_case(dropout=0.2)), trainer(device, causal_case(positions="alibi"))
    _, one = pair(device, lambda: causal_case(dropout=0.2))
    _, other = pair(device, lambda: causal_case(positions="alibi"))
    for _ in range(5):
        losses_of(first, 1)
        losses_of(second, 1)
    losses_of(one, 5)
    losses_of(other, 5)
    assert_same(first, one)
    assert_same(second, other)


def test_parts_that_freeze_and_thaw_in_turn(device):
    """A graph that was captured before comes back with what it is for."""
    ours, plain = pair(device, causal_case)
    for turn in range(5):
        for trained in ours, plain:
            trained.model.blocks[0].freeze(turn % 2 == 1)
        np.testing.assert_allclose(losses_of(ours, 2), losses_of(plain, 2), rtol=1e-9)
    assert len(ours.captured._graphs) == 2
    assert_same(ours, plain)


@pytest.mark.parametrize("name", [*CAPTURED, *OTHERS])
def test_no_graph_uses_memory_that_may_go_to_others(standin, name):
    """Of whatever model and objective, and also where its constants were there before, in the common memory."""
    make, options = case_of(name)
    ours, plain = pair(standin, make, **options)
    losses_of(plain, 1)
    losses_of(ours, 2)
    (graph,) = ours.captured._graphs.values()
    lasting = [*state_arrays(ours).values(), ours.model.vector.grad]
    known = {id(array._host) for array in lasting} | {id(block) for block in graph._pool._blocks}
    for part, _ in graph._parts:
        assert {id(memory) for memory in part._outside()} <= known
