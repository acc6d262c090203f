"""A text cut into segments (its lines), each with a reward, and the batches that pretraining with preferences makes of them.

scored = score(documents, reward)                    # every line has a reward
data = PreferenceCorpus(scored, tokenizer, 64)       # batches of inputs, rewards and targets
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.ops import IGNORE
from minillm.preferences.rewards import Reward
from minillm.text import Tokenizer
from minillm.text.control_tokens import BAD, GOOD
from minillm.text.corpus import CausalBatch, check_lengths, training_part


class Scored(NamedTuple):
    """A text of D documents and S segments."""

    segments: list[str]  # the lines, each with the new line that ends it
    rewards: np.ndarray  # (S,) float32
    document: np.ndarray  # (S,) which document each belongs to, from 0 to D - 1 in order
    reward: Reward  # what scored them

    def document_rewards(self) -> np.ndarray:
        """The mean reward of each document's segments, (D,)."""
        return np.bincount(self.document, self.rewards) / np.bincount(self.document)

    def of_documents(self, keep: np.ndarray) -> "Scored":
        """What is left when only the documents stay where keep (D,) is True."""
        stays = keep[self.document]
        segments = [segment for segment, stay in zip(self.segments, stays, strict=True) if stay]
        return Scored(
            segments, self.rewards[stays], np.unique(self.document[stays], return_inverse=True)[1], self.reward
        )


def score(documents: Sequence[str], reward: Reward) -> Scored:
    """Cut documents into lines, and score each line, without the new line at its end."""
    segments, document = [], []
    for number, text in enumerate(documents):
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1][:-1]  # behind the last new line there is none
        lines = lines if lines[-1] else lines[:-1]
        segments += lines
        document += [number] * len(lines)
    rewards = reward([segment.removesuffix("\n") for segment in segments])
    return Scored(segments, rewards.astype(np.float32), np.array(document), reward)


def better_half(scored: Scored) -> np.ndarray:
    """Which documents filtering keeps, boolean (D,): those whose mean reward is above the median (Korbak et al. 2023, eq. 4).

    Where half of them or more share the best reward, nothing is above the median; then those are kept. InputError if that is all.
    """
    rewards = scored.document_rewards()
    keep = rewards > np.median(rewards)
    if not keep.any():
        keep = rewards == rewards.max()
    if keep.all():
        raise InputError(
            f"All {len(rewards):,} documents of the text have the same reward, and filtering would keep every one.",
            "Blank lines or form feeds part the documents of a text; choose another `reward`, or another `preference`.",
        )
    return keep


class Stream(NamedTuple):
    """Tokens in a row, and of each: the reward of its segment, and whether it is scored when it is a target."""

    ids: np.ndarray  # (N,) int32
    rewards: np.ndarray  # (N,) float32
    scored: np.ndarray  # (N,) boolean


class RewardedBatch(NamedTuple):
    """B windows of text, in which each target is the token after its input."""

    inputs: np.ndarray  # (B, T) int64
    rewards: np.ndarray  # (B, T) float32: of the segments that the targets belong to
    targets: np.ndarray  # (B, T) int64, IGNORE where nothing is scored


