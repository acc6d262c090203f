"""The options of a training run, checked."""

import dataclasses
from dataclasses import dataclass

from minillm.errors import InputError
from minillm.gpu.cublas import PRECISIONS
from minillm.training.optimizers import OPTIMIZERS
from minillm.training.schedules import SCHEDULES

MOST_MINUTES = 60 * 24 * 366


@dataclass(frozen=True)
class TrainOptions:
    """How to train. Bad values raise InputError when the options are made."""

    steps: int = 2000
    minutes: float | None = None  # if given, the clock decides when training ends, and `steps` does not
    batch: int = 12  # sequences to one forward pass
    accumulate: int = 1  # forward passes to one update
    lr: float = 1e-3
    lr_floor: float = 0.1  # the last learning rate, as a share of lr
    warmup: int = 100
    schedule: str = "cosine"
    optimizer: str = "adamw"
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.1
    clip: float = 1.0  # longest gradient; 0 turns clipping off
    label_smoothing: float = 0.0
    eval_every: int = 250
    eval_batches: int | None = None  # None is the whole validation split
    log_every: int = 10
    workers: int = 1  # the sequences of a pass are shared out among them
    seed: int = 0
    matmul_precision: str = "highest"  # of matrix products on a GPU: "high" is TF32, "medium" bfloat16

    def __post_init__(self):
        whole = {
            "steps": 1,
            "batch": 1,
            "accumulate": 1,
            "warmup": 0,
            "eval_every": 1,
            "log_every": 1,
            "workers": 1,
            "seed": 0,
        }
        for name, least in whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InputError(
                    f"`{name}` must be a whole number of at least {least}, got {value!r}.", f"Give another `{name}`."
                )
        if self.workers > self.batch:
            raise InputError(
                f"{self.workers} workers cannot share a batch of {self.batch}.", "Give at most one worker a sequence."
            )
        if self.eval_batches is not None and self.eval_batches < 1:
            raise InputError(
                f"`eval_batches` must be at least 1, got {self.eval_batches}.", "Leave it out for the whole split."
            )
        if self.minutes is not None and not 0 < self.minutes <= MOST_MINUTES:
            raise InputError(
                f"`minutes` must be above 0 and at most {MOST_MINUTES:,}, got {self.minutes}.",
                "Give a time, such as `minutes` 3.",
            )
        if not 0 < self.lr < float("inf"):
            raise InputError(f"The learning rate must be finite and above 0, got {self.lr}.", "1e-3 is a good start.")
        if not 0 <= self.lr_floor <= 1:
            raise InputError(
                f"`lr_floor` must lie in [0, 1], got {self.lr_floor}.", "It is a share of the learning rate."
            )
        for name in ("weight_decay", "clip"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(
                    f"`{name}` must be finite and at least 0, got {getattr(self, name)}.", "0 turns it off."
                )
        for name in ("beta1", "beta2", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"`{name}` must lie in [0, 1), got {getattr(self, name)}.", f"Give another `{name}`.")
        if self.schedule not in SCHEDULES:
            raise InputError(f"There is no schedule {self.schedule!r}.", f"Choose one of {', '.join(SCHEDULES)}.")

        if self.matmul_precision not in PRECISIONS:
            raise InputError(
                f"There is no `matmul_precision` {self.matmul_precision!r}.",
                f"Choose one of {', '.join(PRECISIONS)}.",
            )
        if self.optimizer not in OPTIMIZERS:
            raise InputError(f"There is no optimizer {self.optimizer!r}.", f"Choose one of {', '.join(OPTIMIZERS)}.")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in dataclasses.fields(cls))

    @classmethod
    def from_settings(cls, settings: dict) -> "TrainOptions":
        """Those of the settings that are options of a training run."""
        return cls(**{name: settings[name] for name in cls.names() if name in settings})

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)
