"""A frozen body and a fitted last layer: what is read of the body, that nothing else of it is touched, and what is chosen."""

import tracemalloc

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import body_features, body_of, class_probabilities, fit_last_layer
from minillm.finetuning.classification import last_layer as module
from minillm.finetuning.classification import layers_to_try
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM
from minillm.ops import softmax

SIZES = {"vocab_size": 13, "context": 9, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 10}
RNG = np.random.default_rng(0)
ROWS = [RNG.integers(1, 13, 1 + i % 9) for i in range(60)]
LABELS = np.array([(row.mean() > 6) + (row.mean() > 8) for row in ROWS], np.int64)
POOLED = {"first": lambda x: x[0], "last": lambda x: x[-1], "mean": lambda x: x.mean(axis=0)}


@pytest.fixture(params=["GPT", "untied GPT", "post-norm encoder", "pre-norm encoder"])
def body(request):
    if "encoder" in request.param:
        return body_of(MaskedLM(EncoderConfig(**SIZES, norm=request.param.split("-")[0]), seed=3), "here")
    return body_of(GPT(GPTConfig(**SIZES, ngram=2, tie_head=request.param == "GPT"), seed=3), "here")


def fit(body, **choices):
    return fit_last_layer(body, ROWS, LABELS, "abc", 0, **choices)


def by_hand(body, row) -> list[np.ndarray]:
    """What each layer makes of a text that is read alone, block after block: L + 1 arrays (T, D)."""
    _, saved = body.hidden(row[None])
    assert len(saved.blocks) == 2
    x = body.positions.forward(body.embedding.forward(row[None])[0])[0]
    if isinstance(body, GPT):
        outputs, how = [x], {"causal": True}
    else:
        x = x + body.token_types.forward(np.zeros_like(row[None]))[0]
        outputs, how = [body.embedding_norm.forward(x)[0]], {"mask": None}
    for block in body.blocks:
        outputs.append(block.forward(outputs[-1], **how)[0])
    if body.norm:
        outputs[-1] = body.norm.forward(outputs[-1])[0]
    return [output[0] for output in outputs]


@pytest.mark.parametrize("pooling", POOLED)
def test_features_are_what_each_layer_makes_of_a_text_alone_and_padding_changes_nothing(body, pooling):
    features = body_features(body, ROWS, 0, pooling=pooling, layers_read=(0, 1, 2), size=5)
    other = body_features(body, ROWS, 12, pooling=pooling, layers_read=(0, 1, 2), size=60)
    np.testing.assert_allclose(features, other, rtol=1e-4, atol=1e-5, err_msg="more padding, and of another token")
    for row, layers in zip(ROWS, features, strict=True):
        expected = [POOLED[pooling](output) for output in by_hand(body, row)]
        np.testing.assert_allclose(layers, expected, rtol=1e-4, atol=1e-5)


def test_a_mean_over_padding_is_not_the_mean_over_the_text(body, monkeypatch):
    """The mistake that the test above is for."""
    right = body_features(body, ROWS, 0, pooling="mean")
    forward = module.Pooling.forward
    monkeypatch.setattr(module.Pooling, "forward", lambda self, x, mask: forward(self, x))
    assert np.abs(body_features(body, ROWS, 0, pooling="mean") - right).max() > 0.01


@pytest.mark.parametrize("layer", [0, 1, 2, "all", None])
def test_the_classifier_computes_what_was_fitted_and_the_body_stays_bit_identical(body, layer):
    before = body.vector.data.copy()
    classifier, best, tried = fit(body, layer=layer)
    assert [each.name for each in tried] == ([str(layer)] if layer is not None else ["0", "1", "2", "all"])
    assert np.array_equal(body.vector.data, before)
    theirs = dict(classifier.body.named_parameters())
    for name, parameter in body.named_parameters():
        assert np.array_equal(theirs[name].data, parameter.data), name
    config = classifier.config
    assert config.layers_read == best.layers_read and config.pooling == ("last" if isinstance(body, GPT) else "mean")
    features = body_features(body, ROWS, 0, pooling=config.pooling, layers_read=config.layers_read)
    linear = classifier.head.linear
    logits = features.reshape(60, -1) @ linear.weight.data + linear.bias.data
    np.testing.assert_allclose(class_probabilities(classifier, ROWS, 0), softmax(logits)[0], atol=1e-4)


