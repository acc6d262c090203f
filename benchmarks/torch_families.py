"""The encoder and the encoder-decoder in PyTorch, as its users would write them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minillm.models import EncoderConfig, TransformerConfig
from minillm.ops import IGNORE, sinusoidal_positions


class TorchMaskedLM(nn.Module):
    """BERT with its head; logits at the places that are asked for only, as minillm computes them."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        d = config.d_model
        self.embedding, self.positions = nn.Embedding(config.vocab_size, d), nn.Embedding(config.context, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        layer = nn.TransformerEncoderLayer(d, config.heads, config.d_ff, 0.0, "gelu", 1e-12, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.dense, self.head_norm = nn.Linear(d, d), nn.LayerNorm(d, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def loss(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        x = self.norm(self.embedding(ids) + self.positions.weight[: ids.shape[1]])
        hidden = self.blocks(x, src_key_padding_mask=None if mask.all() else ~mask)
        places = targets != IGNORE
        h = self.head_norm(F.gelu(self.dense(hidden[places])))
        return F.cross_entropy(h @ self.embedding.weight.T + self.bias, targets[places])


class TorchSequenceToSequence(nn.Module):
    """torch.nn.Transformer between one table for source, target and output, and sines and cosines."""

    def __init__(self, config: TransformerConfig, context: int):
        super().__init__()
        d, n = config.d_model, config.layers
        self.embedding = nn.Embedding(config.vocab_size, d)
        self.register_buffer("positions", torch.tensor(sinusoidal_positions(2 * context, d), dtype=torch.float32))
        sizes = {"dim_feedforward": config.d_ff, "dropout": 0.0, "activation": config.activation}
        self.body = nn.Transformer(d, config.heads, n, n, **sizes, norm_first=config.norm == "pre", batch_first=True)

    def embed(self, ids: Tensor) -> Tensor:
        return math.sqrt(self.embedding.embedding_dim) * self.embedding(ids) + self.positions[: ids.shape[1]]

    def loss(self, source: Tensor, mask: Tensor, decoder_input: Tensor, targets: Tensor) -> Tensor:
        later = nn.Transformer.generate_square_subsequent_mask(decoder_input.shape[1])
        padding = None if mask.all() else ~mask
        hidden = self.body(
            self.embed(source),
            self.embed(decoder_input),
            tgt_mask=later,
            tgt_is_causal=True,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        logits = hidden @ self.embedding.weight.T
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORE)
