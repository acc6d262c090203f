"""The same GPT in PyTorch, as its users would write it: what minillm is measured against."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minillm.models import GPTConfig


class Block(nn.Module):
    """A pre-LN block; attention through PyTorch's own fused kernel."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        d = config.d_model
        self.heads = config.heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.output = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.expand, self.contract = nn.Linear(d, config.d_ff), nn.Linear(config.d_ff, d)

    def forward(self, x: Tensor, cache: list[Tensor] | None = None) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, -1)
        )
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            cache[:] = [k, v]
        a = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        x = x + self.output(a.transpose(1, 2).reshape(batch, length, width))
        return x + self.contract(F.gelu(self.expand(self.norm2(x)), approximate="tanh"))


class TorchGPT(nn.Module):
    """ids (B, T) -> logits (B, T, V), with learned positions and a tied head."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = nn.Embedding(config.context, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.d_model)
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids: Tensor, caches: list[list[Tensor]] | None = None, start: int = 0) -> Tensor:
        x = self.embedding(ids) + self.positions.weight[start : start + ids.shape[1]]
        for i, block in enumerate(self.blocks):
            x = block(x, None if caches is None else caches[i])
        if caches is not None:
            x = x[:, -1:]
        return self.norm(x) @ self.embedding.weight.T

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self(ids).flatten(0, 1), targets.flatten())
