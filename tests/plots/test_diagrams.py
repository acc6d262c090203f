"""Diagrams of models: the layers in their order, connections around them, shapes along the arrows, and no text on another."""

from itertools import combinations, pairwise

import pytest

from minillm.errors import InputError
from minillm.plots import block_diagram, encoder_decoder_diagram, gpt_diagram

DIAGRAMS = {
    "block": lambda: block_diagram(title="A block"),
    "post": lambda: block_diagram(norm="post", causal=False),
    "gpt": lambda: gpt_diagram(
        layers=12, notes={"token embedding": "lesson 04", "head": "models/gpt.py"}, title="A GPT"
    ),
    "transformer": lambda: encoder_decoder_diagram(layers=6, title="The Transformer"),
    "pre-LN transformer": lambda: encoder_decoder_diagram(norm="pre"),
}


def texts(figure):
    """The texts, from the bottom up."""
    found = [text for text in figure.axes[0].texts if text.get_text()]
    return sorted(found, key=lambda text: text.get_position()[1])


def words(figure):
    return [text.get_text() for text in texts(figure)]


def in_order(found, expected):
    rest = iter(found)
    return all(word in rest for word in expected)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_no_text_lies_on_another_or_outside(name, assert_inside):
    figure = DIAGRAMS[name]()
    assert_inside(figure)
    boxes = [text.get_window_extent() for text in texts(figure)]
    assert len(boxes) > 8
    assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))


@pytest.mark.parametrize("name", DIAGRAMS)
def test_no_line_runs_through_a_text(name):
    figure = DIAGRAMS[name]()
    figure.draw_without_rendering()
    panel = figure.axes[0]
    paths = [panel.transData.transform(line.get_xydata()) for line in panel.lines if len(line.get_xydata()) > 1]
    assert len(paths) > 6
    for text in texts(figure):
        box = text.get_window_extent()
        for path in paths:
            for (x0, y0), (x1, y1) in pairwise(path):  # all lines go up, down or across
                across = min(x0, x1) < box.x1 and max(x0, x1) > box.x0 and min(y0, y1) < box.y1 and max(y0, y1) > box.y0
                assert not across, text.get_text()


def test_the_norm_comes_before_each_step_or_after_its_sum():
    parts = ["x", "LayerNorm", "masked self-attention", "LayerNorm", "feed-forward", "y"]
    pre, post = ([word for word in words(block_diagram(norm=norm)) if "(" not in word] for norm in ("pre", "post"))
    assert pre == parts
    assert post == ["x", "masked self-attention", "LayerNorm", "feed-forward", "LayerNorm", "y"]


def test_a_connection_goes_around_each_step():
    panel = block_diagram().axes[0]
    around = [line.get_xydata() for line in panel.lines if len(line.get_xydata()) == 4]
    heights = {text.get_text(): text.get_position()[1] for text in panel.texts}
    assert len(around) == 2
    attention, ffn = sorted(around, key=lambda path: path[0, 1])
    assert attention[0, 1] < heights["masked self-attention"] < attention[-1, 1] < ffn[0, 1]
    assert ffn[0, 1] < heights["feed-forward"] < ffn[-1, 1] < heights["y"]


def test_a_gpt_is_read_from_the_bottom():
    expected = [
        "token ids",
        "token embedding",
        "position embedding",
        "× 2",
        "LayerNorm",
        "feed-forward",
        "last LayerNorm",
        "head",
    ]
    assert in_order(words(gpt_diagram(layers=2)), [*expected, "logits"])
    assert "the same table" in words(gpt_diagram()) and "the same table" not in words(gpt_diagram(tied=False))


def test_sizes_stand_for_their_letters():
    sizes = {"B": 2, "T": 7, "S": 5, "D": 8, "V": 63}
    found = words(gpt_diagram(sizes=sizes))
    assert found.count("(2, 7, 63)") == 1 and "(2, 7)" in found and "(7, 8)" in found and "(B, T, D)" not in found
    both = words(encoder_decoder_diagram(sizes=sizes))
    assert "memory (2, 5, 8)" in both and "(2, 5)" in both and "(2, 7)" in both
    assert "memory (B, S, D)" in words(encoder_decoder_diagram())


def test_the_memory_goes_to_cross_attention():
    panel = encoder_decoder_diagram().axes[0]
    (path,) = [line.get_xydata() for line in panel.lines if len(line.get_xydata()) == 5]
    x, y = next(text.get_position() for text in panel.texts if text.get_text() == "cross-attention")
    assert path[-1, 1] == y and path[0, 0] < path[-1, 0] < x


def test_what_is_not_there_is_refused():
    with pytest.raises(InputError, match="norm is 'mid'"):
        block_diagram(norm="mid")
    with pytest.raises(InputError, match="no box 'softmax'"):
        gpt_diagram(notes={"softmax": "lesson 02"})
