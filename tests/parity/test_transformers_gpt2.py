"""The whole GPT against Hugging Face's GPT-2 of random weights: logits, loss and every gradient."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import GPT, GPTConfig
from minillm.models.huggingface import tensors_of
from minillm.objectives import causal_lm, loss_backward
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
        for name, value in tensors_of(model).items():
            theirs.get_parameter(name).copy_(torch.tensor(value))
    return theirs


def test_it_has_the_same_parameters(model, gpt2):
    assert tensors_of(model).keys() == dict(gpt2.named_parameters()).keys()
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
    loss_backward(model, 1.0, saved)
    close(loss, expected, precision[1])
    total = np.linalg.norm(model.vector.grad)
    for name, gradient in tensors_of(model, "grad").items():
        wanted = gpt2.get_parameter(name).grad.numpy()
        assert np.abs(gradient - wanted).max() <= precision[1] * max(np.linalg.norm(wanted), 1e-2 * total), name


def test_attention_maps(model, gpt2, close, precision):
    ids = np.random.default_rng(1).integers(0, 13, (4, 9))
    theirs = gpt2(torch.tensor(ids), output_attentions=True).attentions
    _, saved = model.forward(ids)
    for ours, expected in zip(saved.blocks, theirs, strict=True):
        close(ours.attention.weights, expected, precision[1])