def test_the_last_layer_is_at_the_minimum_for_standardised_features(body):
    classifier, best, _ = fit(body, layer="all", pooling="mean")
    h = body_features(body, ROWS, 0, pooling="mean", layers_read=(0, 1, 2)).reshape(60, -1).astype(np.float64)
    deviation = h.std(axis=0)
    residual = class_probabilities(classifier, ROWS, 0) - np.eye(3)[LABELS]
    weight = classifier.head.linear.weight.data * deviation[:, None]  # on z = (h − μ)/σ
    gradient = ((h - h.mean(axis=0)) / deviation).T @ residual / 60 + best.validated.l2 * weight
    assert np.abs(gradient).max() < 1e-4 and np.abs(residual.mean(axis=0)).max() < 1e-4
    assert np.abs(weight).max() > 0.01, "or this shows nothing"


def test_layers_and_penalty_are_those_of_the_lowest_cross_validated_loss(body):
    _, best, tried = fit(body)
    assert best.validated.loss == min(each.validated.loss for each in tried)
    for each in tried:
        alone = fit(body, layer="all" if each.name == "all" else int(each.name)).best
        assert alone.validated.loss == pytest.approx(each.validated.loss, rel=1e-6)  # features lie elsewhere in memory
        assert alone._replace(validated=each.validated) == each and alone.validated.l2 == each.validated.l2
        assert alone.validated.accuracy == each.validated.accuracy


def test_the_larger_the_features_the_same_the_classifier():
    """Unstandardised, a penalty would weigh most on what the body happens to write in small numbers."""
    body = body_of(MaskedLM(EncoderConfig(**SIZES), seed=3), "here")
    answers = []
    for scale in (1.0, 100.0):
        for norm in (body.blocks[-1].norm2.gamma, body.blocks[-1].norm2.beta):
            norm.data[:3] *= scale
        answers.append(class_probabilities(fit(body, layer=2).classifier, ROWS, 0))
    np.testing.assert_allclose(*answers, atol=2e-3)


def test_side_by_side_where_there_are_few_axes_or_where_it_is_asked_for():
    config = GPTConfig(vocab_size=13, layers=3, d_model=1024, heads=2)
    assert layers_to_try(config, None, texts=4000) == [(0,), (1,), (2,), (3,), (0, 1, 2, 3)]
    assert layers_to_try(config, None, texts=5000) == [(0,), (1,), (2,), (3,), (0, 1, 2, 3)]
    assert layers_to_try(GPTConfig(vocab_size=13, layers=4, d_model=1024, heads=2), None, texts=5000)[-1] == (4,)
    assert layers_to_try(config, "all", texts=10**6) == [(0, 1, 2, 3)]
    assert layers_to_try(config, np.int64(2), texts=9) == [(2,)]
    for layer in (-1, 4, True, "none", 1.0, np.bool_(True), np.float64(1)):
        with pytest.raises(InputError, match="There is no `layer`"):
            layers_to_try(config, layer, texts=9)


def test_blocks_above_the_layer_are_not_run(body, monkeypatch):
    ran, block = [], type(body.blocks[0])
    forward = block.forward
    monkeypatch.setattr(block, "forward", lambda self, x, **how: ran.append(self) or forward(self, x, **how))
    fit(body, layer=1)
    assert body.blocks[0] in ran and body.blocks[1] not in ran


def test_what_does_not_fit_into_memory_is_refused(body, monkeypatch):
    monkeypatch.setattr("minillm.training.memory.physical_memory", lambda: 20_000)
    with pytest.raises(InputError, match=r"for the features.*\n.*`layer`"):
        fit(body, layer="all")


def test_the_memory_that_is_asked_for_is_what_fitting_takes(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "check_needs", lambda need: asked.append(need.size))
    wide = MaskedLM(EncoderConfig(**SIZES | {"layers": 1, "d_model": 64}), seed=3).body
    draw = np.random.default_rng(1)
    rows, labels = [draw.integers(1, 13, 9) for _ in range(2400)], np.arange(2400) % 3
    tracemalloc.start()
    fit_last_layer(wide, rows, labels, "abc", 0, layer=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.85 < asked[0] / peak < 1.25


def test_on_a_device(device):
    host = body_of(MaskedLM(EncoderConfig(**SIZES), seed=3), "here")
    body = body_of(MaskedLM(EncoderConfig(**SIZES), seed=3, device=device), "here")
    ours, theirs = (fit(each, layer="all").classifier for each in (body, host))
    np.testing.assert_allclose(class_probabilities(ours, ROWS, 0), class_probabilities(theirs, ROWS, 0), atol=1e-3)
