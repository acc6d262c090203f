"""What the tests of the figures share: attention maps to draw, and two questions to ask of any figure."""

from itertools import pairwise

import numpy as np
import pytest


@pytest.fixture
def attention():
    """attention(*shape, causal) -> softmax weights of that shape."""

    def draw(*shape, causal=False):
        scores = np.random.default_rng(0).normal(0, 2, shape)
        if causal:
            rows, columns = shape[-2:]
            scores = np.where(np.tri(rows, columns, columns - rows, dtype=bool), scores, -np.inf)
        weights = np.exp(scores)
        return weights / weights.sum(axis=-1, keepdims=True)

    return draw


@pytest.fixture
def words():
    """words(n) -> n tokens, with repeats, and of the kinds that go wrong in labels."""
    kinds = ["It", "␣was", "␣the", "␣best", "␣of", "↵", "⟨E4 BD⟩", "$x$", "␣foolishness", "g", "W"]
    return lambda n: [kinds[i % len(kinds)] for i in range(n)]


@pytest.fixture
def assert_inside():
    """Assert that nothing which the figure draws is cut off at its edge."""

    def check(figure):
        figure.draw_without_rendering()
        box = figure.get_tightbbox(figure.canvas.get_renderer())  # inches
        width, height = figure.get_size_inches()
        pixel = 1 / figure.dpi
        assert box.x0 >= -pixel and box.y0 >= -pixel
        assert box.x1 <= width + pixel and box.y1 <= height + pixel

    return check


@pytest.fixture
def assert_readable():
    """Assert that the tick labels of drawn axes have some least size and do not touch each other."""

    def check(axes, smallest):
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
            assert labels
            assert min(label.get_fontsize() for label in labels) >= smallest
            boxes = [label.get_window_extent() for label in labels]
            assert not any(one.overlaps(two) for one, two in pairwise(boxes))

    return check
