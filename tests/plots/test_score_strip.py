"""The stages of attention: four panels, the first three on one scale, and -∞ as what it is."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from minillm.errors import InputError
from minillm.plots import score_strip


def stages(rows, columns, causal=False):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 6, (rows, columns))
    scaled = scores / 4
    allowed = np.tri(rows, columns, dtype=bool) if causal else np.ones((rows, columns), dtype=bool)
    weights = np.where(allowed, np.exp(scaled), 0)
    return scores, scaled, weights / weights.sum(axis=-1, keepdims=True), allowed


def images_of(figure):
    return [panel.get_images()[0] for panel in figure.axes[:4]]


def test_four_panels_show_the_four_stages():
    scores, scaled, weights, allowed = stages(3, 3, causal=True)
    figure = score_strip(scores, scaled, weights, list("aba"), allowed=allowed, title="a title")
    assert len(figure.axes) == 6  # and two scales
    assert [panel.get_title() for panel in figure.axes[:4]] == ["scores", "→ scaled", "→ masked", "→ softmax"]
    drawn = [image.get_array() for image in images_of(figure)]
    for values, expected in zip(drawn, (scores, scaled, scaled, weights), strict=True):
        np.testing.assert_array_equal(values.data, expected)
    assert not np.ma.getmaskarray(drawn[0]).any() and not np.ma.getmaskarray(drawn[1]).any()
    np.testing.assert_array_equal(drawn[2].mask, ~allowed)
    np.testing.assert_array_equal(drawn[3].mask, ~allowed)
    assert figure.get_suptitle() == "a title"


def test_scores_share_a_scale_with_zero_in_its_middle():
    scores, scaled, weights, _ = stages(4, 4)
    first, second, third, last = images_of(score_strip(scores, scaled, weights, list("abcd")))
    largest = np.abs(scores).max()
    assert first.get_clim() == second.get_clim() == third.get_clim() == (-largest, largest)
    assert first.get_cmap().name == "RdBu_r"
    assert last.get_clim() == (0, 1)
    assert last.get_cmap().name == "viridis"


def test_forbidden_places_and_no_others_are_hatched():
    scores, scaled, weights, allowed = stages(2, 3)
    allowed[0, 2] = allowed[1, 0] = False
    weights[~allowed] = 0
    figure = score_strip(scores, scaled, weights, list("ab"), list("cde"), allowed=allowed)
    hatched = [[c for c in panel.collections if isinstance(c, PolyCollection)] for panel in figure.axes[:4]]
    assert [len(collections) for collections in hatched] == [0, 0, 1, 0]
    ((squares,),) = hatched[2:3]
    assert squares.get_hatch()
    middles = {tuple(path.vertices[:4].mean(axis=0)) for path in squares.get_paths()}
    assert middles == {(2, 0), (0, 1)}
    assert "hatched: −∞" in figure.get_supxlabel()


def test_without_a_mask_nothing_is_hatched_and_the_panel_says_so():
    scores, scaled, weights, _ = stages(2, 3)
    figure = score_strip(scores, scaled, weights, list("ab"), list("cde"))
    assert not figure.axes[2].collections
    assert figure.axes[2].get_title() == "→ masked: none"
    assert figure.get_supxlabel() == "key: looks at"


def test_tokens_are_named_on_the_outer_sides():
    scores, scaled, weights, _ = stages(2, 3)
    panels = score_strip(scores, scaled, weights, list("ab"), list("cde")).axes[:4]
    assert [[t.get_text() for t in p.get_yticklabels()] for p in panels] == [list("ab"), [], [], []]
    assert [[t.get_text() for t in p.get_xticklabels()] for p in panels] == [list("cde")] * 4


def test_small_strips_carry_their_numbers():
    scores, scaled, weights, allowed = stages(3, 3, causal=True)
    panels = score_strip(scores, scaled, weights, list("abc"), allowed=allowed).axes[:4]
    assert [len(panel.texts) for panel in panels] == [9, 9, 6, 6]
    assert panels[3].texts[0].get_text() == "1.00"
    assert not score_strip(*stages(9, 9)[:3], list("abcdefghi")).axes[0].texts


def test_long_strips_break_in_two():
    for tokens, across in ((4, 4), (9, 4), (25, 2)):
        scores, scaled, weights, _ = stages(tokens, tokens)
        figure = score_strip(scores, scaled, weights, ["x"] * tokens)
        assert figure.axes[0].get_subplotspec().get_gridspec().ncols == across
        assert figure.get_size_inches()[0] < 12


@pytest.mark.parametrize(
    ("part", "shape", "message"),
    [
        ("scores", (3, 4), r"weights are \(3, 3\) but the scores are \(3, 4\)"),
        ("scaled", (2, 3), r"weights are \(3, 3\) but the scaled scores are \(2, 3\)"),
        ("allowed", (3,), r"weights are \(3, 3\) but the allowed places are \(3,\)"),
        ("weights", (1, 3, 3), r"Attention is \(1, 3, 3\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(part, shape, message):
    parts = dict(zip(("scores", "scaled", "weights", "allowed"), stages(3, 3), strict=True))
    parts[part] = np.ones(shape, dtype=parts[part].dtype)
    with pytest.raises(InputError, match=message):
        score_strip(queries=list("abc"), **parts)


def test_a_mask_that_does_not_belong_to_the_weights_is_refused():
    scores, scaled, weights, _ = stages(3, 3)
    with pytest.raises(InputError, match="that the mask forbids"):
        score_strip(scores, scaled, weights, list("abc"), allowed=np.tri(3, dtype=bool))


def test_a_mask_of_numbers_is_refused():
    scores, scaled, weights, allowed = stages(3, 3, causal=True)
    with pytest.raises(InputError, match="not boolean"):
        score_strip(scores, scaled, weights, list("abc"), allowed=np.where(allowed, 0, -np.inf))


def test_scores_that_are_masked_already_are_refused():
    scores, scaled, weights, allowed = stages(3, 3, causal=True)
    with pytest.raises(InputError, match="not finite"):
        score_strip(scores, np.where(allowed, scaled, -np.inf), weights, list("abc"), allowed=allowed)
