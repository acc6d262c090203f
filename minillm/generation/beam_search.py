"""Beam search: of many beginnings at once the likeliest are written on, for a text that is likely as a whole."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation.processors import log_probabilities
from minillm.generation.sampling import Rules
from minillm.generation.scoring import Cache, IncrementalModel, Scorer, as_scorer


def gnmt_penalty(length: int, alpha: float) -> float:
    """((5 + length) / (5 + 1))^α. Wu et al. 2016, eq. 14, who take α between 0.6 and 0.7; Vaswani et al. 2017, section 6.1, α = 0.6."""
    return ((5 + length) / 6) ** alpha


def power_penalty(length: int, alpha: float) -> float:
    """length^α, as Hugging Face's transformers and fairseq have it: α = 1 is the mean log-probability of a token."""
    return length**alpha


PENALTIES = {"power": power_penalty, "gnmt": gnmt_penalty}


class Hypothesis(NamedTuple):
    """A text that beam search wrote: its token ids, without the one that ended it, and its log-probability by the length penalty."""

    ids: list[int]
    score: float


def beam_search(
    model: IncrementalModel | Scorer,
    prompt: Sequence[int] | np.ndarray,
    max_tokens: int,
    *,
    beams: int = 4,
    length_penalty: float = 1.0,
    penalty_form: str = "power",
    early_stopping: bool = False,
    ends: Callable[[np.ndarray], bool] | None = None,
    cache: Cache | None = None,
    **settings,
) -> list[Hypothesis]:
    """The best continuations of a prompt, ids (T,), that a search of so many beams finds: up to `beams`, best first.

    Every step writes all beams on by every token, and keeps the likeliest. A continuation that ends among the first `beams` of its step is
    finished, and ranks by

        log p(tokens) / penalty(length)        penalty(length) = length^α, or ((5 + length) / 6)^α with `penalty_form="gnmt"`

    with α = `length_penalty` and the end token counted, in p and in the length. Without a penalty (α = 0) each token makes a text less
    likely, and the shortest would win. It ends with a token of `eos`, at max_tokens, or where `ends(ids)`, asked about what was written,
    says so. The search is over when `beams` are finished and the best that is not could not beat the worst of them if it ended here; with
    `early_stopping` as soon as `beams` are finished. These are the rules of Hugging Face's transformers.

    `settings` are the fields of `Rules`: eos, min_tokens, repetition_penalty, no_repeat_ngram, which change log p before it is summed.
    For an encoder-decoder and for a full context see `generate`.
    """
    rules = Rules(**settings)
    check_beams(beams, length_penalty, penalty_form)
    text = np.array([prompt])
    if text.size == 0:
        raise ValueError("the prompt must have at least one token")
    scorer, start, penalty = as_scorer(model, 1, cache), text.shape[1], PENALTIES[penalty_form]
    candidates = beams * max(2, 1 + len(rules.eos))  # each beam may end in every way, and as many still go on
    sums = np.zeros(1)  # log p of what each beam has written
    finished: list[Hypothesis] = []
    for written in range(max_tokens):
        logp = rules.apply(log_probabilities(scorer.next_scores(text)), text, written)
        totals, length = sums[:, None] + logp, written + 1
        going_on: list[tuple[int, int]] = []
        for rank, (row, token) in enumerate(_highest(totals, candidates)):
            ids = np.append(text[row, start:], token)
            if token in rules.eos or length == max_tokens or (ends is not None and ends(ids)):
                if rank < beams:
                    shown = ids[:-1] if token in rules.eos else ids
                    score = float(totals[row, token]) / penalty(length, length_penalty)
                    finished.append(Hypothesis(shown.tolist(), score))
            elif len(going_on) < beams:
                going_on.append((row, token))
        finished = sorted(finished, key=lambda hypothesis: -hypothesis.score)[:beams]
        if not going_on:
            if not finished:
                raise InputError(
                    f"After {written} tokens no other may follow.", "Relax no-repeat-ngram, or write fewer tokens."
                )
            break
        if len(finished) == beams:
            best = totals[going_on[0]] / penalty(length, length_penalty)
            if early_stopping or best <= finished[-1].score:
                break
        rows, tokens = np.array(going_on).T
        sums = totals[rows, tokens]
        scorer.reorder(rows)
        text = np.concatenate([text[rows], tokens[:, None]], axis=1)
    return finished


def check_beams(beams: int, length_penalty: float = 1.0, penalty_form: str = "power") -> None:
    """Raise InputError for settings that mean nothing."""
    if beams < 1:
        raise InputError(f"The number of beams must be at least 1, got {beams}.", "1 is greedy, 4 is usual.")
    if not -10 <= length_penalty <= 10:
        raise InputError(f"The length penalty must lie in [-10, 10], got {length_penalty}.", "0 is none, 1 is usual.")
    if penalty_form not in PENALTIES:
        raise InputError(f"There is no penalty form {penalty_form!r}.", f"Choose one of {', '.join(PENALTIES)}.")


def _highest(totals: np.ndarray, count: int) -> list[tuple[int, int]]:
    """The places (row, token) of the highest of totals (R, V), best first; without those of -inf, which may not come."""
    flat = totals.ravel()
    best = np.argpartition(-flat, count)[:count] if count < flat.size else np.arange(flat.size)
    best = best[np.argsort(-flat[best], kind="stable")]
    return [divmod(place, totals.shape[1]) for place in best[flat[best] > -np.inf].tolist()]
