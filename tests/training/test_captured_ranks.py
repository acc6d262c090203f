"""Steps of several ranks that are captured in CUDA graphs do what plain steps do. On a strict stand-in for CuPy; marked `gpu`, on a card.

The ranks are threads that take turns. What they ask of each other, and in which order, is compared by `on_ranks`: a rank that asked for
more than another would wait for ever.
"""

import inspect
import logging
import threading
from collections import defaultdict

import numpy as np
import pytest

from minillm.backend import Device, choose_device, to_host
from minillm.gpu.graph import Graph
from minillm.ops import IGNORE
from minillm.training.ranks import OneRank
from tests.standin import capturing
from tests.training.rank_threads import RankThread, on_ranks
from tests.training.test_captured import CASES, STEPS, Shuffled, causal_case, launches, losses_of, trainer

GRAPHS = [2, 2]  # on each of two ranks: before the sum, and after it


@pytest.fixture
def standin(cupy_standin) -> Device:
    return choose_device("gpu")


def trained(device, make, ranks, *, captured=True, **options):
    """The losses and the weights of a rank, and how many graphs it has."""
    ours = trainer(device, make(), **options)
    ours.captured.possible &= captured
    ours.join(ranks)
    losses = losses_of(ours)
    graphs = sum(len(graph._parts) for graph in ours.captured._graphs.values() if graph)
    return losses, to_host(ours.model.vector.data).copy(), graphs


def assert_captured_is_plain(device, make, *, graphs=GRAPHS, **options):
    plain = on_ranks(2, lambda ranks: trained(device, make, ranks, captured=False, **options))
    found = on_ranks(2, lambda ranks: trained(device, make, ranks, **options))
    assert [each[2] for each in found] == graphs and [each[2] for each in plain] == [0, 0]
    tolerance = 1e-4 if options.get("dtype") == np.float32 else 1e-9
    for (losses, weights, _), (plain_losses, plain_weights, _) in zip(found, plain, strict=True):
        np.testing.assert_allclose(losses, plain_losses, rtol=tolerance)
        np.testing.assert_allclose(weights, plain_weights, rtol=0, atol=tolerance)
    assert found[0][0] == found[1][0] and np.array_equal(found[0][1], found[1][1]), "the ranks are one, bit for bit"
    return found


def half_frozen():
    """Only what is trained is summed."""
    case = causal_case()
    case.model.blocks[0].freeze()
    return case


OPTIONS = {
    "alike": (causal_case, {}),
    "accumulated": (causal_case, {"accumulate": 2, "batch": 4}),
    "with more rows on one rank": (causal_case, {"batch": 9}),
    "dropout": (lambda: causal_case(dropout=0.3), {}),
    "muon": (causal_case, {"optimizer": "muon"}),
    "a small limit of the gradient": (causal_case, {"clip": 0.01}),
    "float32": (causal_case, {"dtype": np.float32}),
    "a frozen part": (half_frozen, {}),
    "two stacks": (CASES["seq2seq-transformer"], {}),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_captured_steps_of_two_ranks_are_the_plain_ones(device, name):
    make, options = OPTIONS[name]
    assert_captured_is_plain(device, make, **options)


def test_and_those_of_one_process(device):
    one, weights, graphs = trained(device, causal_case, OneRank())
    assert graphs == 1, "there is nothing to do in the middle of a step"
    for losses, same, _ in on_ranks(2, lambda ranks: trained(device, causal_case, ranks)):
        np.testing.assert_allclose(losses, one, rtol=1e-9)
        np.testing.assert_allclose(same, weights, rtol=0, atol=1e-9)


def test_a_rank_whose_rows_are_not_scored_takes_part(device):
    data = Shuffled(causal_case().batch)
    data.whole.targets[:5] = IGNORE  # the first half is that of the first rank
    assert_captured_is_plain(device, causal_case, data=data)


def test_the_sum_is_between_the_gradient_and_the_update(standin, monkeypatch):
    launch, add_up, done = capturing.Graph.launch, RankThread.sum, defaultdict(list)  # by each thread

    def launched(graph, stream):
        done[threading.get_ident()].append("graph")
        launch(graph, stream)

    def summed(ranks, x):
        done[threading.get_ident()].append(x.size)
        return add_up(ranks, x)

    monkeypatch.setattr(capturing.Graph, "launch", launched)
    monkeypatch.setattr(RankThread, "sum", summed)

    def train(ranks):
        ours = trainer(standin, causal_case())
        ours.join(ranks)
        losses_of(ours, 3)
        assert launches(ours) == [3, 3], "one is a trial"
        return done[threading.get_ident()], [ours.model.vector.data.size, 1]

    for found, sums in on_ranks(2, train):
        step = ["graph", *sums, "graph"]
        assert found == [*sums, "graph", "graph", *step, *step], (
            "the first step is plain, and nobody is asked in the trial"
        )


@pytest.mark.parametrize("make", [causal_case, half_frozen])
@pytest.mark.parametrize("which", [0, 1])
def test_a_rank_that_cannot_capture_goes_on_plainly_and_nobody_waits_for_ever(
    standin, monkeypatch, caplog, which, make
):
    """It may be of another kind than the others, or have less memory."""
    ranks_of, begin = {}, capturing.Stream.begin_capture

    def refuse(stream):
        if ranks_of[threading.get_ident()] == which:
            raise RuntimeError("cudaErrorMemoryAllocation")
        begin(stream)

    monkeypatch.setattr(capturing.Stream, "begin_capture", refuse)
    plain = on_ranks(2, lambda ranks: trained(standin, make, ranks, captured=False, dtype=np.float32))

    def train(ranks):
        ranks_of[threading.get_ident()] = ranks.rank
        return trained(standin, make, ranks, dtype=np.float32)

    found = on_ranks(2, train)
    assert [graphs for _, _, graphs in found] == [0 if rank == which else 2 for rank in range(2)]
    assert found[0][0] == found[1][0] and np.array_equal(found[0][1], found[1][1])
    np.testing.assert_allclose(found[0][0], plain[0][0], rtol=1e-4)
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(messages) == 1 and "cudaErrorMemoryAllocation" in messages[0]


def test_graphs_of_one_process_are_none_of_several(device):
    def train(ranks):
        ours = trainer(device, causal_case(), steps=STEPS)
        losses_of(ours, 2)
        ours.join(ranks)
        losses_of(ours, 3)
        return [len(graph._parts) for graph in ours.captured._graphs.values()], to_host(ours.model.vector.data).copy()

    (parts, weights), (_, same) = on_ranks(2, train)
    assert parts == [1, 2] and np.array_equal(weights, same)


def planted(change):
    """A replay with something else between its parts."""

    def replay(graph, inputs, between=None, right=Graph.replay):
        return right(graph, inputs, between and change(between))

    return replay


def replay_in_a_row(graph, inputs, between=None, right=Graph.replay):
    loss, *others = right(graph, inputs)
    if between:
        between(loss)
    return loss, *others


def ranks_of(between):
    return inspect.getclosurevars(between).nonlocals["ranks"]


BUGS = {
    "the sum forgotten": planted(lambda between: None),
    "summed twice": planted(lambda between: lambda loss: (between(loss), between(loss))),
    "the loss alone": planted(lambda between: lambda loss: ranks_of(between).sum(loss)),
    "updated before the sum": replay_in_a_row,
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_seen(standin, monkeypatch, bug):
    monkeypatch.setattr(Graph, "replay", BUGS[bug])
    with pytest.raises(AssertionError):
        assert_captured_is_plain(standin, causal_case)
