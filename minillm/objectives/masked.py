"""Masked language modelling (BERT): hide some of the words, and read them off the words on both sides."""

from typing import NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.models import MaskedLM
from minillm.objectives.causal import check_targets
from minillm.objectives.corrupted import CorruptedData, check_share
from minillm.objectives.objective import LossSaved, Objective, loss_backward
from minillm.objectives.pieces import Pieces
from minillm.objectives.rows import Rows, Texts, choose, shuffled
from minillm.ops import IGNORE, cross_entropy
from minillm.text.special_tokens import SpecialTokens

MASKED_SHARE = 0.8  # of the selected tokens: replaced by the mask
RANDOM_SHARE = 0.1  # replaced by a random token; the rest stay as they are


def masked_lm(
    model: MaskedLM,
    inputs: np.ndarray,
    mask: np.ndarray,
    targets: np.ndarray,
    *,
    places: Array | None = None,
    rng=None,
    label_smoothing: float = 0.0,
) -> tuple[Array, LossSaved]:
    """Mean over the selected places of -log p(what stood there | the text with its holes), in nats, a scalar on the device.

    On the host: inputs (B, T), with holes; mask (B, T), boolean, True = real token; targets (B, T), what stood at the selected places, and
    IGNORE elsewhere. Logits are computed for the selected places only. Devlin et al. 2019, section 3.1.

    On the device, `places` (N,) are the numbers of the selected places, and targets (N,) what stood there.
    """
    if places is None:
        check_targets(targets, inputs, model.config.vocab_size)
        places = targets != IGNORE
        targets = targets[places]
    logits, sm = model.forward(inputs, mask=mask, places=places, rng=rng)
    loss, sl = cross_entropy(logits, model.vector.device.xp.asarray(targets), label_smoothing)
    return loss, LossSaved(sm, sl)


def prepare_masked(model: MaskedLM, inputs: np.ndarray, mask: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """See `Objective`."""
    check_targets(targets, inputs, model.config.vocab_size)
    model.body.check_inputs(inputs, mask=mask)
    places = np.flatnonzero(targets != IGNORE)
    return {"inputs": inputs, "mask": mask, "targets": targets.reshape(-1)[places], "places": places}


MASKED = Objective(masked_lm, loss_backward, prepare=prepare_masked)


def choose_whole_words(rng: np.random.Generator, texts: Texts, candidates: np.ndarray, count: np.ndarray) -> np.ndarray:
    """At most count (B,) of the candidates (B, T) of each text, whole words only: boolean (B, T).

    Words are taken in random order, each if it still fits in; if none does, the first is taken all the same. But for that last rule this
    is BERT's whole-word masking (2019, `create_pretraining_data.py`).
    """
    number = texts.starts_word.cumsum(axis=1) - 1
    words = texts.words()
    cells = (number + np.arange(len(words))[:, None] * words.shape[1])[candidates]
    sizes = np.bincount(cells, minlength=words.size).reshape(words.shape)
    order = shuffled(rng, sizes > 0)
    taken = np.zeros_like(words)
    ordered = np.take_along_axis(sizes, order, axis=1)
    for row, left in enumerate(count.tolist()):
        taken[row, order[row, _that_fit(ordered[row].tolist(), left)]] = True
    return texts.of_words(taken) & candidates


def _that_fit(sizes: list[int], left: int) -> list[int]:
    """The numbers of those words that fit, taken in order. Words without any candidate come last, with size 0."""
    fitting = []
    for number, size in enumerate(sizes):
        if not left or not size:
            break
        if size <= left:
            fitting.append(number)
            left -= size
    return fitting or [0]


def mask_tokens(
    rng: np.random.Generator,
    texts: Texts,
    candidates: np.ndarray,
    count: np.ndarray,
    mask: int,
    ordinary: int | np.ndarray,
    whole_words: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose count (B,) of the candidates (B, T), boolean, of each text -> ids with holes and targets, both (B, T).

    Of the selected tokens 80 % become the mask, 10 % a random one of the `ordinary` tokens (their ids, or the number of them, from id 0),
    and 10 % stay as they are: so that the model must predict unmasked positions too, since real text has no masks. Devlin et al. 2019,
    section 3.1.
    """
    count = np.minimum(count, candidates.sum(axis=1))
    selected = choose_whole_words(rng, texts, candidates, count) if whole_words else choose(rng, candidates, count)
    hidden = texts.ids[selected]
    dice = rng.random(len(hidden))
    anything = rng.choice(ordinary, size=len(hidden))
    ids, targets = texts.ids.copy(), np.full_like(texts.ids, IGNORE)
    ids[selected] = np.where(dice < MASKED_SHARE, mask, np.where(dice < MASKED_SHARE + RANDOM_SHARE, anything, hidden))
    targets[selected] = hidden
    return ids, targets


class MaskedBatch(NamedTuple):
    """B texts with holes, and what stood there."""

    inputs: np.ndarray  # (B, T) int64
    mask: np.ndarray  # (B, T) boolean, True = real token
    targets: np.ndarray  # (B, T) int64, IGNORE where nothing is to be guessed


class MaskedData(CorruptedData):
    """Batches for `masked_lm`. The `ordinary` tokens, ids or a number of them from id 0, are those that may stand in a hidden one's place.

    bos and eos, if there are such tokens, are put before and after each piece: `Windows(ids, context - 2)` then fill the context. They are
    never selected. Of a text of n tokens, bos and eos counted, max(1, round(rate n)) are selected; with `whole_words`, at most so many.
    """

    def __init__(
        self,
        pieces: Pieces,
        special: SpecialTokens,
        ordinary: int | np.ndarray,
        rate: float = 0.15,
        whole_words: bool = False,
    ):
        special.require("mask")
        check_share("rate", rate)
        super().__init__(pieces, special)
        self.ordinary, self.rate, self.whole_words = ordinary, rate, whole_words
        self._ends = [token for token in (special.bos, special.eos) if token is not None]

    def corrupt(self, rng: np.random.Generator, texts: Texts) -> tuple[Rows, Rows]:
        candidates = texts.real.copy()
        for token in self._ends:  # a corpus may have them between two documents
            candidates &= texts.ids != token
        count = np.maximum(np.rint(self.rate * (texts.lengths() + len(self._ends))), 1).astype(np.int64)
        holes, answers = mask_tokens(rng, texts, candidates, count, self.special.mask, self.ordinary, self.whole_words)
        ids, targets = Rows.select(holes, texts.real), Rows.select(answers, texts.real)
        if self.special.bos is not None:
            ids, targets = ids.before(self.special.bos), targets.before(IGNORE)
        if self.special.eos is not None:
            ids, targets = ids.after(self.special.eos), targets.after(IGNORE)
        return ids, targets

    def collate(self, ids: Rows, targets: Rows) -> MaskedBatch:
        return MaskedBatch(ids.padded(self.special.pad), ids.real(), targets.padded(IGNORE))
