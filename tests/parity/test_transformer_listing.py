"""docs/transformer_listing.md keeps its word: the article's listing fails with the messages that it shows, and minillm's lines run."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from minillm.layers import SinusoidalPositions
from minillm.ops import sinusoidal_positions

torch = pytest.importorskip("torch")

PAGE = (Path(__file__).parents[2] / "docs" / "transformer_listing.md").read_text(encoding="utf-8")
LISTING, SUM, LINES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def article():
    """The names that the listing defines."""
    names = {}
    exec(LISTING, names)
    return names


@pytest.fixture
def model(article):
    import math

    article["math"] = math
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about a short cut
        return article["Transformer"](11, 6, 2, 2)


def messages(names):
    """What each `>>>` of the page says, as it is shown, and as it really is."""
    for line, shown in re.findall(r"```\n>>> (.*)\n(\w+Error: .*)\n```", PAGE):
        with pytest.raises(Exception) as caught:  # whichever it is, it is compared
            eval(line, names)
        yield shown, f"{type(caught.value).__name__}: {caught.value}"


def test_every_message_is_the_one_that_comes(article, model):
    unrepaired = {}
    exec(LISTING, unrepaired)
    first, *others = messages(unrepaired | {"model": model})
    assert first[0] == first[1] and "math" in first[0]
    assert len(others) == 2
    for shown, real in others:
        assert shown == real


def test_as_many_sentences_as_words_get_one_position_each(model):
    words = model.embedding(torch.tensor(np.random.default_rng(0).integers(0, 11, (5, 5))))
    added = words + model.pos_encoding[:5, :] - words
    for sentence in range(5):
        torch.testing.assert_close(added[sentence], model.pos_encoding[sentence].expand(5, 6))


def test_a_single_sentence_becomes_a_square(model):
    words = model.embedding(torch.tensor([[3, 1, 4, 1, 5]]))
    assert (words + model.pos_encoding[:5, :]).shape == (5, 5, 6)


def test_the_decoder_keeps_six_layers(model):
    assert len(model.transformer.encoder.layers) == 2 and len(model.transformer.decoder.layers) == 6


def test_the_same_sequence_twice_sees_what_it_should_guess(model):
    ids = torch.tensor([[3, 1, 4, 1, 5]]).T  # time first
    changed = ids.clone()
    changed[-1] = 7
    model.eval()
    enter = [model.embedding(x) + model.pos_encoding[: x.size(0)] for x in (ids, changed)]
    before, after = (model.transformer(x, x)[0] for x in enter)
    assert (before - after).abs().max() > 1e-4


def test_positions_are_the_articles_along_the_words(model):
    x = np.random.default_rng(0).standard_normal((2, 5, 6))
    names = {"x": x, "sinusoidal_positions": sinusoidal_positions}
    exec(SUM, names)
    np.testing.assert_array_equal(names["x"], SinusoidalPositions(6).forward(x)[0])
    np.testing.assert_allclose(names["x"] - x, np.repeat(model.pos_encoding[:5, 0][None].numpy(), 2, 0), atol=1e-6)


def test_our_lines_run():
    names = {}
    exec(LINES, names)
    assert names["logits"].shape == (2, 3, 11) and names["scores"].shape == (2, 11)
    assert names["saved"].decoder.blocks[0].cross_attention.weights.shape == (2, 2, 3, 5)
    grads = {name for name, p in names["model"].named_parameters() if (p.grad != 0).any()}
    assert {"source_embedding.weight", "head.bias", "encoder.0.attention.query.weight"} <= grads
