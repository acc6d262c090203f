"""Ranks that share every batch: the gradient of one process for every objective, one decision for all, and no MPI without a launcher."""

import itertools
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest

from minillm.backend import Device, choose_device
from minillm.errors import InputError
from minillm.layers.gradcheck import randomize
from minillm.ops import IGNORE
from minillm.training import Trainer, TrainOptions, default_workers
from minillm.training.mpi import SIZES, Ranks, world
from minillm.training.ranks import OneRank
from minillm.training.run import share_state, state_arrays
from tests.objectives.every_objective import CASES, B
from tests.training.rank_threads import on_ranks
from tests.training.test_shares import Fixed, loss_and_gradient


@pytest.mark.parametrize("name", CASES)
def test_ranks_have_the_gradient_of_one_process_for_every_objective(name):
    """Also where the rows don't divide evenly, and in several passes."""
    loss, whole = loss_and_gradient(CASES[name](), batch=B)

    def share(ranks, **options):
        case = CASES[name]()
        trainer = Trainer(
            randomize(case.model, np.random.default_rng(5)), Fixed(case.batch), TrainOptions(**options), case.objective
        )
        trainer.join(ranks)
        return float(trainer.gradient(0)), trainer.model.vector.grad

    for size, options in ((3, {"batch": B}), (2, {"batch": 5, "accumulate": 2})):
        for found, gradient in on_ranks(size, lambda ranks, options=options: share(ranks, **options)):
            assert found == pytest.approx(loss, rel=1e-12)
            assert np.linalg.norm(gradient - whole) < 1e-12 * np.linalg.norm(whole)


def test_evaluation_is_the_same_for_any_number_of_ranks(make_trainer):
    def evaluate(ranks, **options):
        trainer = make_trainer(batch=5, dtype=np.float64, **options)
        trainer.join(ranks)
        return trainer.evaluate()

    for eval_batches in (None, 1, 4):
        one = make_trainer(batch=5, dtype=np.float64, eval_batches=eval_batches).evaluate()
        found = on_ranks(3, lambda ranks, most=eval_batches: evaluate(ranks, eval_batches=most))
        assert found[1:] == found[:-1] and found[0] == pytest.approx(one, rel=1e-12)


def test_ranks_train_as_one_process_does_and_keep_equal_weights(make_trainer):
    """A rank whose rows have nothing to score takes part as the others do."""
    options = {"batch": 5, "steps": 12, "eval_every": 5, "log_every": 3, "eval_batches": 4, "dtype": np.float64}

    def train(ranks):
        trainer = make_trainer(**options)
        draw = trainer.data.batch

        def with_holes(rng, size):
            batch = draw(rng, size)
            batch.targets[:2] = IGNORE
            return batch

        trainer.data.batch = with_holes
        trainer.join(ranks)
        return [*trainer.run()], trainer.model.vector.data

    told, weights = train(OneRank())
    for other, same in on_ranks(4, train):
        assert [step.step for step in other] == [step.step for step in told]
        for one, two in zip(told, other, strict=True):
            for (name, value), found in zip(vars(one).items(), vars(two).values(), strict=True):
                assert found == (value if value is None else pytest.approx(value, rel=1e-9)), name
        np.testing.assert_allclose(same, weights, rtol=1e-9, atol=1e-12)


def test_different_ranks_drop_different_things(make_trainer, monkeypatch):
    seeds = []
    generator = Device.generator
    monkeypatch.setattr(Device, "generator", lambda device, *key: seeds.append(key) or generator(device, *key))

    def gradient(ranks):
        trainer = make_trainer(batch=4, dropout=0.3, accumulate=2)
        trainer.join(ranks)
        trainer.gradient(0)

    on_ranks(2, gradient)
    assert sorted(seeds) == [(0, 0, part, worker) for part in range(2) for worker in range(2)]


@pytest.mark.parametrize("minutes", [None, 0.01])
def test_one_clock_decides_for_all_ranks_when_training_ends(make_trainer, monkeypatch, minutes):
    """Each rank has a clock of its own that runs at a pace of its own; that of the first one counts."""
    clocks = {}
    monkeypatch.setattr(time, "perf_counter", lambda: next(clocks[threading.get_ident()]))

    def train(ranks):
        clocks[threading.get_ident()] = itertools.count(100 * ranks.rank, 0.02 * (1 + ranks.rank))
        trainer = make_trainer(steps=7, minutes=minutes, batch=4, eval_batches=2)
        trainer.join(ranks)
        return [step.step for step in trainer.run()], trainer.planned_steps(), trainer.model.vector.data.tobytes()

    first, *others = on_ranks(3, train)
    assert all(other == first for other in others)
    assert first[1] > 7 if minutes else first[1] == 7


