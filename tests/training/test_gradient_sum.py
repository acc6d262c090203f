"""The gradient summed while the backward pass is at work: bit for bit what one sum at the end gives, and nothing is sent too early."""

import dataclasses
import itertools
import types

import numpy as np
import pytest

from minillm.layers.gradcheck import randomize
from minillm.layers.lora import add_lora
from minillm.models import GPT, GPTConfig
from minillm.objectives import CAUSAL
from minillm.training import Trainer, TrainOptions, gradient_sum
from minillm.training.gradient_sum import OverlappedSum, pieces, sum_gradient
from minillm.training.ranks import OneRank
from tests.objectives.every_objective import CASES, B
from tests.training.rank_threads import on_ranks
from tests.training.test_shares import Fixed


@pytest.fixture(autouse=True)
def a_piece_for_each_parameter(monkeypatch):
    monkeypatch.setattr(gradient_sum, "MESSAGE", 0)


def gradients(ranks, case, *, apart: bool, steps: int = 3, **options) -> list[bytes]:
    """Of some steps, in the first of which nobody knows yet what is ready."""
    ranks.apart = apart
    model = randomize(case.model, np.random.default_rng(5))
    trainer = Trainer(model, Fixed(case.batch), TrainOptions(**options), case.objective)
    trainer.join(ranks)
    assert bool(trainer.overlapped) == apart
    return [(trainer.gradient(0).tobytes(), model.vector.grad.tobytes())[1] for _ in range(steps)]


@pytest.mark.parametrize("options", [{"batch": B}, {"batch": 5, "accumulate": 2}])
@pytest.mark.parametrize("name", CASES)
def test_every_objective_has_the_gradient_of_one_sum_bit_for_bit(name, options):
    """Whose backward pass may come to a parameter twice, or in several passes, or never."""

    def both(ranks):
        return [gradients(ranks, CASES[name](), apart=apart, **options) for apart in (False, True)]

    for plain, overlapped in on_ranks(2, both):
        assert overlapped == plain


SIZES = {"layers": 2, "heads": 2, "d_model": 8, "context": 6}


class Written(OverlappedSum):
    """It writes down what is added to and what is sent."""

    def __init__(self, model: GPT):
        super().__init__(model.vector, types.SimpleNamespace(size=2, sum_aside=lambda x: None))
        self.told = []
        for parameter in model.parameters():
            add = parameter.accumulate
            parameter.accumulate = lambda grad, add=add, name=parameter.name: (self.told.append(name), add(grad))

    def send(self):
        place = self.waiting[0].place
        self.told.append((place.start, place.stop))
        super().send()


def told_of_a_third_step(model: GPT) -> tuple[list, dict[str, tuple[int, int]]]:
    ids = np.arange(24).reshape(4, 6) % 7
    data = Fixed(None)
    data.batch = lambda rng, size: CASES["causal"]().batch._replace(inputs=ids, targets=ids)
    trainer = Trainer(model, data, TrainOptions(batch=4))
    trainer.overlapped = Written(model)
    for step in range(3):
        trainer.overlapped.told.clear()
        trainer.gradient(step)
    return trainer.overlapped.told, {name: (place.start, place.stop) for name, place in model.vector.slices.items()}


def test_the_last_block_is_on_its_way_before_the_first_one_is_computed():
    told, places = told_of_a_third_step(GPT(GPTConfig(7, tie_head=False, **SIZES)))
    sent = {place: i for i, place in enumerate(told) if isinstance(place, tuple)}
    weights = [name for name in places if name.startswith("blocks") and name.endswith("weight") and "norm" not in name]
    first = min(told.index(name) for name in weights if name.startswith("blocks.0"))
    assert len(weights) == 12
    for name in ("head.weight", *(name for name in weights if name.startswith("blocks.1"))):
        assert told.index(name) < sent[places[name]] < first


def test_what_is_summed_is_ready_and_is_the_whole_vector_once():
    """Of tied weights the second gradient comes last; norms and biases of all layers lie together."""
    told, places = told_of_a_third_step(GPT(GPTConfig(7, tie_head=True, **SIZES)))
    sent = [place for place in told if isinstance(place, tuple)]
    added = [name for name in told if isinstance(name, str)]

    def ready(name: str) -> int:
        """Of what is added to unseen, such as some rows of a table, nobody knows before the end."""
        return len(told) - told[::-1].index(name if name in added else added[-1])

    ends = sorted(sent)
    assert ends[0][0] == 0 and all(one[1] == two[0] for one, two in itertools.pairwise(ends))
    assert ends[-1][1] == max(stop for _, stop in places.values())
    for start, stop in sent:
        for name, place in places.items():
            if start <= place[0] < stop:
                assert (start, stop) not in told[: ready(name)], name
    assert told.count("embedding.weight") == 2 and told.count("positions.weight") == 0


class Again:
    """An objective whose backward pass comes to the head once more in every other step from the third on, as nobody could know."""

    def __init__(self, model):
        self.model, self.steps = model, 0

    def backward(self, model, dloss, saved):
        self.steps += 1
        CAUSAL.backward(model, dloss, saved)
        if self.steps in (3, 4, 6, 8):
            model.head.weight.accumulate(np.ones_like(model.head.weight.data))


