"""The loss on answers alone against torch.nn.functional.cross_entropy with ignore_index."""

import numpy as np
import pytest

from minillm.finetuning.chat import conversation_batch
from minillm.finetuning.chat.data import tokenize_conversations
from minillm.models import GPT
from minillm.objectives import causal_lm
from minillm.ops import IGNORE, cross_entropy_backward
from tests.conversations import SIZES, conversations, tokenizer

torch = pytest.importorskip("torch")


def test_the_loss_and_its_gradient_are_those_of_pytorch_with_the_same_places_ignored():
    known = tokenizer()
    batch = conversation_batch(tokenize_conversations(conversations(3), known, 64).rows)
    model = GPT(vocab_size=known.vocab_size, **SIZES, dtype=np.float64)
    loss, saved = causal_lm(model, *batch)
    logits = torch.tensor(model.forward(batch.inputs)[0], requires_grad=True)
    targets = torch.tensor(batch.targets).flatten()
    theirs = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets, ignore_index=IGNORE)
    theirs.backward()
    assert float(loss) == pytest.approx(theirs.item(), rel=1e-12)
    np.testing.assert_allclose(cross_entropy_backward(1.0, saved.loss), logits.grad.numpy(), atol=1e-15)
