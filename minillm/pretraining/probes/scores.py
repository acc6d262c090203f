"""How likely a language model takes the two sentences of a pair to be."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from minillm.backend import to_host
from minillm.generation.filling import framed, token_for
from minillm.generation.writing import encode_prompt
from minillm.models import GPT, MaskedLM, Model, finite_on_host
from minillm.objectives.rows import Rows, by_length
from minillm.ops import IGNORE, sequence_logp, token_logp
from minillm.pretraining.probes.pairs import SentencePair
from minillm.text import Tokenizer

TOGETHER = 32  # sentences in one forward pass


def pair_scores(model: Model, tokenizer: Tokenizer, pairs: Sequence[SentencePair]) -> np.ndarray:
    """The scores of both sentences of each pair, (N, 2), in nats: the log-probability of the sentence by a GPT, and by a masked model the
    pseudo-log-likelihood of the tokens that both have. NaN for a pair of which the model can't read a sentence at once.
    """
    causal = isinstance(model, GPT)
    begun = beginning(tokenizer) if causal else np.array([], int)
    texts = [tokenizer.encode(text) for pair in pairs for text in pair[:2]]
    rows = [np.concatenate([begun, ids]) if causal else framed(tokenizer, ids) for ids in texts]
    lengths = np.array([len(row) for row in rows]).reshape(-1, 2)
    fits = (lengths <= model.config.context).all(axis=1)
    scores = np.full((len(pairs), 2), np.nan)
    read = [row for row, fit in zip(rows, fits.repeat(2), strict=True) if fit]
    if causal:
        scores[fits] = sentence_logp(model, read, len(begun)).reshape(-1, 2)
    elif read:
        mask = token_for(tokenizer, "mask_token")
        scores[fits] = [shared_pseudo_logp(model, *both, mask) for both in zip(read[::2], read[1::2], strict=True)]
    return scores


def beginning(tokenizer: Tokenizer) -> np.ndarray:
    """What a sentence is read behind, so that its first token has a probability: the token that texts begin with, else a new line."""
    begins = tokenizer.role("bos_token")
    return encode_prompt(tokenizer)[1] if begins is None else np.array([begins])


def sentence_logp(model: GPT, rows: Sequence[np.ndarray], first: int) -> np.ndarray:
    """Σ log p(token | the tokens before it) over the tokens of each row from number `first` on: (N,)."""
    found = np.zeros(len(rows))
    for chosen in by_length(rows, TOGETHER):
        texts = Rows.joined([rows[at] for at in chosen])
        ids = texts.padded(0).astype(np.int64)
        targets = np.where(texts.real(), ids, IGNORE)
        targets[:, :first] = IGNORE
        logits, _ = model.forward(ids[:, :-1])
        logp, _ = sequence_logp(logits, model.vector.device.xp.asarray(targets[:, 1:]))
        found[chosen] = finite_on_host(logp, "log-probabilities")
    return found


def shared_pseudo_logp(model: MaskedLM, first: np.ndarray, second: np.ndarray, mask: int) -> list[float]:
    """Σ log p(token | the sentence with that token masked) over the tokens that both sentences have, for each of the two.

    Nangia et al. 2020, section 3 and metric.py: one token is masked at a time, never one by which the two differ, so a sentence is not
    unlikely only because it names a rare group. [CLS] and [SEP] are not scored. Salazar et al. 2020 for the pseudo-log-likelihood.
    """
    blocks = SequenceMatcher(None, first.tolist(), second.tolist()).get_matching_blocks()
    scores = []
    for row, starts in ((first, [block.a for block in blocks]), (second, [block.b for block in blocks])):
        shared = [start + i for start, block in zip(starts, blocks, strict=True) for i in range(block.size)]
        places = np.array(shared[1:-1], int)  # without [CLS] and [SEP]
        score = 0.0
        for at in range(0, len(places), TOGETHER):
            some = places[at : at + TOGETHER]
            ids = np.repeat(row[None], len(some), axis=0)
            hidden = np.arange(len(row)) == some[:, None]
            ids[hidden] = mask
            logits, _ = model.forward(ids, places=hidden)
            logp, _ = token_logp(logits, model.vector.device.xp.asarray(row[some]))
            score += float(to_host(logp).astype(np.float64).sum())
        scores.append(score)
    return scores
