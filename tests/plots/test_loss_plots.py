"""The loss curve: every point is drawn, the best one is named, and nothing stands in front of the data."""

import math

import numpy as np
import pytest

from minillm.plots import curve_of_log, loss_curve


def curve(n, every=1):
    noise = np.random.default_rng(0).normal(0, 0.1, n)
    return [(step, 1.5 + 2.7 * math.exp(-step / 200) + noise[i]) for i, step in enumerate(range(0, n * every, every))]


def line(axes, start):
    (found,) = [line for line in axes.lines if line.get_label().startswith(start)]
    return found


def test_lines_are_the_data():
    train, validation = curve(200), curve(10, every=20)
    axes = loss_curve(train, validation, title="it learns").axes[0]
    raw, smooth = [line for line in axes.lines if line.get_label().startswith("train")]
    np.testing.assert_array_equal(raw.get_xydata(), train)
    np.testing.assert_array_equal(line(axes, "validation").get_xydata(), validation)
    assert raw.get_linewidth() < smooth.get_linewidth()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss (nats per token)")
    assert axes.get_title(loc="left") == "it learns"


def test_a_log_is_drawn_with_words_for_who_cannot_see_it():
    log = [{"step": 0, "validation": 4.0}, {"step": 1, "loss": 3.5}, {"step": 2, "loss": 3.0, "validation": 2.5}]
    figure, alt = curve_of_log([*log, {"step": 3, "validation": 2.75}], per="text", choices="C", chance=1.1)
    axes = figure.axes[0]
    np.testing.assert_array_equal(line(axes, "train").get_xydata(), [(1, 3.5), (2, 3.0)])
    np.testing.assert_array_equal(line(axes, "validation").get_xydata(), [(0, 4.0), (2, 2.5), (3, 2.75)])
    assert axes.get_ylabel() == "loss (nats per text)" and "ln C" in axes.texts[0].get_text()
    assert alt.endswith("Validation loss falls from 4.00 to 2.50 nats a text.")
    assert curve_of_log([])[1].endswith("No evaluation yet.")


def test_smoothing_is_a_mean_over_neighbours():
    losses = np.random.default_rng(1).normal(size=200)
    smooth = line(loss_curve(list(enumerate(losses)), []).axes[0], "train, mean of 9 points").get_ydata()
    for i in (0, 2, 100, 199):
        np.testing.assert_allclose(smooth[i], losses[max(0, i - 4) : i + 5].mean())


def test_best_validation_is_marked_and_named():
    figure = loss_curve([], [(0, 4.0), (100, 1.5234), (200, 1.9)])
    best = line(figure.axes[0], "best")
    np.testing.assert_array_equal(best.get_xydata(), [(100, 1.5234)])
    assert best.get_label() == "best validation: 1.523 at step 100"


def test_levels_are_named_beside_the_data():
    figure = loss_curve(curve(100), curve(5, every=20), chance=math.log(65), unigram=2.88)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "guessing blindly:\nln V = 4.17",
        "only frequencies:\nentropy = 2.88",
    ]
    assert all(text.get_window_extent().x0 > axes.bbox.x1 for text in axes.texts)
    levels = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert levels == [math.log(65), 2.88]


def test_levels_close_together_do_not_overlap():
    figure = loss_curve(curve(50), [], chance=4.17, unigram=4.16)
    figure.draw_without_rendering()
    one, two = (text.get_window_extent() for text in figure.axes[0].texts)
    assert not one.overlaps(two)


def test_the_legend_is_not_over_the_data():
    figure = loss_curve(curve(100), curve(5, every=20), chance=4.17)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert not legend.get_window_extent().overlaps(figure.axes[0].get_window_extent())


@pytest.mark.parametrize("train", [0, 1, 2, 19, 20, 3000])
@pytest.mark.parametrize("validation", [0, 1, 30])
def test_any_number_of_points(assert_inside, train, validation):
    assert_inside(loss_curve(curve(train), curve(validation, every=10), chance=4.17, unigram=2.9, title="a title"))


def test_one_point_is_visible_and_steps_are_whole(assert_inside):
    figure = loss_curve([(7, 2.0)], [])
    assert_inside(figure)
    axes = figure.axes[0]
    assert axes.lines[0].get_marker() == "."
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_points_that_are_not_finite_are_left_out():
    axes = loss_curve([(0, 2.0), (1, math.nan), (2, 1.0)], [(0, math.inf), (1, 3.0)]).axes[0]
    np.testing.assert_array_equal(line(axes, "train").get_xydata(), [(0, 2.0), (2, 1.0)])
    assert line(axes, "best").get_label() == "best validation: 3.000 at step 1"