def test_what_comes_too_late_is_seen_and_the_step_is_done_again():
    """On all ranks, of which one alone may have met it."""
    ids = np.arange(24).reshape(4, 6) % 7
    batch = CASES["causal"]().batch._replace(inputs=ids, targets=ids)

    def train(ranks, apart):
        ranks.apart = apart
        model, data = GPT(GPTConfig(7, tie_head=False, **SIZES)), Fixed(batch)
        data.batch = lambda rng, size: batch
        again = Again(model)
        trainer = Trainer(model, data, TrainOptions(batch=4), CAUSAL._replace(backward=again.backward))
        trainer.join(ranks)
        again.steps += 100 * ranks.rank
        return [trainer.gradient(0) and model.vector.grad.tobytes() for _ in range(7 - apart)], again.steps % 100

    first, second = on_ranks(2, lambda ranks: [train(ranks, apart) for apart in (False, True)])
    for (plain, _), (overlapped, steps) in (first, second):
        once, twice = plain[0], plain[2]
        assert once != twice and plain == [once, once, twice, twice, once, twice, once]
        assert overlapped == [once, once, twice, once, twice, once]
        assert steps == 7


def test_an_error_of_the_network_is_one_of_the_step():
    def broken(x):
        raise OSError("no network")

    case, ranks = CASES["causal"](), types.SimpleNamespace(size=2, sum_aside=broken)
    with pytest.raises(OSError, match="no network"), OverlappedSum(case.model.vector, ranks):
        pass


def test_an_error_that_all_ranks_meet_in_the_backward_pass_leaves_no_sum_behind():
    """Else a rank would still wait for the others' pieces when it leaves."""
    failing = CAUSAL._replace(backward=lambda model, dloss, saved: model.no_such_thing)

    def train(ranks):
        ranks.apart = True
        case = CASES["causal"]()
        trainer = Trainer(case.model, Fixed(case.batch), TrainOptions(batch=B), failing)
        trainer.join(ranks)
        with pytest.raises(AttributeError):
            trainer.gradient(0)
        assert not any(parameter.post_accumulate_grad_hook for parameter in case.model.parameters())
        return ranks.calls.count("sum") == len(pieces(case.model.vector, ranks))

    assert on_ranks(2, train) == [True, True]


def test_who_asked_to_be_told_of_gradients_still_is():
    """Before the piece is sent, and also when training has ended."""
    model, calls = GPT(GPTConfig(7, tie_head=False, **SIZES)), []
    head = model.head.weight
    head.post_accumulate_grad_hook = hook = lambda parameter: calls.append(parameter is head)
    told, _ = told_of_a_third_step(model)
    assert calls == [True] * 3 and told.count("head.weight") == 1
    assert head.post_accumulate_grad_hook is hook
    assert not any(parameter.post_accumulate_grad_hook for parameter in model.parameters() if parameter is not head)


@pytest.mark.parametrize(
    "way", [{"workers": 2}, {"apart": False}, {"message": 1 << 15}, {"device": "gpu"}, {"lora": True}]
)
def test_where_it_does_not_pay_there_is_one_sum_at_the_end(monkeypatch, way):
    monkeypatch.setattr(gradient_sum, "MESSAGE", way.get("message", 0))
    if way.get("lora"):
        monkeypatch.setattr(gradient_sum, "MESSAGE", 10)
    model = with_lora() if way.get("lora") else GPT(GPTConfig(7, **SIZES))
    vector, ranks = model.vector, types.SimpleNamespace(size=4)
    ranks.apart = way.get("apart", True)
    vector.device = dataclasses.replace(vector.device, name=way.get("device", "cpu"))
    assert gradient_sum.overlapped_sum(vector, ranks, way.get("workers", 1)) is None


def with_lora() -> GPT:
    model = GPT(GPTConfig(7, **SIZES))
    model.freeze()
    add_lora(model, rank=1)
    return model


@pytest.mark.parametrize("size", [1, 4])
def test_pieces_grow_with_the_ranks_and_end_with_a_parameter(monkeypatch, size):
    monkeypatch.setattr(gradient_sum, "MESSAGE", 30)
    vector, ranks = GPT(GPTConfig(7, **SIZES)).vector, OneRank()
    ranks.size = size
    found = pieces(vector, ranks)
    lengths: dict[bool, list[int]] = {True: [], False: []}
    for place, names in found:
        inside = [vector.named[name].data for name in names]
        assert sum(array.size for array in inside) == place.stop - place.start
        assert place.stop - place.start < 30 * size + max(array.size for array in inside)
        lengths[inside[0].ndim > 1].append(place.stop - place.start)
    for one_kind in lengths.values():
        assert all(length >= 30 * size for length in one_kind[:-1])
    assert sum(map(sum, lengths.values())) == vector.size


def test_what_is_frozen_is_not_sent(monkeypatch):
    monkeypatch.setattr(gradient_sum, "MESSAGE", 1 << 15)
    vector = with_lora().vector
    trained = sum(run.stop - run.start for run, _ in vector.trainable_slices())
    assert 0 < trained < vector.size / 2
    assert sum(place.stop - place.start for place, _ in pieces(vector, OneRank())) == trained

    def total(ranks):
        twin = with_lora().vector
        for run, _ in twin.trainable_slices():
            twin.grad[run] = np.arange(run.start, run.stop) + ranks.rank
        summed, send = [], ranks.sum
        ranks.sum = lambda x: (summed.append(x.size), send(x))[1]
        sum_gradient(twin, ranks)
        return summed, twin.grad

    wanted = np.zeros(vector.size)
    for run, _ in vector.trainable_slices():
        wanted[run] = 2 * np.arange(run.start, run.stop) + 1
    for summed, grad in on_ranks(2, total):
        assert summed == [trained] and np.array_equal(grad, wanted)
