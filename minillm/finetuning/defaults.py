"""What `finetune` chooses where nothing is said."""

import math

from minillm.errors import InputError
from minillm.finetuning.methods import Method
from minillm.models import ModelConfig
from minillm.training import TrainOptions
from minillm.training.schedules import default_warmup

WIDTH = 128  # the learning rates are for bodies of this width; wider ones take smaller steps
# small steps: at four times this learning rate, what was pretrained is soon lost
EVERYTHING = {"epochs": 8, "batch": 32, "lr": 2.5e-4, "dropout": 0.3}
LORA = {"epochs": 4, "batch": 32, "lr": 2e-3, "dropout": 0.1}
ANSWERING = {"epochs": 4, "batch": 32, "lr": 2.5e-4, "dropout": 0.1}
EVALUATIONS = 8
TRAINING = ({*TrainOptions.names()} | {"epochs", "dropout", "stop_at"}) - {"seed"}  # what says how to train


def settings_for(body: ModelConfig, method: Method, named: dict) -> dict:
    """The options of the training, and the pooling and dropout of the classifier. What is `named` wins; `texts` says how many there are
    to train on, and `epochs` may be among it: so many times as many texts are drawn.
    """
    usual = LORA if method.lora is not None else EVERYTHING
    return completed(usual | {"pooling": "mean"}, body, named)


def settings_for_questions(body: ModelConfig, named: dict) -> dict:
    """The same of a question answerer, whose `texts` are windows."""
    return completed(ANSWERING, body, named)


def completed(usual: dict, body: ModelConfig, named: dict) -> dict:
    """What is usual for a body of width 128, what is named in its place, and what follows from both."""
    settings = usual | {"schedule": "linear", "lr_floor": 0.0}
    settings["lr"] *= WIDTH / body.d_model
    settings |= named
    settings.setdefault("steps", steps_of(settings, settings["texts"]))
    settings.setdefault("warmup", default_warmup(settings["steps"]))
    settings.setdefault("eval_every", max(1, math.ceil(settings["steps"] / EVALUATIONS)))
    return settings


def steps_of(settings: dict, texts: int) -> int:
    """How many updates draw so many texts `epochs` times."""
    if not 0 < settings["epochs"] <= 1e6:
        raise InputError(
            f"`epochs` must be above 0 and at most a million, got {settings['epochs']}.", "Try `epochs` 3."
        )
    together = max(1, settings["batch"] * settings.get("accumulate", 1))
    return max(1, math.ceil(settings["epochs"] * texts / together))


def check_settings(method: Method, named: dict) -> None:
    """InputError for a setting of the training where the last layer alone is fitted, and for a `layer` where more learns."""
    if method.freeze != "body":
        if named.get("layer") is not None:
            raise InputError(
                "`layer` is for a frozen body: what trains reads the last layer.", "Give `freeze` body too."
            )
        return
    if given := sorted(TRAINING & named.keys()):
        raise InputError(
            f"`{given[0]}` is for training, and with `freeze` body nothing trains: the last layer is fitted in one go.",
            f"Leave `{given[0]}` out.",
        )
