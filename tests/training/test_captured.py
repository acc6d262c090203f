"""Steps that are captured in a CUDA graph do what plain steps do. On a strict stand-in for CuPy; marked `gpu`, on a real card.

The stand-in computes nothing while it captures, and at a replay computes what it wrote down, on the same memory: what was frozen into the
graph stays frozen there as on a card.
"""

import logging

import numpy as np
import pytest

from minillm.backend import CPU, Device, choose_device, to_host
from minillm.gpu import cublas
from minillm.layers import ParameterVector
from minillm.models import GPT, T5, GPTConfig, Transformer
from minillm.objectives import CAUSAL
from minillm.ops import IGNORE
from minillm.text import CausalBatch
from minillm.training import Trainer, TrainOptions
from minillm.training.captured import check_same
from tests.objectives import every_objective
from tests.objectives.every_objective import CASES, Case
from tests.standin import capturing, counting

STEPS = 6
CAPTURED = [name for name, case in CASES.items() if case().objective.prepare]
SIZES = every_objective.SIZES


@pytest.fixture
def standin(cupy_standin) -> Device:
    return choose_device("gpu")


class Shuffled:
    """Batches of the rows of one batch, each in its own order. The two halves stay apart, so that each keeps its number of targets."""

    def __init__(self, batch, *, apart=True):
        self.whole, self.apart = batch, apart

    def batch(self, rng, size):
        half = len(self.whole[0]) // 2 if self.apart else 0
        order = np.concatenate([rng.permutation(half), half + rng.permutation(size - half)])
        return self.whole._make(array[order] for array in self.whole)

    def validation_batches(self, size):
        return iter(())


def on(device, model, dtype):
    """The model, moved there."""
    model.vector = model.body.vector = ParameterVector(model, dtype, device)
    return model


