"""Attention maps: the picture is the data, the words can be read, and what does not fit together is refused."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import attention_grid, attention_heatmap


def tick_texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def image_of(axes):
    (image,) = axes.get_images()
    return image


def test_heatmap_shows_the_weights_on_a_fixed_scale(attention, words):
    weights = attention(5, 7)
    queries, keys = words(5), list("abcabca")
    axes, bar = attention_heatmap(weights, queries, keys, title="one head").axes
    np.testing.assert_array_equal(image_of(axes).get_array(), weights)
    assert image_of(axes).get_clim() == (0, 1)
    assert image_of(axes).get_cmap().name == "viridis"
    assert tick_texts(axes.yaxis) == queries
    assert tick_texts(axes.xaxis) == keys
    assert axes.get_ylabel() == "query: looks from"
    assert axes.get_xlabel() == "key: looks at"
    assert axes.get_title(loc="left") == "one head"
    assert bar.get_ylabel() == "attention weight"


@pytest.mark.parametrize("shape", [(6, 6), (2, 6)])
def test_causal_draws_later_keys_as_missing(attention, words, shape):
    weights = attention(*shape, causal=True)
    axes = attention_heatmap(weights, words(shape[0]), words(shape[1]), causal=True).axes[0]
    drawn = image_of(axes).get_array()
    rows, columns = shape
    for row in range(rows):
        for column in range(columns):
            assert drawn.mask[row, column] == (column > row + columns - rows)
    np.testing.assert_array_equal(drawn.filled(0), weights)
    assert "grey: masked" in axes.get_xlabel()


def test_grey_is_named_only_where_there_is_some():
    assert attention_heatmap(np.ones((1, 1)), ["a"], causal=True).axes[0].get_xlabel() == "key: looks at"
    assert attention_grid(np.ones((1, 2, 1, 1)), ["a"], causal=True).get_supxlabel() == "key: looks at"


@pytest.mark.parametrize(("tokens", "middle"), [(12, 0.25), (13, 0.5)])
def test_large_maps_spread_the_small_weights(attention, words, tokens, middle):
    weights = attention(1, 1, tokens, tokens)
    for figure in (attention_heatmap(weights[0, 0], words(tokens)), attention_grid(weights, words(tokens))):
        panel, bar = figure.axes
        assert image_of(panel).norm(0.25) == middle
        assert image_of(panel).get_clim() == (0, 1)
        np.testing.assert_array_equal(image_of(panel).get_array(), weights[0, 0])
        figure.draw_without_rendering()
        if tokens > 12:
            assert tick_texts(bar.yaxis) == ["0", "0.05", "0.2", "0.5", "1"]


def test_a_weight_of_zero_is_not_missing():
    drawn = image_of(attention_heatmap(np.eye(3), list("abc")).axes[0]).get_array()
    assert not np.ma.getmaskarray(drawn).any()


def test_small_maps_carry_their_numbers(attention, words):
    axes = attention_heatmap(np.array([[1, 0], [0.25, 0.75]]), ["a", "b"], causal=True).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1.00", "0.25", "0.75"]
    assert not attention_heatmap(attention(13, 13), words(13)).axes[0].texts


def test_numbers_stand_out_from_their_cells():
    axes = attention_heatmap(np.array([[0.0, 1.0]]), ["a"], ["b", "c"]).axes[0]
    assert [text.get_color() for text in axes.texts] == ["w", "k"]


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (6, 6), (12, 12), (20, 20), (40, 40), (2, 300), (3, 40), (40, 3)])
def test_heatmap_can_be_read(attention, words, assert_inside, assert_readable, shape):
    title = "a title that is longer than a small map is wide"
    figure = attention_heatmap(attention(*shape), words(shape[0]), words(shape[1]), title=title)
    assert_inside(figure)
    assert_readable(figure.axes[0], smallest=7)


def test_heatmap_names_all_of_forty_tokens(attention, words):
    axes = attention_heatmap(attention(40, 40), words(40)).axes[0]
    assert tick_texts(axes.xaxis) == tick_texts(axes.yaxis) == words(40)


def test_the_largest_weight_of_each_row_is_framed():
    weights = np.array([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4], [0.0, 0.0, 0.0], [0.3, 0.3, 0.4]])
    axes = attention_heatmap(weights, list("abcd"), list("xyz"), mark_largest=True).axes[0]
    middles = {tuple(np.round(patch.get_center(), 6)) for patch in axes.patches}
    assert middles == {(1, 0), (0, 1), (2, 3)}  # (key, query); nothing in the row of zeros
    assert axes.get_xlabel() == "key: looks at\nframed: the largest of its row"
    assert not attention_heatmap(weights, list("abcd"), list("xyz")).axes[0].patches


def test_no_masked_weight_is_framed():
    weights = np.array([[0, 0], [0, 0], [1, 0], [0.1, 0.9]])  # the first two queries see no key
    axes = attention_heatmap(weights, list("abcd"), list("xy"), causal=True, mark_largest=True).axes[0]
    assert {tuple(np.round(patch.get_center(), 6)) for patch in axes.patches} == {(0, 2), (1, 3)}


def test_grid_shows_every_head_on_one_scale(attention):
    weights = attention(2, 3, 4, 4, causal=True)
    figure = attention_grid(weights, list("abba"), causal=True, title="all heads")
    *panels, bar = figure.axes
    assert len(panels) == 6
    for panel, head in zip(panels, weights.reshape(6, 4, 4), strict=True):
        drawn = image_of(panel).get_array()
        np.testing.assert_array_equal(drawn.filled(0), head)
        np.testing.assert_array_equal(drawn.mask, ~np.tri(4, dtype=bool))
        assert image_of(panel).get_clim() == (0, 1)
    assert [panel.get_title() for panel in panels] == ["head 0", "head 1", "head 2", "", "", ""]
    assert [panel.get_ylabel() for panel in panels] == ["layer 0", "", "", "layer 1", "", ""]
    assert bar.get_ylabel() == "attention weight"
    assert figure.get_suptitle() == "all heads"
    assert figure.get_supylabel() == "query: looks from"
    assert figure.get_supxlabel() == "key: looks at\ngrey: masked"


def test_grid_of_a_part_keeps_the_numbers_of_the_whole(attention):
    figure = attention_grid(attention(1, 2, 3, 3), list("abc"), layer_numbers=[5], head_numbers=[0, 7])
    assert [panel.get_title() for panel in figure.axes[:2]] == ["head 0", "head 7"]
    assert figure.axes[0].get_ylabel() == "layer 5"


def test_grid_names_tokens_on_its_outer_edges(attention):
    panels = np.array(attention_grid(attention(2, 2, 3, 4), list("abc"), list("defg")).axes[:4]).reshape(2, 2)
    for row in range(2):
        for column in range(2):
            panel = panels[row, column]
            assert tick_texts(panel.yaxis) == (list("abc") if column == 0 else [])
            assert tick_texts(panel.xaxis) == (list("defg") if row == 1 else [])


@pytest.mark.parametrize(
    "shape", [(1, 1, 6, 6), (2, 8, 6, 6), (4, 4, 40, 40), (4, 4, 60, 60), (6, 6, 20, 20), (3, 2, 5, 30)]
)
def test_grid_can_be_read(attention, words, assert_inside, assert_readable, shape):
    figure = attention_grid(attention(*shape), words(shape[2]), words(shape[3]), title="Every head of every layer")
    assert_inside(figure)
    assert_readable(figure.axes[(shape[0] - 1) * shape[1]], smallest=6)


@pytest.mark.parametrize("tokens", [40, 48])
def test_grid_grows_to_name_every_token(attention, words, tokens):
    figure = attention_grid(attention(4, 4, tokens, tokens, causal=True), words(tokens), causal=True)
    corner = figure.axes[12]
    assert tick_texts(corner.xaxis) == tick_texts(corner.yaxis) == words(tokens)
    assert max(figure.get_size_inches()) < 25


def test_grid_says_when_it_names_only_some_tokens(attention, words):
    figure = attention_grid(attention(4, 4, 60, 60), words(60))
    assert figure.get_supylabel() == "query: looks from (1 token in 3 is named)"
    corner = figure.axes[12]
    assert tick_texts(corner.xaxis) == words(60)[::3]
    np.testing.assert_array_equal(corner.get_xticks(), range(0, 60, 3))


@pytest.mark.parametrize(
    ("draw", "shape", "queries", "keys", "message"),
    [
        (attention_heatmap, (4, 9, 9), 9, None, r"Attention is \(4, 9, 9\) but this figure draws \(T, S\)"),
        (attention_heatmap, (9, 9), 8, None, r"Attention is \(9, 9\) but there are 8 query tokens: \(T, S\) needs 9"),
        (attention_heatmap, (9, 7), 9, None, r"Attention is \(9, 7\) but there are 9 key tokens: \(T, S\) needs 7"),
        (attention_heatmap, (9, 7), 9, 6, r"there are 6 key tokens: \(T, S\) needs 7"),
        (attention_heatmap, (0, 0), 0, None, r"Attention is \(0, 0\)"),
        (attention_grid, (9, 9), 9, None, r"Attention is \(9, 9\) but this figure draws \(L, H, T, S\)"),
        (attention_grid, (1, 2, 9, 9), 8, None, r"Attention is \(1, 2, 9, 9\) but there are 8 query tokens"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(draw, shape, queries, keys, message):
    with pytest.raises(InputError, match=message):
        draw(np.zeros(shape), ["q"] * queries, None if keys is None else ["k"] * keys)


@pytest.mark.parametrize("bad", [-0.5, 1.5, np.nan, np.inf])
def test_what_is_not_a_weight_is_refused(bad):
    with pytest.raises(InputError, match="between 0 and 1"):
        attention_heatmap(np.array([[bad]]), ["a"])


def test_rounding_a_little_over_one_is_accepted():
    attention_heatmap(np.array([[1.0005]], dtype=np.float16), ["a"])


def test_causal_hides_no_weight(attention):
    with pytest.raises(InputError, match="later key"):
        attention_heatmap(attention(4, 4), list("abcd"), causal=True)
