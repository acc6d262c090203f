"""One script out of the library's own functions: a GPT that learns from a text and writes, with NumPy alone.

Forward, backward, AdamW and sampling are taken from where they stand in the library, each made for this one model (`specialising`): without
masks, dropout, frozen layers and CuPy, which it doesn't use. `gpt.template` has what layers and trainer do in the library: which
function comes after which.
"""

import ast
import inspect
import re
from collections.abc import Sequence
from pathlib import Path

from minillm.generation.sampling import sample
from minillm.one_file.specialising import Use, specialised
from minillm.ops import (
    activations,
    dot_product_attention,
    embeddings,
    linear_map,
    loss,
    masks,
    normalization,
    reductions,
)
from minillm.training.optimizers import AdamW

TEMPLATE = Path(__file__).with_name("gpt.template")
HERE = "# The library's functions stand here.\n"
ATTENTION = {"bias": None, "causal": False, "window": None, "keep": None, "scale": None}
USES = [  # in groups
    [
        Use(reductions._filled),
        Use(reductions.sum_last),
        Use(reductions.mean_last),
        Use(reductions.sum_rows),
        Use(reductions.log_softmax),
    ],
    [Use(embeddings.embedding), Use(embeddings.embedding_backward, {"vocab <= ONE_HOT_LIMIT": True})],
    [
        Use(linear_map.linear_output, {"bias": None}),
        Use(linear_map.linear, {"bias": None}),
        Use(linear_map.linear_backward, {"weights": True, "has_bias": False}),
    ],
    [
        Use(normalization._reciprocal_root),
        Use(normalization.rms_norm),
        Use(normalization.rms_norm_backward, {"weights": True}),
    ],
    [Use(activations.relu), Use(activations.relu_backward)],
    [
        Use(masks.additive_mask),
        Use(dot_product_attention.softmax),
        Use(dot_product_attention.softmax_backward),
        Use(dot_product_attention.attention, ATTENTION, given=("mask",)),
        Use(dot_product_attention.attention_backward, {"keep": None, "bias_shape": None}),
    ],
    [
        Use(loss.cross_entropy, {"label_smoothing": 0}),
        Use(loss.cross_entropy_backward, {"label_smoothing": 0}),
    ],
    [Use(AdamW._update, {"betas": (0.9, 0.99), "eps": 1e-8, "piece": ...}, given=("shrink",)), Use(sample)],
]


def one_file() -> str:
    """The text of the script."""
    uses = {use.name: use for group in USES for use in group}
    groups = ["".join(specialised(use, uses) for use in group) for group in USES]
    text = "\n".join([constants(groups), *groups])
    text = re.sub(r"\b_(?=(?:filled|reciprocal_root|update)\()", "", text)  # in a script nothing is private
    return TEMPLATE.read_text(encoding="utf-8").replace(HERE, text)


def constants(functions: Sequence[str]) -> str:
    """The lines of the library that set the constants which these functions read."""
    tree = ast.parse("\n".join(functions))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id.isupper()}
    modules = dict.fromkeys(inspect.getmodule(use.function) for group in USES for use in group)
    lines = [line for module in modules for line in inspect.getsource(module).splitlines()]
    return "\n".join(line for line in lines if line.partition(" = ")[0] in names) + "\n"
