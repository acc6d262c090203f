"""A small model of each family with a text to learn from: 2 layers, 2 heads, 16 wide, 8 tokens, weights of order one."""

import numpy as np

from minillm.inspection import Example
from minillm.models import GPT, T5, MaskedLM, Transformer
from minillm.objectives import CAUSAL, MASKED, SEQUENCE_TO_SEQUENCE
from minillm.ops import IGNORE

SIZES = {"layers": 2, "heads": 2, "d_model": 16}
LABELS = {i: f"w{i}" for i in range(30)}
FAMILIES = ("gpt", "gpt with n-grams", "gpt like llama", "masked", "denoise", "t5")
LLAMA = {"norm": "rms", "activation": "swiglu", "bias": False, "positions": "rotary", "kv_heads": 1}


def family(name, **sizes):
    """(model, example) of a family; `sizes` in place of the usual ones."""
    rng, sizes = np.random.default_rng(3), SIZES | sizes
    ids = rng.integers(0, 30, (1, 9))
    ids[0, 5] = ids[0, 2]  # a word that comes twice
    real = np.ones((1, 6), bool)
    pair = {"source": ids[:, :6], "source_mask": real, "decoder_input": ids[:, :8], "targets": ids[:, 1:]}
    if name.startswith("gpt"):
        ngram = {"ngram": 3, "tie_head": False} if "n-grams" in name else {}
        kind = LLAMA if "llama" in name else ngram
        model, arrays = GPT(vocab_size=30, context=10, **sizes, **kind), {"inputs": ids[:, :-1], "targets": ids[:, 1:]}
        objective = CAUSAL
    elif name == "masked":
        targets = np.full((1, 8), IGNORE)
        targets[0, [1, 6]] = 4, 9
        model = MaskedLM(vocab_size=30, context=10, token_types=2, **sizes)
        objective, arrays = MASKED, {"inputs": ids[:, :8], "mask": np.ones((1, 8), bool), "targets": targets}
    else:
        kind = {"denoise": Transformer, "t5": T5}[name]
        more = {"d_kv": 8, "d_ff": 32, "gated": True} if kind is T5 else {"d_ff": 32}
        model = (
            T5(vocab_size=30, **sizes, **more)
            if kind is T5
            else Transformer(30, sizes["d_model"], 2, sizes["layers"], **more)
        )
        objective, arrays = SEQUENCE_TO_SEQUENCE, pair
    for parameter in model.parameters():
        parameter.data += 0.3 * rng.standard_normal(parameter.data.shape).astype(np.float32)
    return model, Example(objective, arrays, LABELS)
