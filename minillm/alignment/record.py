"""What a run of alignment remembers besides the options of training: the types that it must have, since its folder may be anybody's."""

import dataclasses
import math
from dataclasses import dataclass

from minillm.alignment.methods import METHODS, ON_POLICY, check_bounds
from minillm.errors import InputError
from minillm.models import check_fields
from minillm.preferences import Reward

TASK = "alignment"


@dataclass(frozen=True)
class Choices:
    """The method, what it learns from, and the options of its own: None for those that mean nothing to it."""

    objective: str
    method: str
    checkpoint: str  # the folder of the model that it began with
    prompts: str | None = None  # a text; None is what that model was pretrained on
    reward: str | None = None
    reward_sha256: str | None = None
    beta: float | None = None
    gamma: float | None = None
    label_smoothing: float | None = None
    group: int | None = None
    updates: int | None = None
    answer_tokens: int | None = None
    prompt_tokens: int | None = None
    kl_weight: float | None = None
    kl_budget: float | None = None  # None: there is none

    @classmethod
    def from_settings(
        cls, method: str, settings: dict, checkpoint: str, prompts: str | None = None, reward: Reward | None = None
    ) -> "Choices":
        """Of the settings that `settings_for` gives; JSON knows no infinity."""
        own = {name: None if settings[name] == math.inf else settings[name] for name in METHODS[method].own}
        if reward is not None:
            own |= {"prompts": prompts, "reward": reward.name, "reward_sha256": reward.sha256}
        return cls(TASK, method, checkpoint, **own)

    @classmethod
    def check(cls, record: dict) -> None:
        """Raise InputError unless a run can have remembered this."""
        check_fields(cls, record)
        check_bounds(record)
        needed = {*METHODS[record["method"]].own, *(("reward",) if record["method"] in ON_POLICY else ())} - {
            "kl_budget"
        }
        for name in sorted(needed):
            if record.get(name) is None:
                raise InputError(f"It does not say its {name}.", "Was it written by another version of minillm?")

    def to_dict(self) -> dict:
        """What is set: with the options of its method, and no others."""
        own = {"objective", "method", "checkpoint", *METHODS[self.method].own}
        if self.method in ON_POLICY:
            own |= {"prompts", "reward", "reward_sha256"}
        return {name: value for name, value in dataclasses.asdict(self).items() if name in own}
