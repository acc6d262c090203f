"""Steer a GPT while it writes, without training it: control tokens, guidance, experts and rewards, put together into one scorer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minillm.generation import (
    ClassifierFreeGuidance,
    Control,
    ExpertContrast,
    ModelScorer,
    PhraseBan,
    RewardGuidance,
    Scorer,
    continuation,
    generate_batch,
    soft_best_of_n,
    until_stop,
)
from minillm.models import GPT
from minillm.preferences.rewards import Reward
from minillm.text import Tokenizer
from minillm.text.control import CONTROL_TOKENS

CANDIDATES = 10


@dataclass(frozen=True)
class Steering:
    """What steers a model; each may be left out. `guidance` is the weight of classifier-free guidance, between the two control tokens;
    `contrast` that of the experts, models of good and of bad text; `reward_weight` that of the reward of each candidate's last line.
    """

    model: GPT
    tokenizer: Tokenizer
    control: Control | None = None
    guidance: float | None = None
    good_expert: GPT | None = None  # the model itself, where there is only a bad one
    bad_expert: GPT | None = None
    contrast: float = 1.0
    reward: Reward | None = None
    reward_weight: float | None = None
    candidates: int = CANDIDATES
    banned: Sequence[int] = ()  # tokens that are never written
    phrases: Sequence[str] = ()  # and texts

    def scorer(self, batch: int) -> Scorer:
        """A scorer for so many texts at once."""
        made: Scorer = ModelScorer(self.model, batch, None)
        if self.guidance is not None:
            good, bad = (self.tokenizer.special_tokens[name] for name in CONTROL_TOKENS)
            made = ClassifierFreeGuidance(made, ModelScorer(self.model, batch, None), good, bad, self.guidance)
        if self.bad_expert is not None:
            good, bad = (ModelScorer(each, batch, None) for each in (self.good_expert or self.model, self.bad_expert))
            made = ExpertContrast(made, good, bad, self.contrast)
        if self.reward_weight is not None:
            banned = [*self._unknown(), *self.banned]
            made = RewardGuidance(made, self._reward_of_last_lines, self.reward_weight, self.candidates, banned)
        return made

    def readers(self) -> list[GPT]:
        """The models that read along, each as often as it does: every one keeps keys and values of its own."""
        read = [self.model] if self.guidance is None else [self.model, self.model]
        return read if self.bad_expert is None else [*read, self.good_expert or self.model, self.bad_expert]

    def rules(self) -> dict:
        """What `generate` needs besides the scorer."""
        banned = [*self._unknown(), *self.banned]
        return {"banned": banned} | ({"phrases": PhraseBan(self.phrases, self.tokenizer)} if self.phrases else {})

    def _unknown(self) -> range:
        """The ids that the tokenizer doesn't know: a vocabulary may be padded."""
        return range(self.tokenizer.vocab_size, self.model.config.vocab_size)

    def _reward_of_last_lines(self, texts: list[np.ndarray]) -> np.ndarray:
        """The reward of the line that each text ends in, finished or not."""
        ends = (self.tokenizer.decode(ids, special=False).removesuffix("\n") for ids in texts)
        return self.reward([end[end.rfind("\n") + 1 :] for end in ends])


class Best(NamedTuple):
    """One of several texts, chosen by their rewards (N,)."""

    text: str
    reward: float
    rewards: np.ndarray


def best_of_n(
    steering: Steering,
    ids: np.ndarray,
    count: int,
    max_tokens: int,
    *,
    stops: Sequence[str] = (),
    temperature_of_choice: float = 0.0,
    seed: int = 0,
    **settings,
) -> Best:
    """Write `count` continuations of a prompt (T,), and keep the one whose lines have the highest mean reward.

    With a temperature of the choice above 0 it is drawn, in proportion to exp(reward / temperature). `settings` are those of `generate`.
    """
    tokenizer, control = steering.tokenizer, steering.control
    prompts = np.tile(ids, (count, 1))
    settings = steering.rules() | settings
    written = generate_batch(steering.scorer(count), prompts, max_tokens, control=control, seed=seed, **settings)
    texts = (continuation(tokenizer, ids, new, special=False) for new in written)
    texts = ["".join(until_stop([text], stops)) for text in texts]
    prompt = continuation(tokenizer, [], ids, special=False)
    rewards = mean_line_rewards(steering.reward, [prompt + text for text in texts])
    chosen = soft_best_of_n(rewards, temperature_of_choice, np.random.default_rng(seed))
    return Best(texts[chosen], float(rewards[chosen]), rewards)


def mean_line_rewards(reward: Reward, texts: Sequence[str]) -> np.ndarray:
    """The mean reward of each text's lines, (N,)."""
    lines = [text.removesuffix("\n").split("\n") for text in texts]
    scores = np.split(reward([line for part in lines for line in part]), np.cumsum([len(part) for part in lines])[:-1])
    return np.array([part.mean() for part in scores])
