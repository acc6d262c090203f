"""What preferences cost, and texts before and after: every point where it belongs, every bad line marked, nothing outside the figure."""

from itertools import pairwise

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import text_columns, trade_off
from minillm.plots.columns import shown
from minillm.plots.trade_offs import frontier

LABELS = {"xlabel": "loss", "ylabel": "bad lines"}
POINTS = {
    "MLE": [(1.0, 0.4), (1.1, 0.5), (1.2, 0.45)],
    "conditional": [(1.05, 0.1)],
    "unlikelihood": [(1.3, 0.05), (1.4, 0.06)],
}


def markers(axes, size):
    return [
        line.get_xydata() for line in axes.lines if line.get_markersize() == size and line.get_marker() in "os^DvPX"
    ]


def test_means_seeds_and_errors():
    axes = trade_off(POINTS, **LABELS, title="a title").axes[0]
    means = np.concatenate(markers(axes, 8))
    np.testing.assert_allclose(means, [np.mean(seeds, axis=0) for seeds in POINTS.values()])
    seeds = markers(axes, 3)
    assert [len(points) for points in seeds] == [3, 2], "a single seed has no spread"
    assert sorted(text.get_text() for text in axes.texts) == sorted(POINTS)
    bars = axes.containers
    assert len(bars) == 2
    spread = np.std([1.0, 1.1, 1.2], ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(bars[0].lines[2][0].get_segments()[0][:, 0], [1.1 - spread, 1.1 + spread])


def test_strengths_are_joined_and_each_has_its_own_error():
    strengths = [[(1.0, 0.4), (1.2, 0.5)], [(2.0, 0.1), (2.0, 0.3)], [(4.0, 0.05)]]
    axes = trade_off({"one": strengths, "other": [(3.0, 0.3)]}, **LABELS).axes[0]
    joined, single = markers(axes, 8)
    np.testing.assert_allclose(joined, [(1.1, 0.45), (2.0, 0.2), (4.0, 0.05)])
    assert single.tolist() == [[3.0, 0.3]]
    widths = [np.ptp(bar.lines[2][0].get_segments()[0][:, 0]) for bar in axes.containers]
    np.testing.assert_allclose(widths, [0.2, 0], atol=1e-12)


def test_a_limit_is_dashed_in_the_place_of_the_frontier():
    limit = [(0.9, 0.5), (1.2, 0.05)]
    frontier_line, limit_line = (trade_off(POINTS, **LABELS, limit=given).axes[0].lines[0] for given in ((), limit))
    assert limit_line.get_xydata().tolist() == [list(point) for point in limit] and limit_line.get_linestyle() == "--"
    assert frontier_line.get_drawstyle() == "steps-post" and limit_line.get_drawstyle() == "default"


def test_the_frontier():
    points = np.array([(1, 5), (2, 3), (3, 3), (2, 4), (4, 1), (1, 6)], float)
    assert frontier(points).tolist() == [0, 1, 4]
    assert frontier(np.array([[1.0, 1.0], [1.0, 1.0]])).tolist() in ([0], [1])


@pytest.mark.parametrize("count", [1, 2, 9])
def test_names_can_be_read_where_points_overlap(assert_inside, count):
    assert_inside(trade_off({f"a method with a long name, 第 {i} 个": [(1, 0.5)] for i in range(count)}, **LABELS))


@pytest.mark.parametrize(
    "points", [{}, {"a": []}, {"a": [(1, np.nan)]}, {"a": [1, 2]}, {"a": [[[]]]}, {"a": [[(1, 2)], [(1, np.inf)]]}]
)
def test_points_that_are_none(points):
    with pytest.raises(InputError):
        trade_off(points, **LABELS)


def test_bad_lines_are_marked():
    figure = text_columns({"before": [("x=1", True), ("y = 2", False)], "after": [("z = 3", False)]}, title="MLE, DPO")
    texts = {text.get_text(): text.get_color() for text in figure.texts}
    assert set(texts) == {"before", "after", "✗ x=1", "  y = 2", "  z = 3", "MLE, DPO"}
    assert texts["✗ x=1"] != texts["  y = 2"] == texts["  z = 3"]


def test_columns_of_any_text_stay_apart(assert_inside):
    lines = [("W" * 80, True), ("", False), ("\tx  ", True), ("$x$ \x1b[31m 中文", False), ("中" * 60, True)] * 5
    figure = text_columns({"one": lines, "two": lines, "three": lines[:1]}, width=30)
    assert_inside(figure)
    figure.draw_without_rendering()
    columns = {}
    for text in figure.texts:
        box = text.get_window_extent()
        columns.setdefault(round(box.x0), []).append(box.x1)
    starts = sorted(columns)
    assert len(starts) == 3 and all(max(columns[a]) < b for a, b in pairwise(starts))


def test_what_is_shown():
    assert shown("a  ", 9) == "a··" and shown("\ta\x00", 9) == "⇥a?" and shown("abcdef", 4) == "abc…"


def test_no_lines():
    with pytest.raises(InputError):
        text_columns({"a": []})
