"""What a pretrained model can do on held-out text, in a line for the end of a run."""

from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

import numpy as np

from minillm.generation.filling import answer, token_for
from minillm.models import finite_on_host
from minillm.objectives import Data
from minillm.ops import IGNORE
from minillm.text import Tokenizer

BATCH = 16
TEXTS = 200  # held-out sentences to restore
LENGTHS = (8, 16, 32)  # words: where the reported groups of sentences end


def fill_in_accuracy(model, data: Data, tokenizer: Tokenizer) -> str:
    """How often the hidden token is the likeliest one, and how often it would be if the most frequent one were always taken."""
    return in_words(*filled_in(model, data, tokenizer), "hidden tokens filled in")


def filled_in(model, data: Data, tokenizer: Tokenizer) -> tuple[int, np.ndarray]:
    """How many hidden tokens are the likeliest ones, and how often each token of the vocabulary was hidden.

    Only places with the mask count: a chosen token that was left as it is can be read off.
    """
    right, hidden, hole = 0, [], token_for(tokenizer, "mask_token")
    for batch in islice(data.validation_batches(BATCH), 100):
        places = (batch.targets != IGNORE) & (batch.inputs == hole)
        logits, _ = model.forward(batch.inputs, mask=batch.mask, places=places)
        right += np.count_nonzero(finite_on_host(logits).argmax(axis=-1) == batch.targets[places])
        hidden.append(batch.targets[places])
    return right, np.bincount(np.concatenate(hidden).astype(np.int64))


def token_accuracy(model, data: Data, tokenizer: Tokenizer) -> str:
    """How often the next token of the answer is the likeliest one, the right beginning given."""
    right, scored = 0, []
    for batch in islice(data.validation_batches(BATCH), 100):
        places = batch.targets != IGNORE
        logits, _ = model.forward(batch.source, batch.decoder_input, source_mask=batch.source_mask)
        right += np.count_nonzero((finite_on_host(logits).argmax(axis=-1) == batch.targets)[places])
        scored.append(batch.targets[places])
    counts = np.bincount(np.concatenate(scored).astype(np.int64))
    return in_words(right, counts, "tokens of the answers")


def in_words(right: int, counts: np.ndarray, what: str) -> str:
    if not counts.sum():
        return f"held-out text: none of the {what} to count"
    commonest = counts.max() / counts.sum()
    return f"held-out text: {right / counts.sum():.1%} of {counts.sum():,} {what} right (always the commonest: {commonest:.1%})"


def restored_sentences(model, data: Data, tokenizer: Tokenizer) -> str:
    """How many damaged sentences come back exactly as they were, by their length in words; and what came back of what was missing.

    A missing word can often only be guessed, so few sentences are restored exactly. Leaving them as they are restores none, puts nothing
    back and loses nothing.
    """
    found = restorations(model, data, tokenizer)
    shares = ", ".join(f"{sum(each)} of {len(each)} of {name} words" for name, each in found.exactly.items())
    return (
        f"held-out sentences restored exactly: {shares}; "
        f"of {found.missing:,} missing tokens {found.put_back / max(found.missing, 1):.0%} put back, "
        f"of {found.others:,} others {found.retained / max(found.others, 1):.0%} kept (left as they are: 0% and 100%)"
    )


class Restorations(NamedTuple):
    """What became of damaged sentences."""

    exactly: dict[str, list[bool]]  # by how many words they have, shortest first: whether each came back as it was
    missing: int  # tokens, in all
    put_back: int
    others: int  # that were not missing
    retained: int


def restorations(model, data: Data, tokenizer: Tokenizer) -> Restorations:
    """The first held-out sentences, damaged, and restored greedily."""
    found: dict[str, list[bool]] = {}
    missing = others = put_back = retained = 0  # tokens
    for batch in islice(data.validation_batches(1), TEXTS):
        source, target = batch.source[0, :-1], batch.targets[0, :-1]  # without their ends
        whole = tokenizer.decode(target)
        words = len(whole.split())
        group = next((f"up to {most}" for most in LENGTHS if words <= most), "longer")
        restored, damaged = answer(model, tokenizer, source, beams=1), source.tolist()
        found.setdefault(group, []).append(restored == target.tolist())
        before, after = shared_places(target.tolist(), damaged), shared_places(target.tolist(), restored)
        missing, put_back = missing + len(target) - len(before), put_back + len(after - before)
        others, retained = others + len(before), retained + len(after & before)
    groups = [name for name in (*(f"up to {most}" for most in LENGTHS), "longer") if name in found]
    return Restorations({name: found[name] for name in groups}, missing, put_back, others, retained)


def shared_places(target: list[int], text: list[int]) -> set[int]:
    """The places of the target whose tokens the text has as well, in the same order."""
    blocks = SequenceMatcher(None, target, text, autojunk=False).get_matching_blocks()
    return {block.a + i for block in blocks for i in range(block.size)}
