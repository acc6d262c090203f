"""The whole T5 against Hugging Face's of random weights, versions 1.0 and 1.1: buckets, scores, every gradient, and generation."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import T5, T5Config
from minillm.models.huggingface import tensors_of
from minillm.ops import IGNORE, cross_entropy, cross_entropy_backward, relative_buckets

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
hugging_face = pytest.importorskip("transformers.models.t5.modeling_t5")

SIZES = {"vocab_size": 13, "layers": 2, "decoder_layers": 3, "heads": 3, "d_model": 6, "d_kv": 4, "d_ff": 10}
DISTANCES = {"buckets": 8, "max_distance": 7, "dropout": 0.0}
VERSIONS = {"1.0": {}, "1.1": {"activation": "gelu", "gated": True, "tie_head": False}}


@pytest.fixture(params=VERSIONS)
def model(request, precision):
    config = T5Config(**SIZES, **DISTANCES, **VERSIONS[request.param])
    model = randomize(T5(config, dtype=precision[0]), np.random.default_rng(0))
    for block in (*model.encoder, *model.decoder):
        block.attention.query.weight.data *= 0.5  # scores without a scale would be so large that softmax only chooses
    return model


@pytest.fixture
def t5(model, precision, monkeypatch):
    ours = model.config
    theirs = transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=ours.vocab_size,
            d_model=ours.d_model,
            d_kv=ours.d_kv,
            d_ff=ours.d_ff,
            num_layers=ours.layers,
            num_decoder_layers=ours.decoder_layers,
            num_heads=ours.heads,
            relative_attention_num_buckets=ours.buckets,
            relative_attention_max_distance=ours.max_distance,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu" if ours.gated else "relu",
            tie_word_embeddings=ours.tie_head,
            decoder_start_token_id=0,
            attn_implementation="eager",
        )
    ).to(getattr(torch, precision[0].name))
    if not ours.tie_head:  # a checkpoint of version 1.1 brings its own head; a new model shares the table all the same
        theirs.lm_head.weight = torch.nn.Parameter(torch.empty_like(theirs.lm_head.weight))
    with torch.no_grad():
        for name, value in tensors_of(model).items():
            theirs.get_parameter(name).copy_(torch.tensor(value))
    if precision[0] == np.float64:  # their norm counts in float32, whatever the model does

        def forward(self, x):
            return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)

        monkeypatch.setattr(hugging_face.T5LayerNorm, "forward", forward)
    return theirs


def batch(sources, targets):
    """Padding on both sides of the sources, and on the right of the targets."""
    rng = np.random.default_rng(1)
    source, words = rng.integers(0, 13, (3, sources)), rng.integers(0, 13, (3, targets))
    target = np.concatenate([np.zeros((3, 1), int), words[:, :-1]], axis=1)
    source_mask, target_mask = np.ones((3, sources), bool), np.ones((3, targets), bool)
    source_mask[0, -3:] = source_mask[1, :2] = target_mask[2, -2:] = False
    return source, target, source_mask, target_mask, np.where(target_mask, words, IGNORE)


def scores(t5, source, target, source_mask, target_mask):
    return t5(
        input_ids=torch.tensor(source),
        attention_mask=torch.tensor(source_mask).long(),
        decoder_input_ids=torch.tensor(target),
        decoder_attention_mask=torch.tensor(target_mask).long(),
    ).logits


def test_it_has_the_same_parameters(model, t5):
    tensors = tensors_of(model)
    assert tensors.keys() == dict(t5.named_parameters()).keys()
    assert sum(tensor.size for tensor in tensors.values()) == model.vector.data.size


@pytest.mark.parametrize("lengths", [(11, 5), (5, 12)])
def test_scores_loss_and_every_gradient(model, t5, close, precision, lengths):
    source, target, source_mask, target_mask, targets = batch(*lengths)
    logits, saved = model.forward(source, target, source_mask=source_mask, target_mask=target_mask)
    expected = scores(t5, source, target, source_mask, target_mask)
    close(logits, expected, precision[1], "logits")
    loss, sl = cross_entropy(logits, targets)
    model.backward(cross_entropy_backward(1.0, sl), saved)
    wanted = torch.nn.functional.cross_entropy(expected.reshape(-1, 13), torch.tensor(targets).reshape(-1))
    wanted.backward()
    close(loss, wanted, precision[1], "loss")
    total = np.linalg.norm(model.vector.grad)
    for name, gradient in tensors_of(model, "grad").items():
        theirs = t5.get_parameter(name).grad.numpy()
        assert np.abs(gradient - theirs).max() <= precision[1] * max(np.linalg.norm(theirs), 1e-2 * total), name


def test_it_writes_what_theirs_writes(model, t5):
    """Greedily, from the pad token. Ours has a cache; theirs has none for a decoder of more layers than the encoder."""
    source, _, source_mask, _, _ = batch(11, 5)
    expected = t5.generate(
        input_ids=torch.tensor(source),
        attention_mask=torch.tensor(source_mask).long(),
        do_sample=False,
        use_cache=False,
        min_new_tokens=9,
        max_new_tokens=9,
        eos_token_id=None,
    ).numpy()
    cache, text = model.start(source, source_mask=source_mask), np.full((3, 1), model.config.pad_id)
    for _ in range(9):
        text = np.concatenate([text, model.extend(text[:, -1:], cache).argmax(-1)[:, None]], axis=1)
    np.testing.assert_array_equal(text, expected)
    assert len(np.unique(text)) > 3


def test_maps(model, t5, close, precision):
    """Of all three kinds of attention."""
    given = batch(11, 5)
    theirs = t5(input_ids=torch.tensor(given[0]), decoder_input_ids=torch.tensor(given[1]), output_attentions=True)
    _, saved = model.forward(*given[:2])
    for ours, expected in zip(saved.encoder.blocks, theirs.encoder_attentions, strict=True):
        close(ours.attention.weights, expected, precision[1])
    for ours, expected in zip(saved.decoder.blocks, theirs.decoder_attentions, strict=True):
        close(ours.attention.weights, expected, precision[1])
    for ours, expected in zip(saved.decoder.blocks, theirs.cross_attentions, strict=True):
        close(ours.cross_attention.weights, expected, precision[1])


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("buckets", "max_distance"), [(32, 128), (8, 7), (9, 128), (16, 20), (64, 1000)])
def test_buckets(bidirectional, buckets, max_distance):
    """Of all distances up to 1500, those of T5 and others whose borders fall badly."""
    theirs = hugging_face.T5Attention._relative_position_bucket(
        torch.arange(-1500, 1501), bidirectional, buckets, max_distance
    )
    ours = relative_buckets(1501, 1501, buckets, max_distance, bidirectional)
    np.testing.assert_array_equal(ours, theirs.numpy())
