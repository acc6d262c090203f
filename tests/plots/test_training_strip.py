"""Attention over training: a panel a step, all on one scale."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import attention_over_training


def test_each_step_has_its_map_on_one_scale(attention):
    weights = attention(4, 3, 3, causal=True)
    figure = attention_over_training(weights, np.array([0, 10, 100, 1000]), list("aba"), causal=True, title="it learns")
    *panels, bar = figure.axes
    assert [panel.get_title() for panel in panels] == ["step 0", "step 10", "step 100", "step 1000"]
    for panel, step in zip(panels, weights, strict=True):
        (image,) = panel.get_images()
        np.testing.assert_array_equal(image.get_array().filled(0), step)
        np.testing.assert_array_equal(image.get_array().mask, ~np.tri(3, dtype=bool))
        assert image.get_clim() == (0, 1)
    assert bar.get_ylabel() == "attention weight"
    assert figure.get_suptitle() == "it learns"
    assert figure.get_supxlabel() == "key: looks at\ngrey: masked"


def test_the_strip_goes_on_below_and_names_the_lowest_of_each_column(attention):
    panels = attention_over_training(attention(11, 2, 3), range(11), list("ab"), list("xyz")).axes[:-1]
    assert len(panels) == 11
    assert panels[0].get_subplotspec().get_gridspec().get_geometry() == (2, 6)
    for i, panel in enumerate(panels):
        assert [label.get_text() for label in panel.get_yticklabels()] == (list("ab") if i % 6 == 0 else [])
        assert [label.get_text() for label in panel.get_xticklabels()] == (list("xyz") if i >= 5 else [])


def test_one_step_and_one_token():
    panel, _ = attention_over_training(np.ones((1, 1, 1)), [5], ["a"]).axes
    assert panel.get_title() == "step 5"


def test_shapes_that_do_not_fit_are_refused(attention):
    with pytest.raises(InputError, match=r"Attention is \(4, 3, 3\) but there are 3 steps: \(N, T, S\) needs 4"):
        attention_over_training(attention(4, 3, 3), [0, 1, 2], list("abc"))
    with pytest.raises(InputError, match=r"Attention is \(3, 3\) but this figure draws \(N, T, S\)") as caught:
        attention_over_training(np.eye(3), [0, 1, 2], list("abc"))
    assert "steps × queries × keys" in caught.value.remedy
    with pytest.raises(InputError, match="later key"):
        attention_over_training(attention(2, 3, 3), [0, 1], list("abc"), causal=True)
