"""A captured function does what it did when it was called, with new inputs. On a stand-in; marked `gpu`, on a real card."""

from contextlib import nullcontext
from functools import lru_cache

import numpy as np
import pytest

from minillm.backend import constant, to_host
from minillm.gpu.graph import Graph
from tests.standin import counting
from tests.standin.capturing import CaptureError

F32 = np.float32


def running_sum(xp):
    """A function with a memory: total += x, and y = 2 x + total."""
    total = xp.zeros(3, F32)

    def function(buffers):
        nonlocal total
        total += buffers["x"]
        return (buffers["x"] * 2 + total,)

    return total, function


def inputs(*numbers):
    return {"x": np.array(numbers, F32)}


def test_a_replay_computes_with_its_own_inputs_and_nothing_happens_before(device):
    total, function = running_sum(device.xp)

    def rehearse(buffers):
        function(buffers)
        total.fill(0)

    graph = Graph(device.xp, inputs(9, 9, 9), [function], rehearse)
    assert to_host(total).tolist() == [0, 0, 0]
    assert to_host(*graph.replay(inputs(1, 2, 3))).tolist() == [3, 6, 9]
    assert to_host(*graph.replay(inputs(1, 0, 1))).tolist() == [4, 2, 6]
    assert to_host(total).tolist() == [2, 2, 4]


def test_parts_are_replayed_in_their_order_and_what_is_between_them_is_not_captured(device):
    total, function = running_sum(device.xp)
    seen = []

    def tenfold(buffers):
        return buffers["x"] * 10, total * 10

    def rehearse(buffers):
        function(buffers)
        tenfold(buffers)
        total.fill(0)

    def between(result):
        seen.append(to_host(result).tolist())
        total[...] += 1

    graph = Graph(device.xp, inputs(9, 9, 9), [function, tenfold], rehearse)
    found = [to_host(each).tolist() for each in graph.replay(inputs(1, 2, 3), between)]
    assert found == [[3, 6, 9], [10, 20, 30], [20, 30, 40]]
    found = [to_host(each).tolist() for each in graph.replay(inputs(1, 0, 1), between)]
    assert found == [[5, 3, 7], [10, 0, 10], [40, 40, 60]]
    assert seen == [[3, 6, 9], [5, 3, 7]]


def test_capturing_and_replaying_wait_for_nothing(cupy_standin):
    _, function = running_sum(cupy_standin)
    with counting() as counts:
        graph = Graph(cupy_standin, inputs(9, 9, 9), [function], function)
        graph.replay(inputs(1, 2, 3))
    assert counts.synchronisations == 0


