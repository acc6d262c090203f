"""The Transformer against torch.nn.Transformer with the same weights: scores, losses, every gradient, and ten steps of training."""

import warnings

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import Transformer, TransformerConfig, build
from minillm.objectives import sequence_to_sequence
from minillm.ops import IGNORE, cross_entropy, cross_entropy_backward, sinusoidal_positions
from minillm.training.optimizers import AdamW

torch = pytest.importorskip("torch")
nn = torch.nn

from benchmarks.torch_families import TorchSequenceToSequence, body_parts  # noqa: E402  which needs torch

SIZES = {"vocab_size": 13, "d_model": 6, "heads": 3, "layers": 3, "d_ff": 7, "dropout": 0.0}
KINDS = [
    {"tie_head": True},
    {"tie_embeddings": False, "scale_embedding": False, "activation": "gelu_erf"},
    {"norm": "pre", "activation": "gelu", "tie_embeddings": False, "tie_head": True},
    {"norm": "pre"},
]


class TorchTransformer(nn.Module):
    """The same model with `torch.nn.Transformer` inside, and torch's gradients."""

    def __init__(self, config, dtype):
        super().__init__()
        self.config = config
        self.source = nn.Embedding(config.vocab_size, config.d_model, dtype=dtype)
        self.target = self.source
        if not config.tie_embeddings:
            self.target = nn.Embedding(config.vocab_size, config.d_model, dtype=dtype)
        # A function: where it is a module, such as nn.GELU, torch copies the layer with ReLU in its place.
        bend = {
            "relu": "relu",
            "gelu_erf": "gelu",
            "gelu": lambda x: nn.functional.gelu(x, approximate="tanh"),
        }[config.activation]
        sizes = (config.d_model, config.heads, config.layers, config.layers, config.d_ff)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "enable_nested_tensor is True")  # a short cut that it can't take here
            self.transformer = nn.Transformer(
                *sizes,
                dropout=config.dropout,
                activation=bend,
                batch_first=True,
                norm_first=config.norm == "pre",
                dtype=dtype,
            )
        self.fc = nn.Linear(config.d_model, config.vocab_size, bias=not config.tie_head, dtype=dtype)
        if config.tie_head:
            self.fc.weight = self.target.weight

    def enter(self, embedding, ids):
        scale = self.config.d_model**0.5 if self.config.scale_embedding else 1.0
        code = torch.tensor(sinusoidal_positions(ids.shape[1], self.config.d_model))
        return embedding(torch.tensor(ids)) * scale + code.to(embedding.weight.dtype)

    def forward(self, source, target, source_mask, target_mask):
        length = target.shape[1]
        absent = torch.tensor(~source_mask)  # in torch True forbids
        hidden = self.transformer(
            self.enter(self.source, source),
            self.enter(self.target, target),
            tgt_mask=torch.ones(length, length, dtype=torch.bool).triu(1),
            src_key_padding_mask=absent,
            memory_key_padding_mask=absent,
            tgt_key_padding_mask=torch.tensor(~target_mask),
        )
        return self.fc(hidden)

    def loss(self, source, target, source_mask, target_mask, targets):
        logits = self(source, target, source_mask, target_mask).reshape(-1, self.config.vocab_size)
        return nn.functional.cross_entropy(logits, torch.tensor(targets).reshape(-1))


def parts_of(model, read):
    """For each parameter of `TorchTransformer`, by name, what `read` reads from our model's parameters, in torch's layout."""
    parts = {"source.weight": read(model.source_embedding.weight)}
    if not model.config.tie_embeddings:
        parts["target.weight"] = read(model.target_embedding.weight)
    parts |= {f"transformer.{name}": np.concatenate(found) for name, found in body_parts(model, read).items()}
    if not model.config.tie_head:
        parts["fc.weight"], parts["fc.bias"] = read(model.head.weight).T, read(model.head.bias)
    return parts


def transformer(dtype=np.float64, **changes):
    return randomize(Transformer(TransformerConfig(**(SIZES | changes)), dtype=dtype), np.random.default_rng(0))


def twin(model):
    """A `TorchTransformer` with a copy of our model's weights, in its precision."""
    theirs = TorchTransformer(model.config, getattr(torch, model.vector.data.dtype.name))
    parts = parts_of(model, lambda parameter: parameter.data)
    assert parts.keys() == dict(theirs.named_parameters()).keys()
    with torch.no_grad():
        for name, value in parts.items():
            theirs.get_parameter(name).copy_(torch.tensor(np.ascontiguousarray(value)))
    return theirs


def batch(seed, sources=7, targets=5):
    """Source, target, their masks, and what is to be guessed: padding on both sides of the sources, and on the right of the targets."""
    rng = np.random.default_rng(seed)
    source, words = rng.integers(0, 13, (3, sources)), rng.integers(0, 13, (3, targets + 1))
    source_mask, target_mask = np.ones((3, sources), bool), np.ones((3, targets), bool)
    source_mask[0, -3:] = source_mask[1, :2] = target_mask[2, -2:] = False
    return source, words[:, :-1], source_mask, target_mask, np.where(target_mask, words[:, 1:], IGNORE)


