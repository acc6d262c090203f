"""What all views of attention promise: everything inside, words that can be read, titles, no boxes, the same bytes twice."""

import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from minillm import plots
from minillm.plots import labels

CHINESE = ["猫", "在", "桌子", "上", "。"]


def softmax(*shape, seed=0):
    scores = np.where(np.tri(*shape[-2:], dtype=bool), np.random.default_rng(seed).normal(0, 2, shape), -np.inf)
    weights = np.exp(scores)
    return weights / weights.sum(axis=-1, keepdims=True)


def strip(tokens, **options):
    n = len(tokens)
    scores = np.random.default_rng(0).normal(0, 9, (n, n))
    return plots.score_strip(scores, scores / 4, softmax(n, n), tokens, allowed=np.tri(n, dtype=bool), **options)


def lens(tokens, **options):
    probabilities = np.random.default_rng(0).random((3, len(tokens)))
    names = ["embedding", "layer 0", "layer 1"]
    return plots.logit_lens(probabilities, [tokens[::-1]] * 3, tokens, layers=names, **options)


def film(tokens, **options):
    n = len(tokens)
    return plots.attention_over_training(softmax(3, n, n), [0, 100, 10000], tokens, causal=True, **options)


def lines(tokens, heads=5, **options):
    return plots.head_lines(softmax(heads, len(tokens), len(tokens)), tokens, **options)


def rollout(tokens, **options):
    return plots.rollout_maps(softmax(4, 8, len(tokens), len(tokens)), tokens, causal=True, **options)


VIEWS = {
    "strip": strip,
    "lens": lens,
    "film": film,
    "lines": lines,
    "one head's lines": partial(lines, heads=1, drop_first=True),
    "rollout": rollout,
}


@pytest.fixture(params=VIEWS.values(), ids=VIEWS)
def view(request):
    return request.param


def titles(figure):
    return [figure.get_suptitle(), figure.axes[0].get_title(loc="left")]


@pytest.mark.parametrize(
    ("draw", "count"), [*((draw, 2) for draw in VIEWS.values()), (strip, 40), (lens, 40), (film, 40), (lines, 40)]
)
def test_views_can_be_read(words, assert_inside, draw, count):
    figure = draw(words(count), title="The title says what was found")
    assert_inside(figure)
    assert "The title says what was found" in titles(figure)
    shown = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in shown) >= 6
    assert max(figure.get_size_inches()) < 20
    apart([panel.title for panel in figure.axes if panel.get_title()])
    for panel in figure.axes:
        apart([label for label in panel.get_xticklabels() if label.get_text()])
        apart([label for label in panel.get_yticklabels() if label.get_text()])


def apart(texts):
    boxes = [text.get_window_extent() for text in texts]
    assert not any(one.overlaps(two) for one, two in pairwise(boxes))


def test_no_undrawable_character_reaches_the_canvas(view, monkeypatch):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])
    figure = view(CHINESE, title="自然 language")
    figure.canvas.draw()
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    assert not re.search("[\u4e00-\u9fff]", texts)
    assert "#0" in texts and "#2" in texts and "?? language" in texts
    assert "#: position of a token" in texts


@pytest.mark.parametrize("draw", [strip, lines])
def test_hatches_and_lines_give_the_same_bytes_again(draw, tmp_path):
    for name in "ab":
        plots.save(draw(["a", "b"]), tmp_path / f"{name}.svg", alt="One view of attention.")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