class PreferenceCorpus:
    """The segments' tokens, the first 90 % of the documents to train on and the last 10 % to validate on.

    Training batches are windows at random places, with `rewards` those of the targets as well. Validation batches are without rewards, and
    score only the tokens of segments that reach the threshold: how well a model knows good text is how capable it is, whatever it was
    taught to prefer.

    With `control` the token <|good|> or <|bad|> stands in front of every segment, by whether its reward reaches the threshold (Korbak et
    al. 2023, eq. 5); while training it is left out at random, of a share `drop` of the segments, so that the model can do without. No
    control token is ever scored (see `conditional`). With `filtered` only the better half of the training documents stays.
    """

    def __init__(
        self,
        scored: Scored,
        tokenizer: Tokenizer,
        context: int,
        *,
        threshold: float = 0.0,
        rewards: bool = False,
        control: bool = False,
        drop: float = 0.1,
        filtered: bool = False,
        seed: int = 0,
    ):
        count = scored.document[-1] + 1
        if count < 2:
            raise InputError(
                "The text is a single document, and one is needed to train on and another to validate on.",
                "Blank lines or form feeds part the documents of a text.",
            )
        trains = np.arange(count) < max(1, training_part(count))
        training, validation = scored.of_documents(trains), scored.of_documents(~trains)
        if not (validation.rewards >= threshold).any():
            raise InputError(
                f"None of the {len(validation.rewards):,} lines to validate on has a reward of {threshold:g} or more.",
                "Choose another `reward`, or more text.",
            )
        self.retained_share = 1.0  # the share of the training text that filtering leaves
        if filtered:
            whole, training = training, training.of_documents(better_half(training))
            self.retained_share = sum(map(len, training.segments)) / sum(map(len, whole.segments))
        self.training, self.threshold, self.reward = training, threshold, scored.reward
        drops = np.random.default_rng((seed, 1)).random(len(training.segments)) < drop
        self._train = _stream(training, tokenizer, threshold, ~drops if control else None)
        every = np.ones(len(validation.segments), bool)
        valid = _stream(validation, tokenizer, threshold, every if control else None)
        self._valid = valid._replace(scored=valid.scored & (valid.rewards >= threshold))
        self._with_rewards = rewards
        self.train, self.validation, self.context = self._train.ids, self._valid.ids, context
        check_lengths(self.train, self.validation, context)

    def batch(self, rng: np.random.Generator, size: int) -> CausalBatch | RewardedBatch:
        starts = rng.integers(len(self.train) - self.context, size=size)
        places = starts[:, None] + np.arange(self.context)
        inputs, targets = self.train[places].astype(np.int64), _targets(self._train, places + 1)
        if self._with_rewards:
            return RewardedBatch(inputs, self._train.rewards[places + 1], targets)
        return CausalBatch(inputs, targets)

    def validation_batches(self, size: int) -> Iterator[CausalBatch]:
        last = len(self.validation) - 1
        for start in range(0, last, size * self.context):
            stop = min(start + size * self.context, last)
            places = start + np.arange(-(-(stop - start) // self.context) * self.context).reshape(-1, self.context)
            inside = places < last
            places = np.minimum(places, last - 1)
            inputs, targets = self.validation[places].astype(np.int64), _targets(self._valid, places + 1)
            if ((targets != IGNORE) & inside).any():
                yield CausalBatch(np.where(inside, inputs, 0), np.where(inside, targets, IGNORE))

    def good_validation(self) -> np.ndarray:
        """The validation tokens that are scored."""
        return self.validation[self._valid.scored]


def _targets(stream: Stream, places: np.ndarray) -> np.ndarray:
    return np.where(stream.scored[places], stream.ids[places], IGNORE).astype(np.int64)


def _stream(scored: Scored, tokenizer: Tokenizer, threshold: float, controlled: np.ndarray | None) -> Stream:
    """The tokens of the segments; where controlled (S,) is True, each with its control token in front, which is not scored."""
    texts = [tokenizer.encode(segment) for segment in scored.segments]
    lengths = np.array([len(text) for text in texts])
    ids, rewards = np.concatenate(texts), np.repeat(scored.rewards, lengths)
    if controlled is None:
        return Stream(ids, rewards, np.ones(len(ids), bool))
    good, bad = (tokenizer.special_tokens[name] for name in (GOOD, BAD))
    first = (lengths.cumsum() - lengths)[controlled]
    tokens = np.where(scored.rewards >= threshold, good, bad)[controlled]
    return Stream(
        np.insert(ids, first, tokens).astype(np.int32),
        np.insert(rewards, first, scored.rewards[controlled]),
        np.insert(np.ones(len(ids), bool), first, False),
    )
