"""The encoder and the encoder-decoder in PyTorch, as its users would write them."""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minillm.layers import LayerNorm, Linear, MultiHeadAttention, Parameter
from minillm.models import EncoderConfig, Transformer, TransformerConfig
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
        self.dropout = nn.Dropout(config.dropout)
        sizes = {"dim_feedforward": config.d_ff, "dropout": config.dropout, "activation": config.activation}
        self.body = nn.Transformer(d, config.heads, n, n, **sizes, norm_first=config.norm == "pre", batch_first=True)

    def embed(self, ids: Tensor) -> Tensor:
        words = math.sqrt(self.embedding.embedding_dim) * self.embedding(ids)
        return self.dropout(words + self.positions[: ids.shape[1]])

    def loss(
        self, source: Tensor, mask: Tensor, decoder_input: Tensor, targets: Tensor, label_smoothing: float = 0.0
    ) -> Tensor:
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
        scored = {"ignore_index": IGNORE, "label_smoothing": label_smoothing}
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), **scored)

    def load(self, ours: Transformer) -> None:
        """Take the weights of our model, which has one table for source, target and output."""
        with torch.no_grad():
            for tensor, arrays in self._beside(ours):
                tensor.copy_(torch.from_numpy(np.concatenate(arrays)))

    def save(self, ours: Transformer) -> None:
        """Give our model the weights of this one."""
        for tensor, arrays in self._beside(ours):
            for array, part in zip(arrays, tensor.detach().chunk(len(arrays)), strict=True):
                array[...] = part.numpy()

    def _beside(self, ours: Transformer) -> list[tuple[Tensor, list[np.ndarray]]]:
        found = body_parts(ours, lambda parameter: parameter.data)
        beside = [(self.body.get_parameter(name), arrays) for name, arrays in found.items()]
        return [(self.embedding.weight, [ours.target_embedding.weight.data]), *beside]


def body_parts(model: Transformer, read: Callable[[Parameter], np.ndarray]) -> dict[str, list[np.ndarray]]:
    """For each parameter of `torch.nn.Transformer`, by its name, what `read` reads from ours, in torch's layout. Query, key and value are
    one matrix there.
    """
    parts: dict[str, list[np.ndarray]] = {}

    def attention(ours: MultiHeadAttention, at: str) -> None:
        heads = (ours.query, ours.key, ours.value)
        parts[f"{at}.in_proj_weight"] = [read(part.weight).T for part in heads]
        parts[f"{at}.in_proj_bias"] = [read(part.bias) for part in heads]
        linear(ours.output, f"{at}.out_proj")

    def linear(ours: Linear, at: str) -> None:
        parts[f"{at}.weight"], parts[f"{at}.bias"] = [read(ours.weight).T], [read(ours.bias)]

    def norm(ours: LayerNorm, at: str) -> None:
        parts[f"{at}.weight"], parts[f"{at}.bias"] = [read(ours.gamma)], [read(ours.beta)]

    for half in ("encoder", "decoder"):
        for i, block in enumerate(getattr(model, half)):
            at = f"{half}.layers.{i}"
            attention(block.attention, f"{at}.self_attn")
            norm(block.norm1, f"{at}.norm1")
            norm(block.norm2, f"{at}.norm2")
            if half == "decoder":
                attention(block.cross_attention, f"{at}.multihead_attn")
                norm(block.norm3, f"{at}.norm3")
            linear(block.ffn.expand, f"{at}.linear1")
            linear(block.ffn.contract, f"{at}.linear2")
        norm(getattr(model, f"{half}_norm"), f"{half}.norm")
    return parts
