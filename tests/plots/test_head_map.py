"""One number a head: the number is in its cell, 0 is where the colours say, and what was not measured is missing."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import head_map


def test_cells_are_the_values_with_their_numbers():
    values = np.array([[0.1, 0.2, 0.9], [0.4, 0.5, 0.6]])
    panel, bar = head_map(values, label="previous-token score", title="head 2 looks back").axes
    (image,) = panel.get_images()
    np.testing.assert_array_equal(image.get_array(), values)
    assert [text.get_text() for text in panel.texts] == ["0.10", "0.20", "0.90", "0.40", "0.50", "0.60"]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["0", "1"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["0", "1", "2"]
    assert (panel.get_ylabel(), panel.get_xlabel()) == ("layer", "head")
    assert " ".join(bar.get_ylabel().split()) == "previous-token score"
    assert panel.get_title(loc="left") == "head 2 looks back"


@pytest.mark.parametrize(
    ("values", "limits"),
    [([[0.1, 0.2]], (0, 0.2)), ([[-0.1, -0.2]], (-0.2, 0)), ([[-1, 2]], (-1, 2)), ([[0, 0]], (0, 1))],
)
def test_the_scale_includes_zero(values, limits):
    (image,) = head_map(np.array(values), label="score").axes[0].get_images()
    assert image.get_clim() == limits
    assert image.get_cmap().name == "viridis"


def test_centred_is_white_at_zero_and_as_strong_on_either_side():
    (image,) = head_map(np.array([[0.1, -0.4]]), label="change of the loss", centred=True).axes[0].get_images()
    assert image.get_clim() == (-0.4, 0.4)
    assert image.get_cmap().name == "RdBu_r"


def test_a_head_that_was_not_measured_is_missing():
    panel = head_map(np.array([[0.5, np.nan, np.inf, -0.25]]), label="score").axes[0]
    (image,) = panel.get_images()
    np.testing.assert_array_equal(image.get_array().mask, [[False, True, True, False]])
    assert image.get_clim() == (-0.25, 0.5)
    assert [text.get_text() for text in panel.texts] == ["0.50", "-0.25"]
    assert "grey: missing" in panel.get_xlabel()


@pytest.mark.parametrize("shape", [(1, 1), (4, 8), (12, 12), (24, 16), (2, 40)])
def test_can_be_read(assert_inside, assert_readable, shape):
    values = np.random.default_rng(0).normal(size=shape)
    label = "change of the loss without this head (nats per token)"
    figure = head_map(values, label=label, centred=True, title="Most heads are not missed by the others")
    assert_inside(figure)
    assert_readable(figure.axes[0], smallest=7)
    assert bool(figure.axes[0].texts) == (max(shape) <= 16)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match=r"but this figure draws \(L, H\)") as caught:
        head_map(np.zeros(shape), label="score")
    assert str(shape) in caught.value.wrong
