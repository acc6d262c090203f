"""Generation: the model reads what it has written so far, and writes the next token."""

from collections.abc import Iterator, Sequence

import numpy as np

from minillm.errors import InputError
from minillm.generation.control import Control
from minillm.generation.sampling import Sampling, sample
from minillm.generation.scoring import Cache, IncrementalModel, Scorer, as_scorer


def generate(
    model: IncrementalModel | Scorer,
    prompt: Sequence[int] | np.ndarray,
    max_tokens: int,
    *,
    cache: Cache | None = None,
    control: Control | None = None,
    seed: int = 0,
    **settings,
) -> Iterator[int]:
    """Continue a prompt, ids (T,) with T >= 1: yields up to `max_tokens` token ids, each as soon as it is chosen.

    `settings` are the fields of `Sampling`: temperature, top_k, top_p, repetition_penalty ... A token of `eos` ends the text and is not
    yielded. Stop strings are a matter of text, not of tokens: see `until_stop`.

    An encoder-decoder answers a source, ids (1, S), when the cache comes from there and the prompt is the token that answers start with:

        generate(model, [start], 100, cache=model.start(source), eos=[end])

    In place of a model there may be a scorer that steers it, such as `ClassifierFreeGuidance`. With `control` a control token is put in
    front of every new segment; it is yielded, and counts, like any other.

    Keys and values of earlier tokens are kept, so a token costs one token's work. When the context is full, the older half of it is
    forgotten and the newer half read anew at the first positions.
    """
    for _, (token,) in _steps(model, np.array([prompt]), max_tokens, cache, control, seed, Sampling(**settings)):
        yield int(token)


def generate_batch(
    model: IncrementalModel | Scorer,
    prompts: np.ndarray,
    max_tokens: int,
    *,
    cache: Cache | None = None,
    control: Control | None = None,
    seed: int = 0,
    **settings,
) -> list[list[int]]:
    """As `generate`, for prompts (B, T) of one length at once: what was written after each. A text that has ended costs nothing more."""
    written: list[list[int]] = [[] for _ in prompts]
    for rows, tokens in _steps(model, prompts, max_tokens, cache, control, seed, Sampling(**settings)):
        for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
            written[row].append(token)
    return written


def _steps(
    model: IncrementalModel | Scorer,
    text: np.ndarray,
    max_tokens: int,
    cache: Cache | None,
    control: Control | None,
    seed: int,
    sampling: Sampling,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Token by token: which rows have not ended, and what each of them writes."""
    if text.size == 0:
        raise ValueError("the prompt must have at least one token")
    rng = np.random.default_rng(seed)
    scorer, rows = as_scorer(model, len(text), cache), np.arange(len(text))
    for written in range(max_tokens):
        scores = sampling.apply(scorer.next_scores(text), text, written)
        if scores.max(axis=-1).min() == -np.inf:
            raise InputError(
                f"After {written} tokens no other may follow.", "Relax no-repeat-ngram, or write fewer tokens."
            )
        tokens = sample(sampling.probabilities(scores), rng)
        if control is not None:
            tokens = control.enforced(text, tokens)
        if sampling.eos:
            on = np.flatnonzero((tokens[:, None] != np.array(sampling.eos)).all(axis=1))
            if on.size == 0:
                return
            if on.size < rows.size:
                rows, text, tokens = rows[on], text[on], tokens[on]
                scorer.reorder(on)
        yield rows, tokens
        text = np.concatenate([text, tokens[:, None]], axis=1)