def trainer(device, case, *, dtype=np.float64, data=None, **options) -> Trainer:
    accumulate = options.get("accumulate", 1)
    settings = {"steps": STEPS, "batch": 10 // accumulate, "lr": 1e-2, "warmup": 4, "log_every": 1} | options
    return Trainer(
        on(device, case.model, dtype), data or Shuffled(case.batch), TrainOptions(**settings), case.objective
    )


def losses_of(trainer, steps=STEPS):
    return [(p.loss, p.grad_norm) for p in (trainer.step() for _ in range(steps))]


def launches(trainer):
    """How often each part of each graph was launched, on the stand-in."""
    return [part._launches for graph in trainer.captured._graphs.values() if graph for part, _ in graph._parts]


def assert_captured_is_plain(device, make, **options):
    ours, plain = trainer(device, make(), **options), trainer(device, make(), **options)
    plain.captured.possible = False
    found, expected = losses_of(ours), losses_of(plain)
    assert len(ours.captured._graphs) == 1 and all(ours.captured._graphs.values())
    tolerance = 1e-9 if ours.model.vector.data.dtype == np.float64 else 1e-4
    np.testing.assert_allclose(found, expected, rtol=tolerance)
    np.testing.assert_allclose(
        to_host(ours.model.vector.data), to_host(plain.model.vector.data), rtol=0, atol=tolerance
    )
    assert ours.optimizer.steps == plain.optimizer.steps == STEPS
    assert len({loss for loss, _ in found}) == STEPS, "a batch was not read"
    return ours


@pytest.mark.parametrize("name", CAPTURED)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_captured_steps_of_every_objective_are_the_plain_ones(device, name, accumulate):
    ours = assert_captured_is_plain(device, CASES[name], accumulate=accumulate)
    if "stand-in" in device.reason:
        assert launches(ours) == [1 + STEPS - 1], "one is a trial"


def test_the_article_s_objectives_and_those_of_rewards_can_all_be_captured():
    assert CAPTURED == [
        "causal", "masked", "seq2seq-transformer", "seq2seq-t5", "classification", "question-answering", "unlikelihood", "rwr", "awr"
    ]  # fmt: skip


def causal_case(**changes):
    config = GPTConfig(**({"vocab_size": 13, "context": 12} | SIZES | changes))
    return Case(CAUSAL, GPT(config), CausalBatch(every_objective.ids, every_objective.targets))


def sequences(model):
    return every_objective.sequences(model)


OTHERS = {
    "dropout": (lambda: causal_case(dropout=0.3), {}),
    "dropout, accumulated": (lambda: causal_case(dropout=0.3), {"accumulate": 2}),
    "dropout, T5": (lambda: sequences(T5(vocab_size=13, dropout=0.2, **SIZES)), {}),
    "dropout, Transformer": (lambda: sequences(Transformer(13, 6, 2, 1, d_ff=5, dropout=0.2)), {}),
    "muon": (causal_case, {"optimizer": "muon"}),
    "label smoothing, no clipping": (causal_case, {"label_smoothing": 0.1, "clip": 0.0}),
    "a small limit of the gradient": (causal_case, {"clip": 0.01}),
    "no decay": (causal_case, {"weight_decay": 0.0}),
    "alibi": (lambda: causal_case(positions="alibi", window=4), {}),
    "sinusoidal, post": (lambda: causal_case(positions="sinusoidal", norm="post", tie_head=False), {}),
    "n-grams": (lambda: causal_case(ngram=3), {}),
    "llama": (
        lambda: causal_case(norm="rms", activation="swiglu", bias=False, positions="rotary", kv_heads=1, d_kv=4),
        {},
    ),
    "a large vocabulary": (lambda: causal_case(vocab_size=700), {}),
    "TF32 and float32": (causal_case, {"matmul_precision": "high", "dtype": np.float32}),
    "bfloat16 and float32": (causal_case, {"matmul_precision": "medium", "dtype": np.float32}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_captured_steps_of_every_kind_are_the_plain_ones(device, name):
    make, options = OTHERS[name]
    assert_captured_is_plain(device, make, **options)


def test_parts_of_a_batch_weigh_what_they_have_of_its_targets(device):
    """The rows are mixed freely: how many targets a half has is another number in every step."""
    data = Shuffled(causal_case().batch, apart=False)
    assert_captured_is_plain(device, causal_case, data=data, accumulate=2)


def test_a_frozen_body_stays_frozen_and_what_is_thawed_is_captured_anew(device):
    def half_frozen():
        case = CASES["classification"]()
        case.model.body.freeze()
        return case

    ours = assert_captured_is_plain(device, half_frozen)
    before = to_host(ours.model.body.blocks[0].ffn.expand.weight.data)
    ours.model.body.freeze(False)
    losses_of(ours, 3)
    assert not np.array_equal(to_host(ours.model.body.blocks[0].ffn.expand.weight.data), before)
    assert len(ours.captured._graphs) == 2 and all(ours.captured._graphs.values())


def test_a_captured_step_waits_for_nothing_and_copies_the_batch_only(standin):
    ours = trainer(standin, causal_case(dropout=0.2), log_every=100)
    for step in range(4):
        with counting() as counts:
            ours.step()
        assert counts.synchronisations == (step < 2), "the first step is logged, the second compared with its graph"
    assert counts.transfers == len(["factors", "weights", "seeds", "inputs", "targets"])


def test_a_graph_uses_no_memory_that_may_go_to_others(standin):
    """Masks and other constants are remembered only for a while: what a graph reads of them must be its own."""
    case = causal_case(positions="rotary", d_kv=4)
    plain = trainer(standin, case, dtype=np.float32)
    plain.captured.possible = False
    losses_of(plain, 1)  # now the constants are there, in the common memory
    ours = trainer(standin, case, dtype=np.float32)
    losses_of(ours, 2)
    graph = next(iter(ours.captured._graphs.values()))
    vector, optimizer = ours.model.vector, ours.optimizer
    lasting = [vector.data, vector.grad, optimizer.first_moment, optimizer.second_moment]
    known = {id(array._host) for array in lasting} | {id(block) for block in graph._pool._blocks}
    ((part, _),) = graph._parts
    assert {id(memory) for memory in part._outside()} <= known


class OfLengths:
    """Batches whose texts have these lengths, in turn."""

    def __init__(self, *lengths):
        self.lengths, self.number = lengths, 0

    def batch(self, rng, size):
        length = self.lengths[self.number % len(self.lengths)]
        self.number += 1
        ids = rng.integers(0, 13, (size, length + 1))
        return CausalBatch(ids[:, :-1], ids[:, 1:])

    def validation_batches(self, size):
        return iter(())


def test_each_shape_has_its_own_graph_and_what_comes_once_has_none(device):
    lengths = 5, 7, 5, 7, 5, 9, 7
    ours, plain = (trainer(device, causal_case(), data=OfLengths(*lengths), steps=7) for _ in range(2))
    plain.captured.possible = False
    np.testing.assert_allclose(losses_of(ours, 7), losses_of(plain, 7), rtol=1e-9)
    assert [graph is not None for graph in ours.captured._graphs.values()] == [True, True, False]


def test_there_are_four_graphs_at_most(device):
    ours = trainer(device, causal_case(), data=OfLengths(3, 4, 5, 6, 7, 8))
    losses_of(ours, 12)
    assert [graph is not None for graph in ours.captured._graphs.values()] == [True] * 4 + [False] * 2


def test_a_bad_batch_is_refused_as_ever(device):
    """A replay runs none of the checks of `forward`, and a GPU would take a wrong id for another word."""
    data = OfLengths(5)
    ours = trainer(device, causal_case(), data=data)
    losses_of(ours, 3)
    good = data.batch
    wrong = {"inputs": "token id 13 is outside", "targets": "target 13 is outside"}
    for name, message in wrong.items():
        data.batch = lambda rng, size, name=name: good(rng, size)._replace(**{name: np.full((size, 5), 13)})
        with pytest.raises(ValueError, match=message):
            ours.step()
    data.batch = lambda rng, size: good(rng, size)._replace(targets=np.full((size, 5), IGNORE))
    steps = ours.optimizer.steps
    assert ours.step().loss is None and ours.optimizer.steps == steps + 1
    data.batch = good
    assert np.isfinite(ours.step().loss)


def refuse(*arguments):
    raise RuntimeError("cudaErrorStreamCaptureUnsupported:\n operation not permitted")


def test_where_the_card_refuses_to_capture_steps_are_plain_and_one_line_says_why(
    cupy_standin, device, monkeypatch, caplog
):
    monkeypatch.setattr(cupy_standin.cuda.Stream, "begin_capture", refuse)
    ours, plain = trainer(device, causal_case()), trainer(device, causal_case())
    plain.captured.possible = False
    np.testing.assert_allclose(losses_of(ours), losses_of(plain), rtol=1e-9)
    (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert message == (
        "Steps go to the GPU one kernel at a time, not as a CUDA graph: "
        "RuntimeError: cudaErrorStreamCaptureUnsupported: operation not permitted"
    )


def test_a_graph_whose_replay_differs_is_not_used_and_one_line_says_why(standin, monkeypatch, caplog):
    """A card may take what it is given, and compute something else."""
    monkeypatch.setattr(capturing.Graph, "launch", lambda graph, stream: None)
    ours, plain = trainer(standin, causal_case()), trainer(standin, causal_case())
    plain.captured.possible = False
    np.testing.assert_allclose(losses_of(ours), losses_of(plain), rtol=1e-9)
    (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "RuntimeError: a replay has another loss" in message


@pytest.mark.parametrize("number", range(3))
def test_the_loss_the_gradient_and_the_weights_of_a_replay_are_compared(number):
    wanted = [np.array(2.0), np.array(3.0), np.array([0.1, -0.2])]
    check_same([1.001 * x for x in wanted], wanted)
    check_same([x + np.nan for x in wanted], [x + np.nan for x in wanted])
    with np.errstate(invalid="ignore"):  # as in a step
        check_same([x + np.inf for x in wanted], [x + np.inf for x in wanted])
    for factor in (1.1, np.nan):
        found = [factor * x if i == number else x for i, x in enumerate(wanted)]
        with pytest.raises(RuntimeError, match=("loss", "length", "weights")[number]):
            check_same(found, wanted)


def test_without_cublas_steps_are_plain_and_one_line_says_why(standin, monkeypatch, caplog):
    def missing():
        raise ImportError("no libcublas")

    monkeypatch.setattr(cublas, "load_library", missing)
    ours = trainer(standin, causal_case())
    found = losses_of(ours)
    np.testing.assert_allclose(found, losses_of(trainer(CPU, causal_case())), rtol=1e-6)
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["no libcublas"]


def test_where_cublas_multiplies_wrongly_steps_are_plain_by_cupys_own(standin, monkeypatch, caplog):
    monkeypatch.setattr(cublas.CuBLAS, "matmul", lambda blas, a, b, precision="highest": 1.01 * standin.xp.matmul(a, b))
    ours = trainer(standin, causal_case())
    np.testing.assert_allclose(losses_of(ours), losses_of(trainer(CPU, causal_case())), rtol=1e-6)
    (message,) = [record.getMessage() for record in caplog.records]
    assert "cuBLAS multiplies wrongly" in message


def test_on_a_processor_nothing_is_captured(monkeypatch):
    ours = trainer(CPU, causal_case())
    losses_of(ours, 3)
    assert not ours.captured.possible and not ours.captured._graphs
