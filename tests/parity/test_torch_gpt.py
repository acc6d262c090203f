"""The whole GPT against one of torch.nn's own parts with the same weights: losses, gradients, and ten steps of training."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import LearnedPositions
from minillm.models import GPT, GPTConfig
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE, sinusoidal_positions
from minillm.training.optimizers import AdamW, clip_grad_norm

torch = pytest.importorskip("torch")
nn = torch.nn

SIZES = {"vocab_size": 11, "context": 9, "layers": 3, "heads": 2, "d_model": 6, "d_ff": 10}
KINDS = [
    {},
    {"norm": "post", "activation": "relu"},
    {"positions": "sinusoidal", "activation": "gelu_erf", "tie_head": False},
]


class TorchGPT(nn.Module):
    """The same model as `minillm.models.GPT`, written with torch's layers and torch's gradients."""

    def __init__(self, config, dtype):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model, dtype=dtype)
        if config.positions == "learned":
            self.positions = nn.Parameter(torch.empty(config.context, config.d_model, dtype=dtype))
        bend = {"relu": "relu", "gelu_erf": "gelu", "gelu": nn.GELU(approximate="tanh")}[config.activation]
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.d_model,
                config.heads,
                config.d_ff,
                dropout=0.0,
                activation=bend,
                batch_first=True,
                norm_first=config.norm == "pre",
                dtype=dtype,
            )
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.d_model, dtype=dtype) if config.norm == "pre" else nn.Identity()
        if not config.tie_head:
            self.head = nn.Linear(config.d_model, config.vocab_size, bias=False, dtype=dtype)

    def forward(self, ids):
        length = ids.shape[1]
        x = self.embedding(ids)
        if self.config.positions == "learned":
            x = x + self.positions[:length]
        else:
            code = torch.tensor(sinusoidal_positions(length, self.config.d_model)).to(x.dtype)
            x = x * self.config.d_model**0.5 + code
        mask = torch.ones(length, length, dtype=torch.bool).triu(1)
        for block in self.blocks:
            x = block(x, src_mask=mask)
        x = self.norm(x)
        return x @ self.embedding.weight.T if self.config.tie_head else self.head(x)

    def loss(self, ids, targets, label_smoothing=0.0):
        logits = self(torch.tensor(ids)).reshape(-1, self.config.vocab_size)
        return nn.functional.cross_entropy(logits, torch.tensor(targets).reshape(-1), label_smoothing=label_smoothing)


def parts_of(model, read):
    """For each parameter of `TorchGPT`, by name, what `read` reads from our model's parameters, in torch's layout."""
    parts = {"embedding.weight": read(model.embedding.weight)}
    if isinstance(model.positions, LearnedPositions):
        parts["positions"] = read(model.positions.weight)
    for i, block in enumerate(model.blocks):
        attention, at = block.attention, f"blocks.{i}"
        heads = (attention.query, attention.key, attention.value)
        parts[f"{at}.self_attn.in_proj_weight"] = np.concatenate([read(part.weight).T for part in heads])
        parts[f"{at}.self_attn.in_proj_bias"] = np.concatenate([read(part.bias) for part in heads])
        linears = {"self_attn.out_proj": attention.output, "linear1": block.ffn.expand, "linear2": block.ffn.contract}
        for name, linear in linears.items():
            parts[f"{at}.{name}.weight"] = read(linear.weight).T
            parts[f"{at}.{name}.bias"] = read(linear.bias)
        for name, norm in {"norm1": block.norm1, "norm2": block.norm2}.items():
            parts[f"{at}.{name}.weight"], parts[f"{at}.{name}.bias"] = read(norm.gamma), read(norm.beta)
    if model.norm:
        parts["norm.weight"], parts["norm.bias"] = read(model.norm.gamma), read(model.norm.beta)
    if not model.config.tie_head:
        parts["head.weight"] = read(model.head.weight).T
    return parts


def twin(model):
    """A `TorchGPT` with a copy of our model's weights, in its precision."""
    theirs = TorchGPT(model.config, getattr(torch, model.vector.data.dtype.name))
    parts = parts_of(model, lambda parameter: parameter.data)
    assert parts.keys() == dict(theirs.named_parameters()).keys()
    with torch.no_grad():
        for name, value in parts.items():
            theirs.get_parameter(name).copy_(torch.tensor(np.ascontiguousarray(value)))
    return theirs


