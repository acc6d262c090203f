"""The n-gram embedding against torch: a causal convolution over one-hot tokens, and a sum of torch's embeddings."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import NgramEmbedding

torch = pytest.importorskip("torch")
F = torch.nn.functional

IDS = np.array([[3, 1, 3, 0, 2, 2, 6], [2, 2, 1, 3, 1, 0, 2]])
VOCAB, WIDTH = 7, 5


def convolution(ids, tables):
    """tables (N, V, D): the kernel looks at place t - k through table k; before the first place there are zeros."""
    one_hot = F.one_hot(ids, VOCAB).to(tables.dtype).transpose(1, 2)
    kernel = tables.flip(0).permute(2, 1, 0)  # (D, V, N), the last column for the token itself
    return F.conv1d(F.pad(one_hot, (len(tables) - 1, 0)), kernel).transpose(1, 2)


def embeddings(ids, tables):
    """A further id stands for "before the text", and has a row of zeros."""
    tables = F.pad(tables, (0, 0, 0, 1))
    padded = F.pad(ids, (len(tables) - 1, 0), value=VOCAB)
    return sum(
        F.embedding(padded[:, len(tables) - 1 - k :][:, : ids.shape[1]], table) for k, table in enumerate(tables)
    )


@pytest.mark.parametrize("theirs", [convolution, embeddings])
@pytest.mark.parametrize(("ngram", "length"), [(2, 7), (4, 7), (4, 2), (7, 7)])
def test_output_and_every_gradient(close, precision, theirs, ngram, length):
    dtype, limit = precision
    rng = np.random.default_rng(0)
    layer = randomize(NgramEmbedding(VOCAB, WIDTH, rng, ngram=ngram), rng)
    for parameter in layer.parameters():
        parameter.data, parameter.grad = parameter.data.astype(dtype), parameter.grad.astype(dtype)
    ids = IDS[:, :length]
    tables = torch.tensor(np.concatenate([layer.weight.data[None], layer.earlier.data]), requires_grad=True)
    expected = theirs(torch.tensor(ids), tables)
    y, saved = layer.forward(ids)
    close(y, expected, limit, "output")
    dy = rng.standard_normal(y.shape).astype(dtype)
    layer.backward(dy, saved)
    expected.backward(torch.tensor(dy))
    close(layer.weight.grad, tables.grad[0], limit, "own table")
    close(layer.earlier.grad, tables.grad[1:], limit, "earlier tables")