def test_where_one_rank_is_asked_to_stop_all_stop_at_the_same_step(make_trainer):
    def train(ranks):
        trainer = make_trainer(batch=4, steps=50, eval_every=100, eval_batches=3)
        trainer.join(ranks)
        stop = (lambda: trainer.steps_done >= 6) if ranks.rank == 2 else (lambda: False)
        for _ in trainer.run(stop):
            pass
        return trainer.steps_done

    assert on_ranks(3, train) == [6, 6, 6]


def test_all_ranks_begin_where_the_first_one_is(make_trainer):
    """It alone has read the run's folder."""

    def train(ranks):
        trainer = make_trainer(batch=3)
        trainer.join(ranks)
        if ranks.rank == 0:
            alone = make_trainer(batch=3)
            for _ in range(3):
                alone.step()
            for ours, theirs in zip(state_arrays(trainer).values(), state_arrays(alone).values(), strict=True):
                ours[...] = theirs
            trainer.steps_done = trainer.optimizer.steps = 3
            trainer.best_loss, trainer.best_step, trainer.evaluated_step, trainer.elapsed = 1.5, 2, 2, 7.0
        share_state(trainer)
        trainer.step()
        arrays = [array.tobytes() for array in state_arrays(trainer).values()]
        return trainer.steps_done, trainer.best_loss, trainer.best_step, trainer.evaluated_step, arrays

    first, other = on_ranks(2, train)
    assert first == other and first[:4] == (4, 1.5, 2, 2)


def frozen(trainer):
    trainer.model.blocks[0].freeze()


def other_text(trainer):
    draw = trainer.data.batch
    trainer.data.batch = lambda rng, size: draw(np.random.default_rng(99), size)


@pytest.mark.parametrize(
    ("options", "change", "told"),
    [
        ({"seed": 1}, None, "`seed` 1, and Rank 0 0"),
        ({"workers": 2}, None, "`workers` 2"),
        ({"eval_every": 3}, None, "`eval_every` 3"),
        ({"batch": 1}, None, "`batch` 1"),
        ({"dropout": 0.5}, None, "`dropout` 0.5"),
        ({}, frozen, "the numbers to train"),
        ({}, other_text, "the first batch"),
    ],
)
def test_ranks_of_a_program_that_would_not_do_the_same_are_refused(make_trainer, options, change, told):
    """Else they learn from other rows than their own, or wait for each other for ever."""

    def join(ranks):
        trainer = make_trainer(**({"batch": 4} | (options if ranks.rank else {})))
        if change and ranks.rank:
            change(trainer)
        with pytest.raises(InputError, match=f"Rank 1 has {told}"):
            trainer.join(ranks)
        return ranks.calls

    assert on_ranks(2, join) == [["gather"], ["gather"]]


def test_ranks_of_a_program_begin_with_the_weights_of_the_first_one(make_trainer):
    def join(ranks):
        trainer = make_trainer(batch=4)
        trainer.model.vector.data += ranks.rank
        trainer.join(ranks)
        return trainer.model.vector.data.tobytes()

    first, second = on_ranks(2, join)
    assert first == second == make_trainer(batch=4).model.vector.data.tobytes()


def test_what_a_model_says_of_a_batch_may_differ_in_its_last_digits():
    """The reference of DPO has read it on each rank, whose processors may be of different kinds."""

    def join(ranks):
        case = CASES["dpo"]()
        case.batch.reference[...] *= 1 + 1e-6 * ranks.rank
        Trainer(case.model, Fixed(case.batch), TrainOptions(batch=B), case.objective).join(ranks)
        return True

    assert on_ranks(2, join) == [True, True]


def test_more_ranks_than_sequences_are_refused_and_workers_are_never_more(make_trainer):
    ranks = OneRank()
    ranks.size = 4
    trainer = make_trainer(batch=9, workers=3)
    trainer.join(ranks)
    assert trainer.workers.count == 2
    with pytest.raises(InputError, match="4 ranks cannot share a batch of 3"):
        make_trainer(batch=3).join(ranks)


def test_a_rank_has_its_part_of_the_cores():
    assert default_workers(12, Device("cpu", np, "", cores=3)) == 3
    assert default_workers(2, Device("cpu", np, "", cores=3)) == 2


@pytest.fixture
def launched(monkeypatch):
    """launched(PMI_SIZE=4): as a launcher would have it."""

    def launch(**values):
        for name in SIZES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, str(value))

    launch()
    return launch