def batch(seed):
    ids = np.random.default_rng(seed).integers(0, 11, (4, 8))
    targets = ids[:, 1:].copy()
    targets[0, -3:] = IGNORE
    return ids[:, :-1], targets


def gpt(dtype=np.float64, **changes):
    return randomize(GPT(GPTConfig(**(SIZES | changes)), dtype=dtype), np.random.default_rng(0))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_every_gradient(close, precision, kind, smoothing):
    dtype, limit = precision
    model = gpt(dtype, **kind)
    theirs, (ids, targets) = twin(model), batch(1)
    close(model.forward(ids)[0], theirs(torch.tensor(ids)), limit, "logits")
    loss, saved = causal_lm(model, ids, targets, label_smoothing=smoothing)
    loss_backward(model, 1.0, saved)
    expected = theirs.loss(ids, targets, smoothing)
    expected.backward()
    close(loss, expected, limit, "loss")
    total = np.linalg.norm(model.vector.grad)
    for name, gradient in parts_of(model, lambda parameter: parameter.grad).items():
        wanted = theirs.get_parameter(name).grad.numpy()
        # A gradient that is small beside the others is a difference of large numbers, and carries their rounding.
        assert np.abs(gradient - wanted).max() <= limit * max(np.linalg.norm(wanted), 1e-2 * total), name


def torch_adamw(theirs, lr, weight_decay):
    """Decay on matrices only takes two groups of parameters."""
    trained = [parameter for parameter in theirs.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim >= 2], "weight_decay": weight_decay},
        {"params": [parameter for parameter in trained if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99), eps=1e-8)


def train_both(model, theirs, steps=10, max_norm=0.5, weight_decay=0.3):
    """The losses of both, over so many steps of clipped AdamW with a learning rate that changes, and how often it was clipped."""
    ours, other = AdamW(model.vector, weight_decay=weight_decay), torch_adamw(theirs, 1e-2, weight_decay)
    losses, clipped = [], 0
    for step in range(steps):
        ids, targets = batch(step)
        lr = 1e-2 * (1 - step / (2 * steps))
        model.vector.zero_grad()
        loss, saved = causal_lm(model, ids, targets)
        loss_backward(model, 1.0, saved)
        norm = clip_grad_norm(model.vector, max_norm)
        ours.step(lr)
        other.zero_grad()
        expected = theirs.loss(ids, targets)
        expected.backward()
        their_norm = nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
        for group in other.param_groups:
            group["lr"] = lr
        other.step()
        clipped += their_norm.item() > max_norm
        assert norm == pytest.approx(their_norm.item(), rel=1e-9)
        losses.append((float(loss), expected.item()))
    return np.array(losses).T, clipped


@pytest.mark.parametrize("kind", KINDS)
def test_ten_steps_of_adamw_with_clipping(kind):
    model = gpt(**kind)
    theirs = twin(model)
    (ours, expected), clipped = train_both(model, theirs, max_norm=2.0)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9)
    assert clipped > 0 and len(set(expected)) == 10
    for name, value in parts_of(model, lambda parameter: parameter.data).items():
        wanted = theirs.get_parameter(name).detach().numpy()
        np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("kind", [{"tie_head": False}, {"tie_head": False, "norm": "post", "positions": "sinusoidal"}])
def test_ten_steps_with_a_frozen_body(kind):
    model = gpt(**kind)
    theirs, start = twin(model), model.vector.data.copy()
    body = [model.embedding, model.positions, *model.blocks[:2]]
    for layer in body:
        layer.freeze()
    for name, parameter in theirs.named_parameters():
        parameter.requires_grad_(name.startswith(("blocks.2.", "norm.", "head.")))
    (ours, expected), _ = train_both(model, theirs)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9)
    frozen = [parameter.name for layer in body for parameter in layer.parameters()]
    for name, place in model.vector.slices.items():
        same = (model.vector.data[place] == start[place]).all()
        assert same == (name in frozen), name
        assert (model.vector.grad[place] == 0).all() or name not in frozen, name
