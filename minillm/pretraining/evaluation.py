"""How well a model guesses a text that it has not seen."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minillm.backend import Array, to_host
from minillm.errors import InputError
from minillm.generation.filling import token_for
from minillm.metrics import ratio
from minillm.metrics.evaluation import Case, Count, Evaluation, evaluation_of, worst_places
from minillm.models import GPT, MaskedLM, Model, finite_on_host
from minillm.ops import IGNORE, token_logp
from minillm.pretraining.masked import Masked
from minillm.text import Tokenizer, windows


class TextLoss(NamedTuple):
    """The loss of a model on a text. Only bits a character can be compared between models that cut text into other tokens."""

    nats_per_token: float
    bits_per_character: float | None  # None where not every token is guessed
    tokens: int  # that were guessed
    characters: int  # of the text

    def describe(self) -> str:
        if self.bits_per_character is None:
            return f"{self.nats_per_token:.4f} nats a hidden token, of {self.tokens:,}"
        return (
            f"{self.nats_per_token:.4f} nats a token, {self.bits_per_character:.4f} bits a character, "
            f"of {self.tokens:,} tokens and {self.characters:,} characters"
        )


class Piece(NamedTuple):
    """A part of a text, and how well its tokens were guessed."""

    inputs: np.ndarray  # (T,): what the model read
    targets: np.ndarray  # (T,): what it had to guess, IGNORE elsewhere
    nats: np.ndarray  # (T,): -log p of each target, 0 elsewhere
    likeliest: np.ndarray  # (T,): what it would have guessed

    @property
    def scored(self) -> np.ndarray:
        return self.targets != IGNORE


def evaluate(model: Model, tokenizer: Tokenizer, text: str, batch: int = 16) -> TextLoss:
    """The mean of -log p over the tokens of a text, as `pretrain` validates.

    Of a GPT every token but the first that it reads, in windows of its context that do not overlap. Of a masked language model the hidden
    ones, 15 % of each sentence, the same ones every time.
    """
    total, guessed = loss_counts(guess(model, tokenizer, text, batch)).sum(axis=0)
    bits = total / math.log(2) / len(text) if isinstance(model, GPT) else None
    return TextLoss(total / guessed, bits, int(guessed), len(text))


def evaluate_on_text(model: Model, tokenizer: Tokenizer, text: str, batch: int = 16) -> Evaluation:
    """The same with intervals, baselines, and the pieces of the text that were guessed worst.

    A GPT's are nats a token and bits a character, a masked model's are nats a hidden token and the share of holes that it fills right. The
    intervals draw windows, or sentences. Those of one book are more alike than those of two, which no interval from one book can tell.
    """
    pieces = guess(model, tokenizer, text, batch)
    ours, causal = loss_counts(pieces), isinstance(model, GPT)
    loss = Count("nats a token" if causal else "nats a hidden token", ratio, ours, blind_losses(pieces, model))
    if causal:
        per_token = ours[:, 1].sum() / len(text) / math.log(2)  # bits a character = this times nats a token
        second = Count("bits a character", lambda total: per_token * ratio(total), ours, {})
    else:
        second = holes_filled(pieces, token_for(tokenizer, "mask_token"))
    losses = ours[:, 0] / ours[:, 1]
    worst = [described(pieces[place], float(losses[place]), tokenizer, causal) for place in worst_places(-losses)]
    return evaluation_of("window" if causal else "sentence", [loss, second], worst)


def guess(model: Model, tokenizer: Tokenizer, text: str, batch: int) -> list[Piece]:
    """A text in pieces, with what a model guesses of each; InputError if it guesses nothing."""
    if isinstance(model, GPT):
        pieces = guess_next(model, tokenizer, text, batch)
    elif isinstance(model, MaskedLM):
        pieces = guess_hidden(model, tokenizer, text, batch)
    else:
        raise InputError(
            f"{model.config.name.capitalize()} guesses no tokens of a text.", "Use a GPT or a masked model."
        )
    found = [piece for piece in pieces if piece.scored.any()]
    if not found:
        raise InputError("The text has no token after the first.", "Use a longer one.")
    return found


def guess_next(model: GPT, tokenizer: Tokenizer, text: str, batch: int) -> Iterator[Piece]:
    ids = tokenizer.with_start_tokens(tokenizer.encode(text))
    for inputs, targets in windows(ids, model.config.context, batch):
        logits, _ = model.forward(inputs)
        yield from map(Piece, inputs, targets, *guesses(logits, targets, model))


def guess_hidden(model: MaskedLM, tokenizer: Tokenizer, text: str, batch: int) -> Iterator[Piece]:
    data = Masked(context=model.config.context).data(text, tokenizer, held_out=True)
    for inputs, mask, targets in data.validation_batches(batch):
        places = targets != IGNORE
        logits, _ = model.forward(inputs, mask=mask, places=places)
        nats, likeliest = np.zeros(targets.shape, np.float64), np.zeros_like(targets)
        nats[places], likeliest[places] = guesses(logits, targets[places], model)
        yield from map(Piece, inputs, targets, nats, likeliest)


def guesses(logits: Array, targets: np.ndarray, model: Model) -> tuple[np.ndarray, np.ndarray]:
    """-log p of each target, 0 where none is scored, and the likeliest token at each place; on the host."""
    with np.errstate(over="ignore", invalid="ignore"):
        logp, _ = token_logp(logits, model.vector.device.xp.asarray(targets))
    return -finite_on_host(logp, "losses").astype(np.float64), to_host(logits.argmax(axis=-1))


def loss_counts(pieces: list[Piece]) -> np.ndarray:
    """For each piece the sum of its losses, and how many they are: (N, 2)."""
    return np.array([(piece.nats.sum(), piece.scored.sum()) for piece in pieces])


def blind_losses(pieces: list[Piece], model: Model) -> dict[str, np.ndarray]:
    """What is lost without looking: by a guess among all tokens alike, and by one that knows how frequent each is in this very text."""
    targets = [piece.targets[piece.scored] for piece in pieces]
    frequencies = np.bincount(np.concatenate(targets)) / sum(map(len, targets))
    vocab = model.config.vocab_size
    return {
        f"a blind guess, ln {vocab}": np.array([(len(each) * math.log(vocab), len(each)) for each in targets]),
        "the frequencies of this text": np.array([(-np.log(frequencies[each]).sum(), len(each)) for each in targets]),
    }


def holes_filled(pieces: list[Piece], hole: int) -> Count:
    """How many holes were filled right, and how many if the commonest token were taken always. A token that was left as it is doesn't
    count: it can be read off.
    """
    holes = [piece.targets[piece.scored & (piece.inputs == hole)] for piece in pieces]
    filled = [piece.likeliest[piece.scored & (piece.inputs == hole)] for piece in pieces]
    commonest = np.bincount(np.concatenate(holes)).argmax() if any(map(len, holes)) else hole
    ours = [((found == right).sum(), len(right)) for found, right in zip(filled, holes, strict=True)]
    always = [((right == commonest).sum(), len(right)) for right in holes]
    return Count("holes filled right", share, np.array(ours), {"always the commonest token": np.array(always)})


def share(total: np.ndarray) -> float:
    """In percent; a text, or a resample of it, may have none to count."""
    return 100 * ratio(total) if total[-1] else 0.0


def described(piece: Piece, loss: float, tokenizer: Tokenizer, causal: bool) -> Case:
    right = piece.targets[piece.scored]
    if causal:
        return Case(loss, tokenizer.decode(right))
    frame = [tokenizer.role(name) for name in ("pad_token", "cls_token", "sep_token")]
    read, answers = piece.inputs[~np.isin(piece.inputs, frame)], piece.likeliest[piece.scored]
    return Case(loss, tokenizer.decode(read), *(", ".join(tokenizer.labels(ids)) for ids in (answers, right)))
