"""What a classifier is trained with where nothing is said."""

from minillm.errors import InputError
from minillm.finetuning.classification.methods import Method
from minillm.finetuning.defaults import completed
from minillm.models import ModelConfig
from minillm.training import TrainOptions

# small steps: at four times this learning rate, what was pretrained is soon lost
EVERYTHING = {"epochs": 8, "batch": 32, "lr": 2.5e-4, "dropout": 0.3}
LORA = {"epochs": 4, "batch": 32, "lr": 2e-3, "dropout": 0.1}
# What says how to train.
TRAINING = ({*TrainOptions.names()} | {"epochs", "dropout", "stop_at", "tensorboard"}) - {"seed"}


def settings_for(body: ModelConfig, method: Method, named: dict) -> dict:
    """The options of the training, and the pooling and dropout of the classifier. What is `named` wins; `texts` says how many there are
    to train on, and `epochs` may be among it: so many times as many texts are drawn.
    """
    usual = LORA if method.lora is not None else EVERYTHING
    return completed(usual | {"pooling": "mean"}, body, named)


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
