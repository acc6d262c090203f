"""Speculative decoding: a small model drafts a few tokens, and the large one reads them all at once and keeps those that it agrees with.

Leviathan, Kalman & Matias 2023; Chen et al. 2023. One pass over several tokens costs the large model little more than over one, since
most of its time is that of reading its weights.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from minillm.errors import InputError
from minillm.generation.sampling import Sampling, sample
from minillm.generation.scoring import ModelScorer
from minillm.models import GPT

AHEAD = 4  # tokens that are drafted at a time


def generate_with_draft(
    model: GPT,
    draft: GPT,
    prompt: Sequence[int] | np.ndarray,
    max_tokens: int,
    *,
    ahead: int = AHEAD,
    seed: int = 0,
    **settings,
) -> Iterator[int]:
    """As `generate`, with the same distribution over texts, and at temperature 0 the same text, whatever the draft is like.

    With p and q what model and draft, under the same `settings`, say of the next token, a drafted token x is kept with probability
    min(1, p(x) / q(x)). At the first that is not kept another is drawn from max(p - q, 0), divided by its sum, in its place; if all are
    kept, one more is drawn from p. Leviathan et al. 2023, algorithm 1 and appendix A.1.

    InputError unless both models know the same number of tokens, or if one has a window: its cache could not go back.
    """
    check_draft(model, draft)
    if ahead < 1:
        raise InputError(f"`ahead` must be at least 1, got {ahead}.", "4 is usual.")
    sampling, rng, text, written = Sampling(**settings), np.random.default_rng(seed), np.array([prompt]), 0
    if text.size == 0:
        raise ValueError("the prompt must have at least one token")
    target, guesser = ModelScorer(model, 1, None), ModelScorer(draft, 1, None)
    while written < max_tokens:
        known = text.shape[1]
        drafted, guesses = _draft(
            guesser, sampling, rng, text, written, min(ahead, max_tokens - written - 1, target.room(text))
        )
        scores = target.scores_after_each(drafted, len(guesses) + 1)
        for i in range(len(guesses) + 1):
            p = _probabilities(sampling, scores[i : i + 1], drafted[:, : known + i], written)
            if not p.any():
                raise InputError(
                    f"After {written} tokens no other may follow.", "Relax no-repeat-ngram, or write fewer tokens."
                )
            kept = i < len(guesses) and rng.random() * guesses[i][drafted[0, known + i]] < p[drafted[0, known + i]]
            if kept:
                token = int(drafted[0, known + i])
            elif i < len(guesses):
                token = int(sample(np.maximum(p - guesses[i], 0), rng))
            else:
                token = int(sample(p, rng))
            if token in sampling.eos:
                return
            yield token
            written += 1
            if not kept:
                break
        text = np.append(drafted[:, : known + i], [[token]], axis=1)
        target.go_back(known + i)
        guesser.go_back(known + i)


def check_draft(model: GPT, draft: GPT) -> None:
    """Raise InputError for models that can't write one text together."""
    for each in (model, draft):
        if type(each) is not GPT or each.config.window:
            raise InputError("A draft is written and read by GPTs without a window.", "Leave `draft` out.")
    if model.config.vocab_size != draft.config.vocab_size:
        raise InputError(
            f"The model knows {model.config.vocab_size} tokens, and the draft {draft.config.vocab_size}.",
            "Take a draft with the model's tokenizer.",
        )


def _draft(
    guesser: ModelScorer, sampling: Sampling, rng: np.random.Generator, text: np.ndarray, written: int, count: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The text (1, T) with up to `count` tokens more, and the probabilities (V,) that each of them was drawn from."""
    guesses = []
    for i in range(count):
        q = _probabilities(sampling, guesser.next_scores(text), text, written + i)
        if not q.any():
            break  # the rules allow no token here, but the text may take another turn before
        guesses.append(q)
        text = np.append(text, [[sample(q, rng)]], axis=1)
    return text, guesses


def _probabilities(sampling: Sampling, scores: np.ndarray, text: np.ndarray, written: int) -> np.ndarray:
    """scores (1, V) after text (1, T) -> probabilities (V,); zeros where no token may follow."""
    scores = sampling.apply(scores, text, written)
    if scores.max() == -np.inf:
        return np.zeros(scores.shape[1])
    return sampling.probabilities(scores)[0]
