"""Samples of a model, line by line: what its preferences are measured on."""

import numpy as np

from minillm.generation import Control, ModelScorer, Scorer, generate_batch
from minillm.models import GPT, finite_on_host
from minillm.ops import kl_divergence
from minillm.preferences.rewards import Reward
from minillm.text import Tokenizer
from minillm.text.control_tokens import BAD, CONTROL_TOKENS, GOOD, segment_ends


def control_of(tokenizer: Tokenizer, wanted: bool = True) -> Control | None:
    """The good control token (or the bad one), put in front of every line; None for a tokenizer that lacks one of them."""
    if not tokenizer.special_tokens.keys() >= {*CONTROL_TOKENS}:
        return None
    return Control(tokenizer.special_tokens[GOOD if wanted else BAD], segment_ends(tokenizer))


def sample_ids(
    model: GPT,
    tokenizer: Tokenizer,
    count: int = 96,
    tokens: int = 200,
    *,
    control: Control | None = None,
    scorer: Scorer | None = None,
    temperature: float = 1.0,
    seed: int = 0,
) -> list[np.ndarray]:
    """`count` texts of `tokens` tokens, begun on a new line (behind the tokenizer's `start_tokens`), control tokens included.

    `scorer` steers the model in place of its own scores.
    """
    start = tokenizer.with_start_tokens(tokenizer.encode("\n"))
    start = start if control is None else control.prompt(start)
    banned = [tokenizer.special_tokens[token] for token in CONTROL_TOKENS if token in tokenizer.special_tokens]
    written = generate_batch(
        scorer or ModelScorer(model, count, None),
        np.tile(start, (count, 1)),
        tokens,
        control=control,
        banned=banned,
        temperature=temperature,
        seed=seed,
    )
    return [np.concatenate([start, ids]) for ids in written]


def lines_of(ids: np.ndarray, tokenizer: Tokenizer) -> list[str]:
    """The whole lines of a text, control tokens left out: neither the empty beginning nor an end that was cut off."""
    return tokenizer.decode(ids, special=False).split("\n")[1:-1]


def misalignment(texts: list[np.ndarray], tokenizer: Tokenizer, reward: Reward) -> np.ndarray:
    """Of each text that has a whole line: minus the mean reward of its lines. For a reward of 0 or -1 it is the share of bad lines."""
    lines = [found for ids in texts if (found := lines_of(ids, tokenizer))]
    rewards = reward([line for text in lines for line in text])
    return -np.array([part.mean() for part in np.split(rewards, np.cumsum([len(text) for text in lines])[:-1])])


def kl_to(model: GPT, reference: GPT, texts: list[np.ndarray], tokenizer: Tokenizer) -> float:
    """KL(model ‖ reference) in nats a token, exact at every place, averaged over the model's own texts, all of one length.

    A model that knows control tokens reads them; the reference reads the text without them, and they are left out of both distributions,
    which concern the V tokens that the reference knows. Texts are read in windows of the shorter context.
    """
    vocab_size = reference.config.vocab_size
    context = min(model.config.context, reference.config.context)
    total, places = 0.0, 0
    for ids in texts:
        for start in range(0, len(ids) - 1, context):
            window = ids[start : start + context]
            visible = np.flatnonzero(window < vocab_size)
            if len(visible) < 2:
                continue
            before = visible[1:] - 1  # the control token, where there is one
            ours = model.forward(window[None])[0][0, before, :vocab_size]
            theirs = reference.forward(window[visible][None])[0][0, :-1]
            kl = finite_on_host(kl_divergence(ours, theirs)[0], "divergences from the reference")
            total, places = total + float(kl.sum()), places + len(kl)
    return total / places