def loss_and_gradient(model, source, target, source_mask, target_mask, targets):
    logits, saved = model.forward(source, target, source_mask=source_mask, target_mask=target_mask)
    loss, sl = cross_entropy(logits, targets)
    model.backward(cross_entropy_backward(1.0, sl), saved)
    return loss


@pytest.mark.parametrize("lengths", [(7, 5), (5, 9)])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_loss_and_every_gradient(close, precision, kind, lengths):
    dtype, limit = precision
    model = transformer(dtype, **kind)
    theirs, given = twin(model), batch(1, *lengths)
    source, target, source_mask, target_mask, _ = given
    logits, _ = model.forward(source, target, source_mask=source_mask, target_mask=target_mask)
    close(logits, theirs(*given[:4]), limit, "logits")
    loss, expected = loss_and_gradient(model, *given), theirs.loss(*given)
    expected.backward()
    close(loss, expected, limit, "loss")
    total = np.linalg.norm(model.vector.grad)
    for name, gradient in parts_of(model, lambda parameter: parameter.grad).items():
        wanted = theirs.get_parameter(name).grad.numpy()
        # A gradient that is small beside the others is a difference of large numbers, and carries their rounding.
        assert np.abs(gradient - wanted).max() <= limit * max(np.linalg.norm(wanted), 1e-2 * total), name


@pytest.mark.parametrize("kind", KINDS)
def test_ten_steps_of_adamw(kind):
    model = transformer(**kind)
    theirs = twin(model)
    ours = AdamW(model.vector, 1e-2, weight_decay=0.3)
    decays = [{"weight_decay": 0.3}, {"weight_decay": 0.0}]
    groups = [{"params": [p for p in theirs.parameters() if (p.ndim < 2) == i]} | decays[i] for i in (0, 1)]
    other = torch.optim.AdamW(groups, lr=1e-2, betas=ours.betas, eps=ours.eps)
    losses = []
    for step in range(10):
        given = batch(step)
        model.vector.zero_grad()
        loss = loss_and_gradient(model, *given)
        ours.step(1e-2)
        other.zero_grad()
        expected = theirs.loss(*given)
        expected.backward()
        other.step()
        losses.append((float(loss), expected.item()))
    found, expected = np.array(losses).T
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=0)
    assert len(set(expected)) == 10
    for name, value in parts_of(model, lambda parameter: parameter.data).items():
        np.testing.assert_allclose(value, theirs.get_parameter(name).detach().numpy(), rtol=0, atol=1e-9, err_msg=name)


def test_the_defaults_are_those_of_torch():
    """Every parameter and every dropout of torch's default model is there, and no other."""
    model = Transformer(11)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "enable_nested_tensor is True")
        theirs = nn.Transformer(batch_first=True)
    parts = parts_of(model, lambda parameter: parameter.data)
    shapes = {f"transformer.{name}": tuple(parameter.shape) for name, parameter in theirs.named_parameters()}
    assert shapes == {name: value.shape for name, value in parts.items() if name.startswith("transformer.")}
    layer, block = theirs.decoder.layers[0], model.decoder[0]
    rates = {layer.dropout.p, layer.dropout1.p, layer.dropout2.p, layer.dropout3.p, layer.self_attn.dropout}
    ours = {block.ffn.dropout.rate, block.dropout.rate, block.attention.dropout.rate, model.encoder[0].ffn.dropout.rate}
    assert rates == ours == {0.1} and layer.norm1.eps == block.norm1.eps == model.decoder_norm.eps
    assert layer.activation is nn.functional.relu and block.ffn.activation == "relu"
    assert not layer.norm_first and model.config.norm == "post"


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
def test_the_model_of_the_benchmark_is_ours_in_pytorch():
    """It takes our weights, has our loss with smoothing and all, and gives back what it learned."""
    ours = randomize(
        Transformer(TransformerConfig(**(SIZES | KINDS[3] | {"tie_head": True})), dtype=np.float32),
        np.random.default_rng(0),
    )
    theirs = TorchSequenceToSequence(ours.config, context=9)
    theirs.load(ours)
    source, decoder_input, source_mask, _, targets = batch(1)
    expected = sequence_to_sequence(ours, source, source_mask, decoder_input, targets, label_smoothing=0.1)[0]
    loss = theirs.loss(*map(torch.from_numpy, (source, source_mask, decoder_input, targets)), label_smoothing=0.1)
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-5)
    learned = randomize(build(ours.config), np.random.default_rng(1))
    theirs.load(learned)
    theirs.save(ours)
    np.testing.assert_array_equal(ours.vector.data, learned.vector.data)
