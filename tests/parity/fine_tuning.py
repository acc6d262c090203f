"""How models of transformers are trained in the tests of fine-tuning: as minillm trains."""

import pytest

torch = pytest.importorskip("torch")


def adamw(model, *, lr: float, beta2: float, weight_decay: float):
    """AdamW that lets matrices decay, and nothing else."""
    groups = [
        {"params": [p for p in model.parameters() if (p.ndim >= 2) == decays], "weight_decay": weight_decay * decays}
        for decays in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, beta2), eps=1e-8)
