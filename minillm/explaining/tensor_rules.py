"""What AdamW's moments tell: which weights have had no gradient.

m = β1 m + (1 - β1) g forgets with 0.9 a step, and is small after a hundred steps without a gradient; m and v, the mean of g², are both
exactly zero only where there never was one.
"""

from collections.abc import Iterator

import numpy as np

from minillm.explaining.evidence import Evidence
from minillm.explaining.finding import Finding
from minillm.units import count

GONE = 1e-5  # of the largest moment: below it, there was no gradient for about a hundred steps (0.9¹⁰⁹ = 1e-5)


def frozen(e: Evidence) -> Finding | None:
    """A tensor's moments are exactly zero: it never had a gradient, though nothing said that it should be frozen.

    The bias of the keys moves all scores of a query alike, which softmax does not see: its gradient is zero but for rounding. A reward
    model learns from differences of rewards, in which what moves all of them alike cancels.
    """
    if e.moments is None or not e.state.step or e.settings.get("freeze", "none") != "none":
        return None
    blind = (
        ("key.bias", "body.norm.beta", "head.linear.bias") if e.settings.get("method") == "reward" else ("key.bias",)
    )
    still = [name for name, moments in e.moments.items() if not moments.had_gradient() and not name.endswith(blind)]
    if not still:
        return None
    shown = ", ".join(still[:3]) + (" ..." if len(still) > 3 else "")
    return Finding(
        "frozen",
        "weights are frozen that should learn",
        (f"{count(len(still), 'tensor')} of {len(e.moments)} never had a gradient: {shown}",),
        "Set their trainable to True before the training, or let their backward add its gradient with accumulate.",
    )


def dead_heads(e: Evidence) -> Finding | None:
    """A quarter of the heads have had no gradient of late in what they ask (query) or in what they say (value).

    Their softmax is saturated, or what they say is multiplied by zero.
    """
    dead, heads = [], 0
    for block, parts in attention_heads(e):
        largest = max(norms.max() for norms in parts)
        heads += len(parts[0])
        silent = np.zeros(len(parts[0]), bool)
        for norms in parts:
            sharing = len(silent) // len(norms)  # of grouped queries several share their values
            silent |= np.repeat(norms <= GONE * largest, sharing)
        dead += [f"{block} head {head}" for head in np.flatnonzero(silent)]
    if not heads or len(dead) < heads / 4:
        return None
    return Finding(
        "dead_heads",
        "attention heads are dead",
        (
            f"{len(dead)} of {heads} heads have had no gradient of late: {', '.join(dead[:3])}{' ...' if len(dead) > 3 else ''}",
        ),
        "Look at where they look (python -m minillm attention); begin again with a lower `lr`, or with smaller weights for query and key.",
    )


def attention_heads(e: Evidence) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """For each attention layer its name, and the lengths of the first moments of the heads' queries (H,) and values (H or fewer,)."""
    body = getattr(e.config, "body", e.config)
    for name in e.moments or {}:
        layer = name.removesuffix(".query.weight")
        if layer != name and learns(e, layer):
            width = getattr(body, "d_kv", None) or e.moments[name].first.shape[1] // body.heads
            parts = (e.moments[f"{layer}.{part}.weight"].first for part in ("query", "value"))
            yield layer, tuple(np.linalg.norm(m.reshape(len(m), -1, width), axis=(0, 2)) for m in parts)


def learns(e: Evidence, attention: str) -> bool:
    """Whether the block of this attention layer learns at all: one that is frozen has no gradient either, and is not dead."""
    return e.moments[f"{attention}.output.weight"].had_gradient()


def dead_units(e: Evidence) -> Finding | None:
    """Half of the units of a feed-forward layer have had no gradient of late: they give zero whatever comes in, and never wake up
    (Lu et al. 2019, "Dying ReLU and initialization").
    """
    dead = []
    for name, moments in (e.moments or {}).items():
        block = name.removesuffix("ffn.expand.weight")
        if block != name and learns(e, f"{block}attention"):
            norms = np.linalg.norm(moments.first, axis=0)
            gone = np.count_nonzero(norms <= GONE * norms.max())
            if gone >= len(norms) / 2:
                dead.append(f"{gone:,} of the {len(norms):,} units of {name} have had no gradient of late")
    if not dead:
        return None
    return Finding(
        "dead_units",
        "units of the feed-forward layers are dead",
        tuple(dead[:3]) + (("...",) if len(dead) > 3 else ()),
        "Train again with `activation` gelu, or with a lower `lr`; with relu, begin with biases of zero.",
    )
