"""Attention rollout: the product over the layers, beside the last layer alone."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import attention_rollout, rollout_maps


def test_rollout_multiplies_layers_in_the_order_in_which_they_run(attention):
    weights = attention(3, 2, 4, 4)
    first, second, third = (weights.mean(axis=1) + np.eye(4)) / 2
    np.testing.assert_allclose(attention_rollout(weights), third @ second @ first, atol=1e-12)


def test_what_went_through_two_layers_is_found():
    """Token 1 reads token 0 in layer 0, token 2 reads token 1 in layer 1: so token 2 is made of token 0 too."""
    weights = np.array([np.eye(3), np.eye(3)])[:, None]
    weights[0, 0, 1] = [1, 0, 0]
    weights[1, 0, 2] = [0, 1, 0]
    np.testing.assert_allclose(attention_rollout(weights)[2], [0.25, 0.25, 0.5])


def test_rows_sum_to_one_also_where_a_row_may_look_nowhere(attention):
    weights = attention(3, 2, 5, 5, causal=True)
    weights[:, :, 0] = 0
    rollout = attention_rollout(weights.astype(np.float16))
    np.testing.assert_allclose(rollout.sum(axis=-1), 1)
    np.testing.assert_array_equal(rollout[0], np.eye(5)[0])


def test_two_maps_on_one_scale(attention):
    weights = attention(3, 2, 4, 4, causal=True)
    figure = rollout_maps(weights, list("abca"), causal=True, title="a title")
    last, rollout, bar = figure.axes
    later = ~np.tri(4, dtype=bool)
    for panel, expected in ((last, weights[-1].mean(axis=0)), (rollout, attention_rollout(weights))):
        (image,) = panel.get_images()
        np.testing.assert_allclose(image.get_array().filled(0), expected)
        np.testing.assert_array_equal(image.get_array().mask, later)
        assert image.get_clim() == (0, 1)
        assert len(panel.texts) == 10
        assert [label.get_text() for label in panel.get_xticklabels()] == list("abca")
    assert [label.get_text() for label in last.get_yticklabels()] == list("abca")
    assert last.get_title() == "last layer,\nmean of 2 heads"
    assert rollout.get_title() == "rollout through\n3 layers"
    assert bar.get_ylabel() == "share"
    assert figure.get_supxlabel() == "key: looks at\ngrey: masked"


@pytest.mark.parametrize("shape", [(2, 4, 5, 6), (4, 5, 5), (0, 4, 5, 5)])
def test_maps_of_other_tokens_are_refused(shape):
    for draw in (attention_rollout, lambda weights: rollout_maps(weights, list("abcde"))):
        with pytest.raises(InputError, match=r"but a rollout needs \(L, H, T, T\)") as caught:
            draw(np.zeros(shape))
        assert str(shape) in caught.value.wrong


def test_tokens_that_do_not_fit_are_refused(attention):
    with pytest.raises(InputError, match=r"Attention is \(1, 1, 3, 3\) but there are 2 query tokens"):
        rollout_maps(attention(1, 1, 3, 3), list("ab"))
