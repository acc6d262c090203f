"""What the tasks of `finetune` choose alike where nothing is said."""

import math

from minillm.errors import InputError
from minillm.models import ModelConfig
from minillm.training import TrainOptions
from minillm.training.schedules import default_warmup

WIDTH = 128  # the learning rates are for bodies of this width; wider ones take smaller steps
EVALUATIONS = 8
FEWEST = 100  # steps, where nothing says how many: few examples want long training (Mosbach et al. 2021, section 6)


def completed(usual: dict, body: ModelConfig, named: dict) -> dict:
    """What is usual for a body of width 128, what is named in its place, and what follows from both."""
    settings = usual | {"schedule": "linear", "lr_floor": 0.0}
    settings["lr"] *= WIDTH / body.d_model
    settings |= named
    settings.setdefault("steps", steps_of(settings, settings["texts"], named))
    settings.setdefault("warmup", default_warmup(settings["steps"]))
    settings.setdefault("eval_every", eval_every_of(settings))
    return settings


def steps_of(settings: dict, texts: int, named: dict) -> int:
    """How many updates draw so many texts `epochs` times; no fewer than FEWEST, unless `epochs` is among what is named."""
    if not 0 < settings["epochs"] <= 1e6:
        raise InputError(
            f"`epochs` must be above 0 and at most a million, got {settings['epochs']}.", "Try `epochs` 3."
        )
    together = max(1, settings["batch"] * settings.get("accumulate", 1))
    fewest = 1 if "epochs" in named else FEWEST
    return max(fewest, math.ceil(settings["epochs"] * texts / together))


def eval_every_of(settings: dict) -> int:
    """EVALUATIONS to a run; how many steps one has that ends by the clock, nobody knows: it is evaluated as often as any other."""
    if settings.get("minutes") is not None:
        return TrainOptions.eval_every
    return max(1, math.ceil(settings["steps"] / EVALUATIONS))
