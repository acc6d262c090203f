"""Generation: the model reads what it has written so far, and writes the next token."""

from collections.abc import Iterator

import numpy as np

from minillm.backend import to_host
from minillm.errors import InputError
from minillm.generation.sampling import check_sampling, next_token_probabilities, sample
from minillm.models import GPT, KeyValueCache


def generate(
    model: GPT,
    prompt: np.ndarray,
    max_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
) -> Iterator[int]:
    """Continue a prompt, ids (T,) with T >= 1: yields `max_tokens` token ids, each as soon as it is chosen.

    Keys and values of earlier tokens are kept, so a token costs one token's work. When the context is full, the older half of it is
    forgotten and the newer half read anew at the first positions.
    """
    check_sampling(temperature, top_k, top_p)
    rng = np.random.default_rng(seed)
    context = model.config.context
    text = [int(token) for token in prompt]
    if not text:
        raise ValueError("the prompt must have at least one token")
    cache = KeyValueCache(model)
    new = text[-context:]
    for _ in range(max_tokens):
        if cache.length + len(new) > context:
            cache.length = 0
            new = text[-max(context // 2, 1) :]
        logits = to_host(model.extend(np.array([new]), cache)[0])
        if not np.isfinite(logits).all():
            raise InputError("The model's scores are not finite.", "Its training diverged: use another checkpoint.")
        token = sample(next_token_probabilities(logits, temperature, top_k, top_p), rng)
        text.append(token)
        new = [token]
        yield token
