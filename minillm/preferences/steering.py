"""Steer a GPT while it writes, without training it: control tokens, guidance, experts and rewards, put together into one scorer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
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
from minillm.preferences.samples import control_of
from minillm.text import Tokenizer
from minillm.text.control_tokens import CONTROL_TOKENS

CANDIDATES = 10
NOT_NEGATIVE = (lambda x: 0 <= x < float("inf"), "must be finite and 0 or more")
BOUNDS = {
    "guidance": (*NOT_NEGATIVE, "1 is the good control token alone."),
    "contrast": (*NOT_NEGATIVE, "1 is usual, 0 turns it off."),
    "reward_weight": (*NOT_NEGATIVE, "0 turns it off."),
    "best_of": (lambda x: x >= 1, "must be at least 1", "4 or 16 is usual."),
    "soft": (lambda x: 0 < x < float("inf"), "must be finite and above 0", "Leave it out for the best text."),
}
NEEDS = {  # what means nothing without another, and what to add
    "best_of": ("reward", "`reward` style"),
    "reward_weight": ("reward", "`reward` style"),
    "soft": ("best_of", "`best_of` 16"),
    "contrast": ("bad_expert", "`bad_expert` DIR"),
    "good_expert": ("bad_expert", "`bad_expert` DIR"),
}


def check_steering(settings: Mapping[str, object]) -> None:
    """Raise InputError for a setting of `Steering` or `best_of_n` that can't be, or that needs another; None is one that is not given."""
    for name, (fits, must, remedy) in BOUNDS.items():
        value = settings.get(name)
        if value is not None and not fits(value):
            raise InputError(f"`{name}` {must}, got {value}.", remedy)
    for name, (other, example) in NEEDS.items():
        if settings.get(name) is not None and settings.get(other) is None:
            raise InputError(f"`{name}` needs `{other}`.", f"Add {example}.")


@dataclass(frozen=True)
class Steering:
    """What steers a model; each may be left out. `guidance` is the weight of classifier-free guidance, between the two control tokens;
    `contrast` that of the experts, models of good and of bad text, by default 1; `reward_weight` that of the reward of each candidate's
    last line. InputError for values that can't be, alone or together.
    """

    model: GPT
    tokenizer: Tokenizer
    control: Control | None = None
    guidance: float | None = None
    good_expert: GPT | None = None  # the model itself, where there is only a bad one
    bad_expert: GPT | None = None
    contrast: float | None = None
    reward: Reward | None = None
    reward_weight: float | None = None
    candidates: int = CANDIDATES
    banned: Sequence[int] = ()  # tokens that are never written
    phrases: Sequence[str] = ()  # and texts

    def __post_init__(self):
        check_steering(vars(self))
        if self.guidance is not None and control_of(self.tokenizer) is None:
            raise InputError(
                "The model knows no control tokens.",
                "`guidance` reads with both: use a model that was pretrained with `preference` conditional.",
            )

    def scorer(self, batch: int) -> Scorer:
        """A scorer for so many texts at once."""
        scorer: Scorer = ModelScorer(self.model, batch, None)
        if self.guidance is not None:
            good, bad = (self.tokenizer.special_tokens[name] for name in CONTROL_TOKENS)
            scorer = ClassifierFreeGuidance(scorer, ModelScorer(self.model, batch, None), good, bad, self.guidance)
        if self.bad_expert is not None:
            good, bad = (ModelScorer(each, batch, None) for each in (self.good_expert or self.model, self.bad_expert))
            scorer = ExpertContrast(scorer, good, bad, 1.0 if self.contrast is None else self.contrast)
        if self.reward_weight is not None:
            banned = [*self._unknown(), *self.banned]
            scorer = RewardGuidance(scorer, self._reward_of_last_lines, self.reward_weight, self.candidates, banned)
        return scorer

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
    best_of: int,
    max_tokens: int,
    *,
    stops: Sequence[str] = (),
    soft: float | None = None,
    seed: int = 0,
    **settings,
) -> Best:
    """Write `best_of` continuations of a prompt (T,), and keep the one whose lines have the highest mean reward.

    With `soft` it is drawn, in proportion to exp(reward / soft). `settings` are those of `generate`; what they ban is banned besides.
    """
    check_steering({"best_of": best_of, "reward": steering.reward, "soft": soft})
    tokenizer, control = steering.tokenizer, steering.control
    prompts = np.tile(tokenizer.with_start_tokens(ids), (best_of, 1))
    rules = steering.rules()
    settings = rules | settings | {"banned": [*rules["banned"], *settings.get("banned", ())]}
    written = generate_batch(steering.scorer(best_of), prompts, max_tokens, control=control, seed=seed, **settings)
    texts = (continuation(tokenizer, ids, new, special=False) for new in written)
    texts = ["".join(until_stop([text], stops)) for text in texts]
    prompt = continuation(tokenizer, [], ids, special=False)
    rewards = mean_line_rewards(steering.reward, [prompt + text for text in texts])
    best = soft_best_of_n(rewards, soft or 0.0, np.random.default_rng(seed))
    return Best(texts[best], float(rewards[best]), rewards)


def mean_line_rewards(reward: Reward, texts: Sequence[str]) -> np.ndarray:
    """The mean reward of each text's lines, (N,)."""
    lines = [text.removesuffix("\n").split("\n") for text in texts]
    scores = np.split(reward([line for part in lines for line in part]), np.cumsum([len(part) for part in lines])[:-1])
    return np.array([part.mean() for part in scores])