@pytest.mark.parametrize(
    ("places", "cores", "local_rank", "apart"),
    [
        ([("a", {0, 1, 2, 3}), ("a", {0, 1, 2, 3})], 2, 1, False),  # a launcher that binds no rank
        ([("a", {0, 1}), ("a", {2, 3})], 2, 1, False),  # and one that does
        ([("a", {0, 1, 2, 3}), ("b", {0, 1, 2, 3, 4, 5}), ("a", {0, 1, 2, 3})], 2, 0, True),
        ([("a", {0, 1}), ("a", {0, 1}), ("a", {0, 1})], 1, 1, False),  # more ranks than cores
    ],
)
def test_the_ranks_of_a_machine_share_its_cores_and_all_ranks_have_as_many(
    launched, monkeypatch, places, cores, local_rank, apart
):
    launched(PMI_SIZE=len(places))
    answers = itertools.cycle([places, threads := [True] * len(places)])
    world_of = types.SimpleNamespace(size=len(places), rank=1, Dup=lambda: None, allgather=lambda thing: next(answers))
    mpi = types.SimpleNamespace(
        COMM_WORLD=world_of, Get_processor_name=lambda: "a", Query_thread=lambda: 2, THREAD_SERIALIZED=2
    )
    monkeypatch.setitem(sys.modules, "mpi4py", types.SimpleNamespace(MPI=mpi))
    ranks = world()
    assert (ranks.cores, ranks.local_rank, ranks.apart) == (cores, local_rank, apart)
    threads[0] = False
    assert not world().apart, "where one rank has an MPI that can't be called from another thread, all know"


def test_a_sum_aside_lets_the_core_go_until_it_is_done(monkeypatch):
    answers, slept = [False, False, True], []
    request = types.SimpleNamespace(Test=lambda: answers.pop(0))
    ranks = Ranks.__new__(Ranks)
    ranks._mpi = types.SimpleNamespace(IN_PLACE="in place")
    ranks._world = types.SimpleNamespace(Iallreduce=lambda *given: request)
    monkeypatch.setattr(time, "sleep", slept.append)
    ranks.sum_aside(np.zeros(3))
    assert not answers and len(slept) == 2


# Who hears of MPI ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{}, {"PMI_SIZE": 1}, {"SLURM_STEP_NUM_TASKS": 1}, {"OMPI_COMM_WORLD_SIZE": ""}])
def test_a_process_alone_never_imports_mpi(launched, values, monkeypatch):
    launched(**values)
    monkeypatch.setitem(sys.modules, "mpi4py", None)  # an import would fail
    assert type(world()) is OneRank


def test_nor_does_the_program_that_trains():
    code = "import sys, minillm.cli.session; sys.exit('mpi4py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", SIZES)
def test_several_processes_without_mpi4py_are_told_so(launched, monkeypatch, name):
    """Else each would train by itself, into the same folder."""
    launched(**{name: 4})
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(InputError, match=r"4 processes .* can't without mpi4py") as caught:
        world()
    assert "pip install mpi4py" in caught.value.remedy


def test_a_launcher_of_another_mpi_is_told_from_the_right_one(launched, monkeypatch):
    """Such as srun without its option: each process believes that it is alone."""
    launched(SLURM_STEP_NUM_TASKS=4)
    mpi = types.SimpleNamespace(COMM_WORLD=types.SimpleNamespace(size=1), get_vendor=lambda: ("Some MPI", (1, 2)))
    monkeypatch.setitem(sys.modules, "mpi4py", types.SimpleNamespace(MPI=mpi))
    with pytest.raises(InputError, match=r"4 processes .* MPI \(Some MPI\) knows of 1"):
        world()


# GPUs: no GPU code is run ----------------------------------------------------------------------------------------------


def test_arrays_on_gpus_are_summed_by_nccl_once_it_is_asked_and_only_those(cupy_standin, monkeypatch):
    calls = []

    class NCCLBackend:
        def __init__(self, n_devices, rank, use_mpi):
            calls.append(("begin", n_devices, rank, use_mpi))

        def all_reduce(self, in_array, out_array):
            assert in_array is out_array and isinstance(in_array, cupy_standin.ndarray)
            calls.append(("all_reduce", in_array.shape))
            out_array *= 2

    monkeypatch.setitem(sys.modules, "cupyx", types.ModuleType("cupyx"))
    distributed = types.ModuleType("cupyx.distributed")
    distributed.NCCLBackend = NCCLBackend
    monkeypatch.setitem(sys.modules, "cupyx.distributed", distributed)
    ranks = Ranks.__new__(Ranks)
    ranks.rank, ranks.size, ranks._gpus = 1, 2, None
    gradient = cupy_standin.asarray(np.arange(3, dtype=np.float32))
    assert ranks.sum(gradient) is gradient and gradient.get().tolist() == [0, 2, 4]
    assert float(ranks.sum(cupy_standin.asarray(np.float32(1.5)))) == 3
    assert calls == [("begin", 2, 1, True), ("all_reduce", (3,)), ("all_reduce", ())]


def test_ranks_on_one_machine_take_its_gpus_in_turn(cupy_standin, monkeypatch):
    used = []
    monkeypatch.setattr(cupy_standin.cuda.runtime, "getDeviceCount", lambda: 2)
    monkeypatch.setattr(cupy_standin.cuda.Device, "use", lambda device: used.append(device.id))
    for number in range(3):
        choose_device("gpu", number)
    assert used == [0, 1, 0]
