"""Classifier and question answerer: on any body, blind to padding, and with nothing done for what is frozen."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import Embedding, LayerNorm, LearnedPositions, PostNormBlock, PreNormBlock
from minillm.models import (
    GPT,
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    GPTConfig,
    GPTWithValue,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    copy_parameters,
)
from minillm.objectives import classification, loss_backward
from minillm.training import AdamW

SIZES = {"vocab_size": 11, "context": 9, "layers": 3, "heads": 2, "d_model": 6, "d_ff": 5}
ENCODER, DECODER = EncoderConfig(**SIZES), GPTConfig(**SIZES, tie_head=False)
BODIES = pytest.mark.parametrize("body", [ENCODER, EncoderConfig(**SIZES, norm="pre"), DECODER])
IDS = np.random.default_rng(5).integers(0, 11, (3, 7))
MASK = np.arange(7) < np.array([[7], [3], [5]])
TYPES = np.random.default_rng(6).integers(0, 2, (3, 7))
LABELS = np.array([0, 2, 1])


def classifier(body, **choices):
    model = SequenceClassifier(ClassifierConfig(body, classes=3, **choices), dtype=np.float64)
    return randomize(model, np.random.default_rng(0))


def learn(model, steps=3, rng=None):
    optimizer = AdamW(model.vector, lr=0.02, weight_decay=0.1)
    losses = []
    for _ in range(steps):
        model.vector.zero_grad()
        loss, saved = classification(model, IDS, MASK, LABELS, rng=rng)
        loss_backward(model, 1.0, saved)
        optimizer.step()
        losses.append(loss)
    return losses


@BODIES
@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
def test_logits_by_hand(body, pooling):
    model = classifier(body, pooling=pooling, pooler=True)
    hidden, _ = model.body.hidden(IDS, mask=MASK)
    for row, length in enumerate([7, 3, 5]):
        real = hidden[row, :length]
        x = {"first": real[0], "last": real[-1], "mean": real.mean(0)}[pooling]
        x = np.tanh(x @ model.head.pooler.dense.weight.data + model.head.pooler.dense.bias.data)
        expected = x @ model.head.linear.weight.data + model.head.linear.bias.data
        np.testing.assert_allclose(model.forward(IDS, mask=MASK)[0][row], expected, rtol=1e-10)


@BODIES
@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
def test_padding_changes_nothing_neither_forward_nor_backward(body, pooling):
    model = classifier(body, pooling=pooling)
    longer = np.concatenate([np.where(MASK, IDS, 10 - IDS), IDS[:, :2]], axis=1)
    mask = np.concatenate([MASK, np.zeros((3, 2), bool)], axis=1)
    found = []
    for ids, real in ((IDS, MASK), (longer, mask)):
        model.vector.zero_grad()
        loss, saved = classification(model, ids, real, LABELS)
        loss_backward(model, 1.0, saved)
        found.append((loss, model.vector.grad.copy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-7, atol=1e-10)


@BODIES
def test_without_a_mask_every_token_is_real(body):
    model = classifier(body)
    np.testing.assert_array_equal(model.forward(IDS)[0], model.forward(IDS, mask=np.ones_like(MASK))[0])


def test_segments_reach_the_encoder():
    model = classifier(ENCODER)
    assert (model.forward(IDS, mask=MASK, token_types=TYPES)[0] != model.forward(IDS, mask=MASK)[0]).all()


@BODIES
def test_it_learns(body):
    losses = learn(classifier(body), steps=60)
    assert losses[-1] < 0.5 * losses[0]


def test_dropout_of_the_head_is_its_own():
    model = classifier(ENCODER, head_dropout=0.5)
    _, saved = model.forward(IDS, rng=np.random.default_rng(0))
    assert set(np.unique(saved.head.dropout)) == {0, 2} and saved.body.dropout is None
    assert model.forward(IDS)[1].head.dropout is None


# --- where the body comes from ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Encoder, GPT])
def test_a_body_is_taken_over(kind):
    body = kind(ENCODER if kind is Encoder else DECODER, seed=7, dtype=np.float64)
    weight = body.embedding.weight.data.copy()
    model = SequenceClassifier(ClassifierConfig(body.config), body)
    assert model.body is body and body.vector is model.vector and model.vector.data.dtype == np.float64
    np.testing.assert_array_equal(model.vector.named["body.embedding.weight"].data, weight)
    assert len(model.vector.named) == len(list(body.named_parameters())) + 2


def test_the_body_of_a_masked_lm_is_taken_over():
    pretrained = MaskedLM(ENCODER, seed=7)
    expected, _ = pretrained.body.hidden(IDS, mask=MASK)
    spans = QuestionAnswering(QuestionAnsweringConfig(ENCODER), pretrained.body)
    np.testing.assert_array_equal(spans.body.hidden(IDS, mask=MASK)[0], expected)


@BODIES
def test_a_body_is_copied_by_name_and_the_first_left_alone(body):
    pretrained = (GPT if body is DECODER else Encoder)(body, seed=7)
    before = pretrained.vector.data.copy()
    model = classifier(body)
    copy_parameters(pretrained, model.body)
    hidden, _ = model.body.hidden(IDS)
    np.testing.assert_allclose(hidden, pretrained.hidden(IDS)[0], rtol=1e-3, atol=1e-3)
    for name, parameter in pretrained.named_parameters():
        ours = model.vector.named[f"body.{name}"].data
        np.testing.assert_array_equal(ours, parameter.data)
        assert np.shares_memory(ours, model.vector.data) and ours.dtype == np.float64
    learn(model)
    np.testing.assert_array_equal(pretrained.vector.data, before)


def test_a_body_of_another_size_is_refused_and_nothing_copied():
    model = classifier(ENCODER)
    before = model.vector.data.copy()
    with pytest.raises(ValueError, match=r"embedding.weight is \(13, 6\) in one and \(11, 6\) in the other"):
        copy_parameters(Encoder(EncoderConfig(**(SIZES | {"vocab_size": 13}))), model.body)
    with pytest.raises(ValueError, match=r"only one of the two has the parameter blocks.2"):
        copy_parameters(Encoder(EncoderConfig(**(SIZES | {"layers": 2}))), model.body)
    np.testing.assert_array_equal(model.vector.data, before)
    with pytest.raises(ValueError, match=r"the config asks for the body of EncoderConfig.*this one is of GPTConfig"):
        SequenceClassifier(ClassifierConfig(ENCODER), GPT(DECODER))
    with pytest.raises(ValueError, match="the config asks for the body of"):
        QuestionAnswering(QuestionAnsweringConfig(ENCODER), Encoder(EncoderConfig(**SIZES, dropout=0.1)))


def test_what_a_gpt_cannot_read_is_refused():
    model = classifier(DECODER)
    with pytest.raises(ValueError, match="a real token follows padding"):
        model.forward(IDS, mask=MASK[:, ::-1])
    with pytest.raises(ValueError, match="a GPT knows no segments"):
        model.forward(IDS, mask=MASK, token_types=TYPES)
    with pytest.raises(ValueError, match="mask must be a NumPy array of booleans"):
        model.forward(IDS, mask=MASK.astype(int))


# --- freezing -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def undone(monkeypatch):
    """The blocks whose backward ran, in order."""
    ran = []
    for kind in (PreNormBlock, PostNormBlock):
        backward = kind.backward

        def spy(self, dy, saved, backward=backward):
            ran.append(self)
            return backward(self, dy, saved)

        monkeypatch.setattr(kind, "backward", spy)
    return ran


@pytest.fixture
def locked(monkeypatch):
    """locked(layers ...): their backward may not be called."""
    return lambda *kinds: [monkeypatch.setattr(kind, "backward", None) for kind in kinds]


def bottom(body):
    layers = [body.embedding, body.positions]
    return layers + ([body.token_types, body.embedding_norm] if isinstance(body, Encoder) else [])


@BODIES
def test_with_the_body_frozen_backward_never_enters_it(body, undone, locked):
    model = classifier(body)
    model.body.freeze()
    locked(LayerNorm, Embedding, LearnedPositions)
    before = {name: parameter.data.tobytes() for name, parameter in model.named_parameters()}
    learn(model)
    assert not undone
    for name, parameter in model.named_parameters():
        assert (parameter.data.tobytes() == before[name]) == name.startswith("body."), name
        assert (parameter.grad == 0).all() == name.startswith("body."), name


@BODIES
@pytest.mark.parametrize("frozen", [0, 1, 2, 3])
def test_backward_ends_at_the_lowest_block_that_learns(body, frozen, undone, locked):
    """The embeddings and this many blocks are frozen."""
    model = classifier(body)
    locked(Embedding, LearnedPositions)
    for layer in [*bottom(model.body), *model.body.blocks[:frozen]]:
        layer.freeze()
    before = {name: parameter.data.tobytes() for name, parameter in model.named_parameters()}
    learn(model, steps=1)
    assert undone == model.body.blocks[frozen:][::-1]
    for name, parameter in model.named_parameters():
        still = not parameter.trainable or name.startswith("body.head")  # a GPT's own head takes no part
        assert still == (not parameter.grad.any()) or name.endswith("key.bias"), name
        assert parameter.trainable or parameter.data.tobytes() == before[name], name


@BODIES
def test_what_lies_below_a_frozen_block_still_learns(body, undone):
    model = classifier(body)
    for layer in model.body.blocks:
        layer.freeze()
    learn(model, steps=1)
    assert undone == model.body.blocks[::-1]
    assert model.body.embedding.weight.grad.any() and model.body.positions.weight.grad.any()
    assert not any(parameter.grad.any() for block in model.body.blocks for parameter in block.parameters())


@BODIES
def test_one_free_bias_at_the_bottom_is_reached(body, undone):
    model = classifier(body)
    model.body.freeze()
    model.body.blocks[1].attention.query.bias.trainable = True
    learn(model, steps=1)
    assert undone == model.body.blocks[:0:-1]
    assert model.body.blocks[1].attention.query.bias.grad.any()


# --- the answer to a question -------------------------------------------------------------------------------------------------------------


def test_the_answer_is_the_best_span_of_the_passage():
    """By trying them all."""
    config = QuestionAnsweringConfig(EncoderConfig(**(SIZES | {"context": 40, "layers": 1})))
    model = randomize(QuestionAnswering(config, dtype=np.float64), np.random.default_rng(0))
    rng = np.random.default_rng(1)
    ids, mask = rng.integers(0, 11, (20, 35)), np.arange(35) < rng.integers(8, 36, (20, 1))
    types = (np.arange(35) >= rng.integers(1, 7, (20, 1))).astype(int)
    scores, _ = model.forward(ids, mask=mask, token_types=types)
    lengths = set()
    for longest in (3, 30):
        for row, (start, end) in enumerate(model.answer(ids, mask=mask, token_types=types, longest=longest)):
            places = np.flatnonzero(mask[row] & (types[row] == 1))
            spans = [(i, j) for i in places for j in places if i <= j < i + longest]
            assert (start, end) == max(spans, key=lambda span: scores[row, 0, span[0]] + scores[row, 1, span[1]])
            lengths.add(end - start + 1)
    assert max(lengths) > 3 and 3 in lengths


def test_a_text_without_a_passage_has_no_answer():
    model = QuestionAnswering(QuestionAnsweringConfig(ENCODER))
    types = np.ones_like(IDS) * np.array([[1], [0], [1]])
    with pytest.raises(ValueError, match="text 1 has no passage"):
        model.answer(IDS, mask=MASK, token_types=types)


def test_a_model_is_its_own_body_unless_it_is_a_head_on_another():
    gpt, masked = GPT(DECODER), MaskedLM(ENCODER)
    assert gpt.body is gpt and masked.body.body is masked.body
    assert SequenceClassifier(ClassifierConfig(DECODER)).body.config == DECODER
    valued = GPTWithValue(gpt)
    assert valued.body is gpt and valued.for_inference is gpt and gpt.for_inference is gpt
    assert masked.for_inference is masked