REFUSED = {
    "a number is looked at": lambda xp, x: float(x.sum()),
    "a decision": lambda xp, x: x if x.sum() > 0 else -x,
    "a copy to the host": lambda xp, x: x.get(),
    "a copy from the host": lambda xp, x: x + xp.asarray(np.ones(3, F32)),
    "a boolean mask": lambda xp, x: x[x > 0],
    "CuPy's own matrix product": lambda xp, x: x[None] @ x[:, None],
    "CuPy's own dot": lambda xp, x: xp.dot(x, x),
    "cuRAND": lambda xp, x: xp.random.default_rng(0).random(3),
    "waiting": lambda xp, x: xp.cuda.get_current_stream().synchronize(),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_captured_is_an_error_and_leaves_everything_as_it_was(cupy_standin, case):
    xp = cupy_standin
    total, function = running_sum(xp)

    def wrong(buffers):
        function(buffers)
        return REFUSED[case](xp, buffers["x"])

    with pytest.raises((CaptureError, NotImplementedError)) as error:  # which keeps the stream that was captured
        Graph(xp, inputs(1, 2, 3), [wrong], rehearse=lambda buffers: (function(buffers), total.fill(0)))
    assert total.tolist() == [0, 0, 0] and not xp.cuda.get_current_stream().is_capturing()
    total += 1
    assert total.tolist() == [1, 1, 1] and error


def test_a_list_is_no_index(cupy_standin):
    with pytest.raises(TypeError, match="index"):
        Graph(cupy_standin, inputs(1, 2, 3), [lambda buffers: buffers["x"][[0, 1]]], lambda buffers: None)


@constant
@lru_cache(maxsize=1)
def filled(xp, value):
    return xp.full(3, value, F32)


@pytest.mark.parametrize("fails", [False, True])
def test_a_constant_that_was_made_in_a_capture_is_not_remembered(device, fails):
    """It has no numbers yet: as where there are more constants than are remembered at a time."""

    def tens_and_ones(buffers):
        return buffers["x"] + filled(device.xp, 10), buffers["x"] + filled(device.xp, 1)

    def part(buffers):
        tens_and_ones(buffers)
        float(buffers["x"].sum())

    with pytest.raises(Exception, match="Capture") if fails else nullcontext():
        graph = Graph(device.xp, inputs(1, 2, 3), [part if fails else tens_and_ones], tens_and_ones)
    assert to_host(filled(device.xp, 1)).tolist() == [1, 1, 1]
    if not fails:
        assert [to_host(each).tolist() for each in graph.replay(inputs(1, 2, 3))] == [[11, 12, 13], [2, 3, 4]]


def test_the_memory_of_a_graph_is_its_own(cupy_standin):
    _, function = running_sum(cupy_standin)
    graph = Graph(cupy_standin, inputs(1, 2, 3), [function], function)
    with pytest.raises(RuntimeError, match="own pool"), cupy_standin.cuda.using_allocator(graph._pool.malloc):
        cupy_standin.zeros(3)


def test_the_stand_in_refuses_a_kernel_that_was_not_compiled(cupy_standin):
    _, function = running_sum(cupy_standin)
    with pytest.raises(CaptureError, match=r"compiling multiply|compiling mul"):
        Graph(cupy_standin, inputs(1, 2, 3), [lambda buffers: buffers["x"] * buffers["x"]], function)


def test_the_stand_in_refuses_memory_of_the_common_pool(cupy_standin):
    side = cupy_standin.cuda.Stream(non_blocking=True)
    with side:
        cupy_standin.zeros(3)
        side.begin_capture()
        with pytest.raises(CaptureError, match="common pool"):
            cupy_standin.zeros(3)
        side.end_capture()


def test_the_stand_in_refuses_streams_that_do_not_wait_for_each_other(cupy_standin):
    xp = cupy_standin
    x, side = xp.zeros(3), xp.cuda.Stream(non_blocking=True)
    with pytest.raises(RuntimeError, match="does not wait"), side:
        x += 1
    side.wait_event(xp.cuda.get_current_stream().record())
    with side:
        x += 1
    with pytest.raises(RuntimeError, match="does not wait"):
        x += 1
    xp.cuda.get_current_stream().wait_event(side.record())
    x += 1
    assert x.tolist() == [2, 2, 2]


def test_indices_are_read_anew_at_every_replay(device):
    xp = device.xp
    table = xp.asarray(np.arange(12, dtype=F32).reshape(4, 3))

    def function(buffers):
        ids = buffers["ids"]
        gradient = xp.zeros((4, 3), F32)
        xp.add.at(gradient, ids, table[ids])
        chosen = xp.zeros(4, F32)
        chosen[ids] = table.take(ids, axis=0)[:, 0]
        return gradient, chosen

    graph = Graph(xp, {"ids": np.array([0, 0])}, [function], function)
    gradient, chosen = graph.replay({"ids": np.array([2, 1])})
    assert to_host(gradient)[:, 0].tolist() == [0, 3, 6, 0] and to_host(chosen).tolist() == [0, 3, 6, 0]
    gradient, chosen = graph.replay({"ids": np.array([3, 3])})
    assert to_host(gradient)[:, 0].tolist() == [0, 0, 0, 18] and to_host(chosen).tolist() == [0, 0, 0, 9]
