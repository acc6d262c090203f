"""The whole GPT against Hugging Face's GPT-2 of random weights: logits, loss and every gradient."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import GPT, GPTConfig
from minillm.objectives import causal_lm, causal_lm_backward
from minillm.ops import IGNORE

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture
def model(precision):
    config = GPTConfig(vocab_size=13, context=9, layers=3, heads=2, d_model=6, d_ff=10)
    return randomize(GPT(config, dtype=precision[0]), np.random.default_rng(0))


@pytest.fixture
def gpt2(model, precision):
    config = transformers.GPT2Config(
        vocab_size=13,
        n_positions=9,
        n_embd=6,
        n_layer=3,
        n_head=2,
        n_inner=10,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    theirs = transformers.GPT2LMHeadModel(config).to(getattr(torch, precision[0].name))
    with torch.no_grad():
        for name, value in parts_of(model, lambda parameter: parameter.data).items():
            theirs.get_parameter(name).copy_(torch.tensor(value))
    return theirs


def parts_of(model, read):
    """For each parameter of GPT-2, by name, what `read` reads from our model's: query, key and value stand side by side there."""
    parts = {
        "transformer.wte.weight": read(model.embedding.weight),
        "transformer.wpe.weight": read(model.positions.weight),
    }
    for i, block in enumerate(model.blocks):
        attention, at = block.attention, f"transformer.h.{i}"
        heads = (attention.query, attention.key, attention.value)
        parts[f"{at}.attn.c_attn.weight"] = np.concatenate([read(part.weight) for part in heads], axis=1)
        parts[f"{at}.attn.c_attn.bias"] = np.concatenate([read(part.bias) for part in heads])
        linears = {"attn.c_proj": attention.output, "mlp.c_fc": block.ffn.expand, "mlp.c_proj": block.ffn.contract}
        for name, linear in linears.items():
            parts[f"{at}.{name}.weight"], parts[f"{at}.{name}.bias"] = read(linear.weight), read(linear.bias)
        for name, norm in {"ln_1": block.norm1, "ln_2": block.norm2}.items():
            parts[f"{at}.{name}.weight"], parts[f"{at}.{name}.bias"] = read(norm.gamma), read(norm.beta)
    parts["transformer.ln_f.weight"], parts["transformer.ln_f.bias"] = read(model.norm.gamma), read(model.norm.beta)
    return parts


def test_it_has_the_same_parameters(model, gpt2):
    assert parts_of(model, lambda parameter: parameter.data).keys() == dict(gpt2.named_parameters()).keys()
    assert model.vector.data.size == sum(parameter.numel() for parameter in gpt2.parameters())


def test_logits_loss_and_every_gradient(model, gpt2, close, precision):
    ids = np.random.default_rng(1).integers(0, 13, (4, 9))
    ids[:, 3] = ids[:, 0]
    targets = np.roll(ids, -1, axis=1)
    targets[:, -1] = targets[1, -4:] = IGNORE
    logits = gpt2(torch.tensor(ids)).logits
    expected = torch.nn.functional.cross_entropy(logits.reshape(-1, 13), torch.tensor(targets).reshape(-1))
    expected.backward()
    close(model.forward(ids)[0], logits, precision[1])
    loss, saved = causal_lm(model, ids, targets)
    causal_lm_backward(model, 1.0, saved)
    close(loss, expected, precision[1])
    total = np.linalg.norm(model.vector.grad)
    for name, gradient in parts_of(model, lambda parameter: parameter.grad).items():
        wanted = gpt2.get_parameter(name).grad.numpy()
        assert np.abs(gradient - wanted).max() <= precision[1] * max(np.linalg.norm(wanted), 1e-2 * total), name


def test_attention_maps(model, gpt2, close, precision):
    ids = np.random.default_rng(1).integers(0, 13, (4, 9))
    theirs = gpt2(torch.tensor(ids), output_attentions=True).attentions
    _, saved = model.forward(ids)
    for ours, expected in zip(saved.encode.blocks, theirs, strict=True):
        close(ours.attention.weights, expected, precision[1])
