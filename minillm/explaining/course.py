"""The course of a run: what its log says, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEW = 5  # logged losses whose mean is taken: one alone is that of a single batch


@dataclass(frozen=True)
class Course:
    """The logged steps (N,) with their losses, rates and gradients' lengths, and the evaluations (M,). NaN for what a line lacks."""

    steps: np.ndarray
    losses: np.ndarray
    rates: np.ndarray
    norms: np.ndarray
    evaluated: np.ndarray
    validation: np.ndarray
    alike: np.ndarray  # (N,): the share of the groups of answers without spread, of a policy only
    rewards: np.ndarray  # (N,)
    diverged: dict | None  # the line that says so

    @classmethod
    def from_log(cls, log: Sequence[dict]) -> "Course":
        logged, evaluated = [row for row in log if "loss" in row], [row for row in log if "validation" in row]
        return cls(
            steps=column(logged, "step"),
            losses=column(logged, "loss"),
            rates=column(logged, "lr"),
            norms=column(logged, "grad_norm"),
            evaluated=column(evaluated, "step"),
            validation=column(evaluated, "validation"),
            alike=column(logged, "frac_reward_zero_std"),
            rewards=column(logged, "reward"),
            diverged=next((row for row in log if isinstance(row.get("diverged"), str)), None),
        )

    @property
    def first(self) -> float:
        """The loss before anything was learned: that of the first evaluation, or else of the first step."""
        return float(self.validation[0] if len(self.validation) else self.losses[0])

    @property
    def final(self) -> float:
        """The training loss at the end; NaN if none was logged."""
        return float(self.losses[-FEW:].mean()) if len(self.losses) else np.nan

    @property
    def smooth(self) -> np.ndarray:
        """Running means of FEW training losses."""
        few = min(FEW, len(self.losses))
        return np.convolve(self.losses, np.full(few, 1 / few), "valid")

    @property
    def best_validation(self) -> float:
        return float(self.validation.min())

    def path(self) -> float:
        """Σ lr: how far AdamW can have moved a weight, since a step moves it by about lr at most (Kingma & Ba 2015, section 2.1)."""
        before = np.concatenate([[0], self.steps[:-1]])
        return float(((self.steps - before) * self.rates).sum())

    def has(self, logged: int = FEW, evaluations: int = 0) -> bool:
        """Whether there are so many lines, so that a rule has something to go by."""
        return len(self.losses) >= logged and len(self.validation) >= evaluations


def column(rows: Sequence[dict], name: str) -> np.ndarray:
    """The log may be anybody's: what is no number is NaN."""
    values = (row.get(name) for row in rows)
    return np.array([v if type(v) in (int, float) and abs(v) < 1e300 else np.nan for v in values], np.float64)
